// What a page of the web sees by gRPC-Web. Called with a law, an address, and the descriptors of our proto.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code, createClient } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';

const [law, address, descriptors] = process.argv.slice(2);
const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
const transport = createGrpcWebTransport({ baseUrl: `http://${address}`, defaultTimeoutMs: 30_000 });
const client = createClient(files.getService('cron.CronManager'), transport);

const laws = {
  async asks_and_watches() {
    assert.equal((await client.getCronConfig({ id: 1 })).name, 'greet');
    await assert.rejects(client.getCronConfig({ id: 999 }), { code: Code.NotFound });
    const run = await client.triggerCronConfig({ id: 1 });
    const states = [];
    for await (const { update } of client.followCronJob({ id: run.id })) {
      if (update.case === 'cronJob') states.push(update.value.state);
    }
    assert.equal(states.at(-1), 'succeeded');
  },
};

await laws[law]();
console.log('holds');
