"""Malformed requests over gRPC: each is refused with the right code and text, and the connection lives on."""

import grpc
import numpy
import pytest
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, predict_pb2

from support.tensors import array, predict_request, varint
from support.waiting import LONG

INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
PREDICT = "/tensorflow.serving.PredictionService/Predict"
GOOD = predict_request("half_plus_two", {"x": numpy.float32([1.0])})


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def spec(name, signature=""):
    return field(1, field(1, name.encode()) + (field(3, signature.encode()) if signature else b""))


def entry(name, message):
    return field(2, field(1, name.encode()) + field(2, message))


@pytest.fixture(scope="module")
def own_channel(server):
    """One connection for the whole module: that it still answers after each case is half of every test."""
    channel = server.channel(options=[("grpc.enable_retries", 0)])
    yield channel


def refused(channel, request, method=PREDICT):
    """Code and text of a refusal; checks that the same connection answers afterwards."""
    data = request if isinstance(request, bytes) else request.SerializeToString()
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(method)(data, timeout=LONG)
    answer = channel.unary_unary(PREDICT)(GOOD.SerializeToString(), timeout=LONG)
    assert array(predict_pb2.PredictResponse.FromString(answer).outputs["y"]).tolist() == [2.5]
    return caught.value.code(), caught.value.details()


def missing(request, *fields):
    for name in fields:
        request.ClearField(name)
    return request


ONE = numpy.float32([1.0])

# request, code, what the text must contain
REFUSALS = {
    "no model spec": (missing(predict_request("m", {"x": ONE}), "model_spec"), INVALID, "Missing ModelSpec"),
    "nothing at all": (b"", INVALID, "Missing ModelSpec"),
    "no name": (predict_request("", {"x": ONE}), INVALID, "ModelSpec has no name specified."),
    "unknown model": (
        predict_request("nobody", {"x": ONE}),
        NOT_FOUND,
        "Servable not found for request: Latest(nobody)",
    ),
    "unknown version": (
        predict_request("half_plus_two", {"x": ONE}, version=77),
        NOT_FOUND,
        "Servable not found for request: Specific(half_plus_two, 77)",
    ),
    "version zero is not the latest": (
        predict_request("half_plus_two", {"x": ONE}, version=0),
        NOT_FOUND,
        "Servable not found for request: Specific(half_plus_two, 0)",
    ),
    "negative version": (
        predict_request("half_plus_two", {"x": ONE}, version=-1),
        NOT_FOUND,
        "Servable not found for request: Specific(half_plus_two, -1)",
    ),
    "unknown signature": (
        predict_request("half_plus_two", {"x": ONE}, "nothing"),
        grpc.StatusCode.FAILED_PRECONDITION,
        'Serving signature key "nothing" not found.',
    ),
    "no input": (
        predict_request("half_plus_two", {}),
        INVALID,
        "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}.",
    ),
    "extra input": (
        predict_request("half_plus_two", {"x": ONE, "b": ONE, "a": ONE}),
        INVALID,
        "input size does not match signature: 3!=1 len({a,b,x}) != len({x}). Sent extra: {a,b}. "
        "Missing but required: {}.",
    ),
    "wrong input name": (
        predict_request("half_plus_two", {"wrong": ONE}),
        INVALID,
        "Signature input alias: x(feed name: x:0) not found in request and no default value provided.",
    ),
    "unknown output": (
        predict_request("half_plus_two", {"x": ONE}, output_filter=["z"]),
        INVALID,
        "output tensor alias not found in signature: z Outputs expected to be in the set {y}.",
    ),
    "repeated output": (
        predict_request("half_plus_two", {"x": ONE}, output_filter=["y", "y"]),
        INVALID,
        "duplicate output tensor alias: y",
    ),
    "unknown name where there are defaults": (
        predict_request("multi_signature", {"x": ONE, "wrong": ONE}, "scale"),
        INVALID,
        "Inputs contains invalid name. Used request inputs: x, request input: wrong,x",
    ),
    "wrong type": (predict_request("half_plus_two_tf2", {"x": numpy.float64([1.0])}), INVALID, "double"),
    "wrong type for a TF1 model": (predict_request("half_plus_two", {"x": numpy.int64([1])}), INVALID, "int64"),
    "a shape the graph cannot take": (predict_request("perceptron", {"image": numpy.zeros((2, 3), "float32")}), INVALID, ""),
    "strings that are no tf.Example": (
        predict_request("strings", {"examples": numpy.array([b"\xff"], dtype=object)}, "parse"),
        INVALID,
        "Could not parse example input",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused_requests(own_channel, case):
    request, expected_code, expected_text = REFUSALS[case]
    code, text = refused(own_channel, request)
    assert code == expected_code, text
    assert expected_text in text
    assert text


def test_unknown_label(own_channel):
    request = predict_request("half_plus_two", {"x": ONE})
    request.model_spec.version_label = "canary"
    assert refused(own_channel, request) == (INVALID, "Unrecognized servable version label: canary")


# ---- Tensors that lie about themselves ----

HUGE = 2**62


def dims(*sizes):
    return field(2, b"".join(field(2, b"\x08" + varint(size & (2**64 - 1))) for size in sizes))


def float_tensor(shape, rest=b""):
    return b"\x08\x01" + shape + rest


TENSORS = {
    "negative size": float_tensor(dims(-1), b"\x2d\0\0\0\0"),
    "very negative size": float_tensor(dims(-(2**63))),
    "product overflows": float_tensor(dims(HUGE, HUGE)),
    "product overflows to zero": float_tensor(dims(2**32, 2**32)),
    "overflow hidden by a zero": float_tensor(dims(HUGE, HUGE, 0)),
    "bytes overflow": float_tensor(dims(2**61)),
    "terabytes from nothing": float_tensor(dims(10**12)),
    "terabytes from one value": float_tensor(dims(10**12), b"\x2d\0\0\x80\x3f"),
    "terabytes of strings": b"\x08\x07" + dims(10**11) + field(8, b"x"),
    "type 0": dims(1) + b"\x2d\0\0\0\0",
    "unknown type": b"\x08\x63" + dims(1),
    "negative type": b"\x08" + varint(2**64 - 1) + dims(1),
    "resource": b"\x08\x14" + dims(1),
    "variant": b"\x08\x15" + dims(1),
    "content too short": float_tensor(dims(2), field(4, b"\0" * 7)),
    "content too long": float_tensor(dims(2), field(4, b"\0" * 9)),
    "string content without lengths": b"\x08\x07" + dims(2) + field(4, b"\x01"),
    "string content with long length": b"\x08\x07" + dims(1) + field(4, b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + b"x"),
    "string content with rest": b"\x08\x07" + dims(1) + field(4, b"\x01xy"),
    "packed floats of odd length": float_tensor(dims(2), field(5, b"\0" * 7)),
    "255 dimensions": float_tensor(dims(*[1] * 255), b"\x2d\0\0\0\0"),
}


@pytest.mark.parametrize("case", TENSORS)
def test_tensors_that_lie(own_channel, case):
    code, text = refused(own_channel, spec("all_types", "float32") + entry("x", TENSORS[case]))
    assert code == INVALID, text
    assert text


def test_a_refused_tensor_is_named(own_channel):
    code, text = refused(own_channel, spec("all_types", "float32") + entry("x", TENSORS["content too short"]))
    assert "x" in text and "8" in text and "7" in text, text


# ---- Bytes that are no message ----

WHOLE = predict_request("half_plus_two", {"x": numpy.float32([1, 2, 3])}, "serving_default").SerializeToString()

BYTES = {
    "field number 0": b"\x00\x01",
    "a group that never ends": b"\x0b\x0b\x0b",
    "an end without a group": b"\x0c",
    "wire type 6": b"\x0e\x01",
    "wire type 7": b"\x0f\x01",
    "endless varint": b"\x08" + b"\xff" * 20,
    "length beyond the end": b"\x0a\x7f" + b"x",
    "length beyond int64": b"\x0a" + b"\xff" * 9 + b"\x01",
    "length that overflows a position": b"\x0a" + varint(2**63 - 1),
    "model_spec as a number": b"\x08\x01",
    "deep groups": b"\x7b" * 100_000,
    "a name that is no UTF-8": field(1, field(1, b"\xff\xfe")) + entry("x", float_tensor(dims(1))),
    "random": bytes(numpy.random.default_rng(1).integers(0, 256, 5000, dtype="uint8")),
}


@pytest.mark.parametrize("case", BYTES)
def test_bytes_that_are_no_message(own_channel, case):
    code, text = refused(own_channel, BYTES[case])
    assert code in (INVALID, NOT_FOUND, grpc.StatusCode.INTERNAL), text
    assert text


def test_every_truncation_of_a_request_is_answered(own_channel):
    """A cut inside a field is refused; a cut between fields is a smaller message, also refused as it lacks something."""
    call = own_channel.unary_unary(PREDICT)
    calls = [call.future(WHOLE[:length], timeout=LONG) for length in range(len(WHOLE))]
    for length, pending in enumerate(calls):
        error = pending.exception()
        assert error is not None, f"the first {length} bytes of {len(WHOLE)} were accepted"
        assert error.code() in (INVALID, NOT_FOUND), f"{length}: {error.details()}"
        assert error.details()


def test_every_changed_byte_of_a_request_is_answered(own_channel):
    """With one byte changed a request may mean something else; it is answered all the same, and nothing breaks."""
    call = own_channel.unary_unary(PREDICT)
    codes = (INVALID, NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION)
    for change in (0x01, 0x80, 0xFF):
        changed = [WHOLE[:index] + bytes([WHOLE[index] ^ change]) + WHOLE[index + 1 :] for index in range(len(WHOLE))]
        for request, pending in [(request, call.future(request, timeout=LONG)) for request in changed]:
            error = pending.exception()
            assert error is None or error.code() in codes, f"{request!r}: {error.code()} {error.details()}"
    refused(own_channel, b"")


@pytest.mark.parametrize("seed", range(4))
def test_random_requests_are_answered(own_channel, seed):
    random = numpy.random.default_rng(seed)
    call = own_channel.unary_unary(PREDICT)
    pending = []
    for _ in range(250):
        request = bytearray(WHOLE * int(random.integers(1, 4)))
        for _ in range(int(random.integers(1, 12))):
            request[int(random.integers(len(request)))] = int(random.integers(256))
        pending.append(call.future(bytes(request), timeout=LONG))
    for call_future in pending:
        error = call_future.exception()
        assert error is None or error.code() != grpc.StatusCode.UNAVAILABLE, error
    refused(own_channel, b"")


def test_error_texts_end_at_1024_bytes(own_channel):
    code, text = refused(own_channel, predict_request("n" * 3000, {"x": ONE}))
    assert code == NOT_FOUND
    assert text.endswith("...TRUNCATED") and len(text) == 1024 + len("...TRUNCATED")


def test_error_texts_of_any_characters_arrive(own_channel):
    name = "zwölf % \n\t \U0001f426"
    assert refused(own_channel, predict_request(name, {"x": ONE})) == (
        NOT_FOUND,
        f"Servable not found for request: Latest({name})",
    )


# ---- Services and methods ----


@pytest.mark.parametrize(
    "method",
    [
        "/tensorflow.serving.PredictionService/Nothing",
        "/tensorflow.serving.SessionService/SessionRun",
        "/nobody.Service/Method",
        "/",
        "/x",
    ],
)
def test_unknown_methods(own_channel, method):
    code, text = refused(own_channel, b"", method)
    assert code == grpc.StatusCode.UNIMPLEMENTED
    assert text


METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"


def metadata_request(name, *fields, version=None):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = name
    if version is not None:
        request.model_spec.version.value = version
    return request


def status_request(name, version=None):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    if version is not None:
        request.model_spec.version.value = version
    return request


OTHER_METHODS = {
    "no field": (
        METADATA,
        metadata_request("half_plus_two"),
        INVALID,
        "GetModelMetadataRequest must specify at least one metadata_field",
    ),
    "unknown field": (METADATA, metadata_request("half_plus_two", "size"), INVALID, "Metadata field size is not supported"),
    "no model spec": (
        METADATA,
        get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"]),
        INVALID,
        "Missing ModelSpec",
    ),
    "metadata of nobody": (
        METADATA,
        metadata_request("nobody", "signature_def"),
        NOT_FOUND,
        "Servable not found for request: Latest(nobody)",
    ),
    "status of nobody": (STATUS, status_request("nobody"), NOT_FOUND, "Could not find any versions of model nobody"),
    "status of no version": (
        STATUS,
        status_request("half_plus_two", 9),
        NOT_FOUND,
        "Could not find version 9 of model half_plus_two",
    ),
    "status without a name": (STATUS, status_request(""), NOT_FOUND, "Could not find any versions of model "),
    "metadata of no version": (
        METADATA,
        metadata_request("half_plus_two", "signature_def", version=9),
        NOT_FOUND,
        "Servable not found for request: Specific(half_plus_two, 9)",
    ),
    "metadata that is no message": (METADATA, b"\xff\xff", INVALID, ""),
    "status that is no message": (STATUS, b"\x0a\x7f", INVALID, ""),
}


@pytest.mark.parametrize("case", OTHER_METHODS)
def test_refusals_of_other_methods(own_channel, case):
    method, request, expected_code, expected_text = OTHER_METHODS[case]
    code, text = refused(own_channel, request, method)
    assert (code, expected_text in text) == (expected_code, True), (code, text)


def test_gzip_that_is_none(server, own_channel):
    """The compressed flag with a body that no gzip reader takes."""
    from support.http2 import GRPCConnection

    with GRPCConnection(server.grpc_port) as connection:
        status, text = connection.call(PREDICT, b"\x01" + (4).to_bytes(4, "big") + b"nope", [("grpc-encoding", "gzip")])
        assert status in (3, 13), text
        assert connection.call(PREDICT, framed(GOOD.SerializeToString()))[0] == 0


def test_a_compression_nobody_knows(server):
    from support.http2 import GRPCConnection

    with GRPCConnection(server.grpc_port) as connection:
        status, text = connection.call(PREDICT, b"\x01" + (1).to_bytes(4, "big") + b"x", [("grpc-encoding", "brotli")])
        assert status == 12 and text


def test_a_compressed_message_that_says_nothing_of_how(server):
    from support.http2 import GRPCConnection

    with GRPCConnection(server.grpc_port) as connection:
        status, text = connection.call(PREDICT, b"\x01" + (1).to_bytes(4, "big") + b"x")
        assert status in (12, 13) and text


def test_broken_message_frames(server):
    from support.http2 import GRPCConnection

    good = framed(GOOD.SerializeToString())
    with GRPCConnection(server.grpc_port) as connection:
        for body in [b"", b"\0", good[:4], good[:-1], good + good, b"\x02" + good[1:], b"\0\xff\xff\xff\xff" + bytes(64)]:
            status, text = connection.call(PREDICT, body)
            assert status not in (0, None) and text, (body[:8], status)
            assert connection.call(PREDICT, good)[0] == 0


def framed(message):
    return b"\0" + len(message).to_bytes(4, "big") + message
