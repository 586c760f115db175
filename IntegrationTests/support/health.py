"""grpc.health.v1 without its generated code, which would be one more package: two fields, three methods."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


def _messages():
    file = descriptor_pb2.FileDescriptorProto(name="apus_test_health.proto", package="grpc.health.v1", syntax="proto3")
    request = file.message_type.add(name="HealthCheckRequest")
    request.field.add(name="service", number=1, label=1, type=9)
    response = file.message_type.add(name="HealthCheckResponse")
    status = response.enum_type.add(name="ServingStatus")
    for number, name in enumerate(["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]):
        status.value.add(name=name, number=number)
    response.field.add(
        name="status", number=1, label=1, type=14, type_name=".grpc.health.v1.HealthCheckResponse.ServingStatus"
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"grpc.health.v1.{name}"))
        for name in ["HealthCheckRequest", "HealthCheckResponse"]
    )


HealthCheckRequest, HealthCheckResponse = _messages()
UNKNOWN, SERVING, NOT_SERVING, SERVICE_UNKNOWN = range(4)


class Health:
    """Client of the health service on a channel."""

    def __init__(self, channel):
        self._check = channel.unary_unary(
            "/grpc.health.v1.Health/Check", HealthCheckRequest.SerializeToString, HealthCheckResponse.FromString
        )
        self._watch = channel.unary_stream(
            "/grpc.health.v1.Health/Watch", HealthCheckRequest.SerializeToString, HealthCheckResponse.FromString
        )

    def check(self, service="", timeout=60):
        return self._check(HealthCheckRequest(service=service), timeout=timeout).status

    def watch(self, service="", timeout=60):
        """The stream of answers; iterate over it, `cancel()` ends it."""
        return self._watch(HealthCheckRequest(service=service), timeout=timeout)
