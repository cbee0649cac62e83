"""What a client of our own proto sees over TLS. Called with a law, an address, the certificate to trust, and the token."""

import sys

import grpc

from cron import cron_pb2 as cron
from cron import cron_pb2_grpc


def the_token_counts(address, trusted, token):
    def ask(credentials):
        with grpc.secure_channel(address, credentials) as channel:
            request = cron.GetCronConfigRequest(id=1)
            return cron_pb2_grpc.CronManagerStub(channel).GetCronConfig(request, timeout=30).name

    def with_token(token):
        return grpc.composite_channel_credentials(trusted, grpc.access_token_call_credentials(token))

    assert ask(with_token(token)) == "greet"
    for credentials in [trusted, with_token("wrong-horse-battery-staple")]:
        try:
            ask(credentials)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAUTHENTICATED, error
        else:
            raise AssertionError("it was let in")


if __name__ == "__main__":
    law, address, certificate, token = sys.argv[1:]
    with open(certificate, "rb") as file:
        trusted = grpc.ssl_channel_credentials(file.read())
    globals()[law](address, trusted, token)
