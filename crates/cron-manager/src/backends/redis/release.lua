-- Removes the lock if it holds the value. 1: done; 0: it does not.
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
