-- Takes the lock, and the tick with it, or neither. 1: taken; 0: somebody else holds the lock; -1: the tick was taken.
-- KEYS: the lock; the tick, if there is one.
-- ARGV: the value; what values of this store and config begin with; fence; ttl (ms); store; when the tick was due (us); how long to remember it (ms).
local value, kin, fence, ttl, store, due, remember = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]

-- Whole numbers as texts: Lua's own are floating-point.
local function less(a, b)
  local below = a:sub(1, 1) == '-'
  if below ~= (b:sub(1, 1) == '-') then return below end
  if below then a, b = b, a end
  if #a ~= #b then return #a < #b end
  return a < b
end

if KEYS[2] then
  local taken = redis.call('GET', KEYS[2])
  if taken then
    local last, by = taken:match('^(%-?%d+):(%x+)$')
    if not last then return redis.error_reply('ERR the key of the tick holds what is not a tick') end
    if less(due, last) or (due == last and by ~= store) then return -1 end
  end
end

-- What is no text is somebody else's, too. One's own value is there when the answer was lost the first time.
local held = redis.pcall('GET', KEYS[1])
if held and held ~= value then
  if type(held) ~= 'string' or held:sub(1, #kin) ~= kin then return 0 end
  local other = held:match('^(%-?%d+):%x+$', #kin + 1)
  if not other or less(fence, other) then return 0 end
end

redis.call('SET', KEYS[1], value, 'PX', ttl)
if KEYS[2] then redis.call('SET', KEYS[2], due .. ':' .. store, 'PX', remember) end
return 1
