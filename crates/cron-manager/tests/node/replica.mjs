// A replica of a Node service: each second, for a while, it calls handleJob of nest-cron-manager for its jobs, as `@Cron` does.
// Only the database is a stand-in; the lock is the package's own, on a real Redis.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { CronManager } from 'nest-cron-manager';

// { replica, redisUrl, journal, from, to: seconds since 1970, jobs: [{ name, takes: ms }], skew: { base, step, span: ms } }
const told = JSON.parse(process.argv[2]);

const tables = {
  control: [{ enabled: true, replicaIds: [told.replica], staleReplicas: [], logLevel: 'warn', cmcv: '1' }],
  configs: told.jobs.map(({ name }, at) => ({
    id: at + 1, name, jobType: 'inline', enabled: true, context: JSON.stringify({ distributed: true, ttl: 20 }),
  })),
  jobs: [],
};

/** As much of a TypeORM repository as the package calls. */
const repository = (rows) => ({
  metadata: { connection: {} },
  create: (row) => ({ ...row }),
  save: async (row) => row,
  find: async () => rows,
  findOne: async ({ where }) => rows.find((row) => Object.keys(where).every((key) => row[key] === where[key])),
  update: async () => ({ affected: 1 }),
});

const redis = new Redis(told.redisUrl);
const quiet = { log() {}, debug() {}, warn() {}, error: console.error };
const manager = new CronManager({
  replicaId: told.replica,
  enabled: true,
  logger: quiet,
  orm: 'typeorm',
  querySecret: 'not used',
  cronManagerControlRepository: repository(tables.control),
  cronConfigRepository: repository(tables.configs),
  cronJobRepository: repository(tables.jobs),
  redisService: { getClient: () => redis },
});
manager.onModuleInit();
await redis.ping();

const write = (line) => appendFileSync(told.journal, `${JSON.stringify({ replica: told.replica, ...line, at: Date.now() })}\n`);

const call = ({ name, takes }, tick) =>
  manager.handleJob(name, async () => {
    write({ job: name, tick, what: 'start' });
    await sleep(takes);
    write({ job: name, tick, what: 'end' });
  });

const calls = [];
const { base, step, span } = told.skew;
for (let tick = told.from; tick < told.to; tick += 1) {
  const due = tick * 1000 + base + ((tick * step) % span);
  await sleep(Math.max(0, due - Date.now()));
  calls.push(...told.jobs.map((job) => call(job, tick)));
}
await Promise.all(calls);
await redis.quit();
process.exit(0);
