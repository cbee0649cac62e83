// What a client sees that loads the original library's proto at run time. Called with a law, an address, and the folder of the proto.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const [law, address, protos] = process.argv.slice(2);

// Nest hands its option `loader` to proto-loader as it is: nothing by default, and often these.
const LOADERS = [{}, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true }];

/** A client whose methods are promises. */
const client = (loader) => {
  const { cron } = grpc.loadPackageDefinition(protoLoader.loadSync(join(protos, 'inventory.proto'), loader));
  const service = new cron.InventoryService(address, grpc.credentials.createInsecure());
  const call = (method) => (request) =>
    new Promise((resolve, reject) => {
      const done = (error, answer) => (error ? reject(error) : resolve(answer[loader.keepCase ? 'cron_config' : 'cronConfig']));
      service[method](request, { deadline: Date.now() + 30_000 }, done);
    });
  return { create: call('createCronConfig'), update: call('updateCronConfig'), close: () => service.close() };
};

const laws = {
  async what_was_created_is_answered({ create }, name) {
    const config = await create({ name, enabled: true, context: '{"distributed": true, "ttl": 20, "batch": 10}' });
    assert.ok(config.id > 0);
    assert.deepEqual({ ...config }, { id: config.id, name, enabled: true, context: '{"distributed":true,"ttl":20,"batch":10}' });
  },

  async an_update_changes_what_it_names({ create, update }, name) {
    const { id } = await create({ name, context: '{"shop": 7}' });
    assert.deepEqual({ ...(await update({ id, enabled: true })) }, { id, name, enabled: true, context: '{"shop":7}' });
  },

  // Unlike most, this client sends what it is given, also a false that proto3 calls a default: where the server's field is optional, it counts.
  async false_is_said_and_counts({ create, update }, name) {
    const { id } = await create({ name, enabled: true });
    assert.equal((await update({ id, enabled: false })).enabled, false);
  },

  async an_unknown_id_is_not_found({ update }) {
    await assert.rejects(update({ id: 999, enabled: true }), { code: grpc.status.NOT_FOUND });
  },

  async a_name_that_is_taken_already_exists({ create }, name) {
    await create({ name });
    await assert.rejects(create({ name }), { code: grpc.status.ALREADY_EXISTS });
  },

  async a_wrong_context_is_an_invalid_argument_with_its_field({ create }, name) {
    const error = await create({ name, context: '{"ttl": 0}' }).catch((error) => error);
    assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
    assert.match(error.details, /^context/);
    // google.rpc.Status, in which the name of the field stands as text.
    const [status] = error.metadata.get('grpc-status-details-bin');
    assert.match(status.toString(), /google\.rpc\.BadRequest[^]*context/);
  },
};

for (const [at, loader] of LOADERS.entries()) {
  const service = client(loader);
  await laws[law](service, `job-${at}`);
  service.close();
}
console.log('holds');
