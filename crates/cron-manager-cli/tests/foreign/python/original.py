"""What a client sees that was generated from the original library's proto. Called with the name of a law and an address."""

import sys

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

import inventory_pb2 as inventory
import inventory_pb2_grpc


def create(stub, **fields):
    return stub.CreateCronConfig(inventory.CreateCronConfigRequest(**fields), timeout=30).cron_config


def update(stub, **fields):
    return stub.UpdateCronConfig(inventory.UpdateCronConfigRequest(**fields), timeout=30).cron_config


def refused(call, stub, **fields):
    try:
        answer = call(stub, **fields)
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"it was let through: {answer}")


def what_was_created_is_answered(stub):
    config = create(stub, name="doSomething", enabled=True, context='{"distributed": true, "ttl": 20, "batch": 10}')
    assert config.id > 0
    assert (config.name, config.enabled) == ("doSomething", True)
    assert config.context == '{"distributed":true,"ttl":20,"batch":10}', config.context


def a_new_config_is_off_unless_it_says_otherwise(stub):
    config = create(stub, name="j")
    assert (config.enabled, config.context) == (False, "{}")


def an_update_changes_what_it_names(stub):
    config = create(stub, name="j", context='{"shop": 7}')
    changed = update(stub, id=config.id, enabled=True)
    assert (changed.id, changed.name, changed.enabled, changed.context) == (config.id, "j", True, '{"shop":7}')
    changed = update(stub, id=config.id, name="k", context='{"shop": 8}')
    assert (changed.name, changed.enabled, changed.context) == ("k", True, '{"shop":8}')


def false_is_not_said_and_so_changes_nothing(stub):
    # The original's proto has no `optional`: a client leaves `enabled=False` off the wire, so nobody can tell it from silence.
    said = inventory.UpdateCronConfigRequest(id=1, enabled=False).SerializeToString()
    assert said == inventory.UpdateCronConfigRequest(id=1).SerializeToString()
    config = create(stub, name="j", enabled=True)
    changed = update(stub, id=config.id, enabled=False, context='{"shop": 7}')
    assert (changed.enabled, changed.context) == (True, '{"shop":7}')


def an_unknown_id_is_not_found(stub):
    error = refused(update, stub, id=999, enabled=True)
    assert error.code() == grpc.StatusCode.NOT_FOUND, error
    assert "999" in error.details()


def a_missing_id_is_refused(stub):
    error = refused(update, stub, enabled=True)
    assert (error.code(), fields_of(error)) == (grpc.StatusCode.INVALID_ARGUMENT, ["id"])


def a_name_that_is_taken_already_exists(stub):
    create(stub, name="j")
    error = refused(create, stub, name="j")
    assert error.code() == grpc.StatusCode.ALREADY_EXISTS, error


def a_wrong_context_is_an_invalid_argument_with_its_field(stub):
    for context in ["[1]", "no JSON", '{"ttl": "x"}', '{"ttl": 0}']:
        error = refused(create, stub, name="j", context=context)
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        (field,) = fields_of(error)
        assert field.split(".")[0] == "context", field


def fields_of(error):
    """The fields that the details of an error name."""
    (detail,) = rpc_status.from_call(error).details
    bad_request = error_details_pb2.BadRequest()
    assert detail.Unpack(bad_request)
    assert all(violation.description for violation in bad_request.field_violations)
    return [violation.field for violation in bad_request.field_violations]


if __name__ == "__main__":
    law, address = sys.argv[1:]
    with grpc.insecure_channel(address) as channel:
        globals()[law](inventory_pb2_grpc.InventoryServiceStub(channel))
