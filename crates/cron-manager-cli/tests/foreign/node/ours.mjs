// What a client sees that loads our own proto at run time. Called with a law, an address, and the folder of the proto.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const [law, address, protos] = process.argv.slice(2);
const definition = protoLoader.loadSync('cron/cron.proto', { includeDirs: [protos], longs: String, oneofs: true });
const { cron } = grpc.loadPackageDefinition(definition);
const service = new cron.CronManager(address, grpc.credentials.createInsecure());
const deadline = () => ({ deadline: Date.now() + 30_000 });

const call = (method, request) =>
  new Promise((resolve, reject) => {
    service[method](request, deadline(), (error, answer) => (error ? reject(error) : resolve(answer)));
  });

const headers = (stream) => new Promise((resolve) => stream.once('metadata', resolve));

/** The code that a stream ends with. */
const code = async (stream) => {
  try {
    for await (const _ of stream);
    return grpc.status.OK;
  } catch (error) {
    return error.code;
  }
};

const laws = {
  async a_triggered_run_is_watched_to_its_end() {
    const events = service.watchCronJobs({}, deadline());
    await headers(events);
    const run = await call('triggerCronConfig', { id: 1 });
    for await (const { ended } of events) {
      if (ended) {
        assert.deepEqual([ended.id, ended.state], [run.id, 'succeeded']);
        events.cancel();
        break;
      }
    }
    assert.equal((await call('getCronJobLog', { id: run.id })).log, 'hello\nworld\n');
  },

  async a_deadline_ends_a_stream() {
    assert.equal(await code(service.watchCronJobs({}, { deadline: Date.now() + 200 })), grpc.status.DEADLINE_EXCEEDED);
  },

  async a_stream_that_is_cancelled_ends() {
    const events = service.watchCronJobs({}, deadline());
    await headers(events);
    events.cancel();
    assert.equal(await code(events), grpc.status.CANCELLED);
    // The connection goes on.
    assert.equal((await call('getCronConfig', { id: 1 })).name, 'greet');
  },

  async a_body_that_is_too_large_is_refused_over_http2() {
    const session = http2.connect(`http://${address}`);
    const stream = session.request({ ':method': 'POST', ':path': '/v1/cron-config', 'content-type': 'application/json' });
    const status = new Promise((resolve, reject) => {
      stream.on('response', (head) => resolve(head[':status']));
      stream.on('error', reject);
    });
    stream.end(Buffer.alloc(2 << 20, ' '));
    assert.equal(await status, 413);
    session.destroy();
  },
};

await laws[law]();
service.close();
console.log('holds');
