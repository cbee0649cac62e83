"""What a client sees that was generated from our own proto. Called with the name of a law and an address."""

import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from cron import cron_pb2 as cron
from cron import cron_pb2_grpc

# As long as anything may take.
DEADLINE = 30
# The job that says two lines and ends, and the one that waits, by their ids.
GREET, WAIT = 1, 2
TERMINAL = {"succeeded", "failed", "timed_out", "cancelled", "abandoned"}


def create(stub, **fields):
    request = cron.CreateCronConfigRequest(cron_config=cron.CronConfig(**fields))
    return stub.CreateCronConfig(request, timeout=DEADLINE).cron_config


def update(stub, **fields):
    return stub.UpdateCronConfig(cron.UpdateCronConfigRequest(**fields), timeout=DEADLINE).cron_config


def a_config_is_found_in_the_list_page_by_page(stub):
    names, token = [], ""
    for name in ["a", "b"]:
        create(stub, name=name)
    while True:
        page = stub.ListCronConfigs(cron.ListCronConfigsRequest(page_size=1, page_token=token), timeout=DEADLINE)
        names += [config.name for config in page.cron_configs]
        token = page.next_page_token
        if not token:
            break
    assert names == ["greet", "wait", "a", "b"], names


def what_is_present_is_changed_even_to_false(stub):
    config = create(stub, name="j", enabled=True, context='{"shop": 7}')
    changed = update(stub, id=config.id, enabled=False)
    assert (changed.enabled, changed.context) == (False, '{"shop":7}')
    changed = update(stub, id=config.id, cron_config=cron.CronConfig(enabled=True))
    assert (changed.enabled, changed.name) == (True, "j")


def a_field_of_the_mask_that_is_absent_is_cleared(stub):
    config = create(stub, name="j", cron_expression="0 4 * * *", timezone="Europe/Berlin", context='{"shop": 7}')
    assert config.description
    changed = update(stub, id=config.id, cron_config=cron.CronConfig(), update_mask=FieldMask(paths=["context"]))
    assert (changed.context, changed.cron_expression) == ("{}", "0 4 * * *")


def an_old_etag_is_aborted(stub):
    config = create(stub, name="j")
    changed = update(stub, id=config.id, cron_config=cron.CronConfig(enabled=True, etag=config.etag))
    assert changed.etag != config.etag
    try:
        update(stub, id=config.id, cron_config=cron.CronConfig(enabled=False, etag=config.etag))
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.ABORTED, error
    else:
        raise AssertionError("an old etag was let through")


def trigger(stub, job):
    return stub.TriggerCronConfig(cron.TriggerCronConfigRequest(id=job), timeout=DEADLINE)


def a_triggered_run_is_watched_to_its_end(stub):
    events = stub.WatchCronJobs(cron.WatchCronJobsRequest(), timeout=DEADLINE)
    # The server listens to what happens from here on.
    events.initial_metadata()
    run = trigger(stub, GREET)
    assert (run.config_id, run.name, run.kind) == (GREET, "greet", "manual")
    ended = next(event.ended for event in events if event.WhichOneof("event") == "ended")
    events.cancel()
    assert (ended.id, ended.state) == (run.id, "succeeded")
    assert ended.completed_at.ToDatetime() >= ended.started_at.ToDatetime()
    assert stub.GetCronJob(cron.GetCronJobRequest(id=run.id), timeout=DEADLINE) == ended
    assert stub.GetCronJobLog(cron.GetCronJobLogRequest(id=run.id), timeout=DEADLINE).log == "hello\nworld\n"
    listed = stub.ListCronJobs(cron.ListCronJobsRequest(config_id=GREET, state="succeeded"), timeout=DEADLINE)
    assert list(listed.cron_jobs) == [ended]


def a_run_is_followed_with_its_log_to_its_end(stub):
    run = trigger(stub, GREET)
    log, states = "", []
    for update in stub.FollowCronJob(cron.FollowCronJobRequest(id=run.id), timeout=DEADLINE):
        if update.WhichOneof("update") == "log":
            assert update.log.start == len(log)
            log += update.log.text
        elif update.WhichOneof("update") == "cron_job":
            states.append(update.cron_job.state)
    assert log == "hello\nworld\n", log
    assert states[-1] == "succeeded" and not TERMINAL & set(states[:-1]), states


def a_stream_that_is_cancelled_ends(stub):
    run = trigger(stub, WAIT)
    updates = stub.FollowCronJob(cron.FollowCronJobRequest(id=run.id), timeout=DEADLINE)
    assert next(updates).cron_job.id == run.id
    updates.cancel()
    try:
        for _ in updates:
            pass
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.CANCELLED, error
    # The connection goes on.
    assert stub.GetCronJob(cron.GetCronJobRequest(id=run.id), timeout=DEADLINE).id == run.id


def a_deadline_ends_a_stream(stub):
    try:
        for _ in stub.WatchCronJobs(cron.WatchCronJobsRequest(), timeout=0.2):
            pass
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
    else:
        raise AssertionError("the stream ended by itself")


def reflection_is_enough_to_call_without_a_proto(stub):
    database = ProtoReflectionDescriptorDatabase(stub.channel)
    services = set(database.get_services())
    assert {"cron.CronManager", "cron.InventoryService", "grpc.health.v1.Health"} <= services, services
    pool = DescriptorPool(database)
    method = pool.FindServiceByName("cron.CronManager").FindMethodByName("GetCronConfig")
    request, answer = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    call = stub.channel.unary_unary(
        "/cron.CronManager/GetCronConfig", request.SerializeToString, answer.FromString
    )
    assert MessageToDict(call(request(id=GREET), timeout=DEADLINE))["name"] == "greet"
    theirs = pool.FindServiceByName("cron.InventoryService")
    assert [method.name for method in theirs.methods] == ["CreateCronConfig", "UpdateCronConfig"]


def health_is_serving(stub):
    health = health_pb2_grpc.HealthStub(stub.channel)
    for service in ["", "cron.CronManager"]:
        status = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=DEADLINE).status
        assert status == health_pb2.HealthCheckResponse.SERVING, service
    try:
        health.Check(health_pb2.HealthCheckRequest(service="nope"), timeout=DEADLINE)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND, error
    else:
        raise AssertionError("an unknown service is healthy")
    changes = health.Watch(health_pb2.HealthCheckRequest(), timeout=DEADLINE)
    assert next(changes).status == health_pb2.HealthCheckResponse.SERVING
    changes.cancel()


if __name__ == "__main__":
    law, address = sys.argv[1:]
    with grpc.insecure_channel(address) as channel:
        stub = cron_pb2_grpc.CronManagerStub(channel)
        stub.channel = channel
        globals()[law](stub)
