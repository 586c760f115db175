"""The official Python client against every demo model, compared with Python TensorFlow."""

import grpc
import ml_dtypes
import numpy
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from support.reference import CASES
from support.tensors import QUANTIZED, array, assert_equal, predict_request, proto, varint
from support.waiting import LONG

LIMITS = {
    "half": numpy.float16([[1.5, -0.0, 65504.0], [numpy.inf, 6e-8, 0.1]]),
    "bfloat16": numpy.array([[1.5, -0.0, 3e38], [numpy.inf, 1e-40, 0.1]], dtype=ml_dtypes.bfloat16),
    "float32": numpy.float32([[1.5, -0.0, 3.4e38], [numpy.inf, 1e-45, 0.1]]),
    "float64": numpy.float64([[1.5, -0.0, 1.7e308], [-numpy.inf, 5e-324, 0.1]]),
    "int8": numpy.int8([[-128, 0, 127]]),
    "int16": numpy.int16([[-32768, 0, 32767]]),
    "int32": numpy.int32([[-(2**31), 0, 2**31 - 1]]),
    "int64": numpy.int64([[-(2**63), 0, 2**63 - 1]]),
    "uint8": numpy.uint8([[0, 1, 255]]),
    "uint16": numpy.uint16([[0, 1, 65535]]),
    "uint32": numpy.uint32([[0, 1, 2**32 - 1]]),
    "uint64": numpy.uint64([[0, 1, 2**64 - 1]]),
    "bool": numpy.array([[True, False, True]]),
    "complex64": numpy.complex64([[1 + 2j, -0.5j, 3e38]]),
    "complex128": numpy.complex128([[1 + 2j, -0.5j, 1e308]]),
    "string": numpy.array([[b"", b"\x00\xff", "zwölf".encode()]], dtype=object),
}


def answers(response):
    return {name: array(message) for name, message in response.outputs.items()}


def assert_answers(response, expected):
    actual = answers(response)
    assert sorted(actual) == sorted(expected)
    for name, value in expected.items():
        assert_equal(actual[name], value, name)


@pytest.mark.parametrize("content", [False, True], ids=["typed fields", "tensor_content"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_answers_equal_those_of_python_tensorflow(prediction, case, content):
    request = predict_request(case.model, case.inputs, case.signature, content=content)
    response = prediction.Predict(request, timeout=LONG)
    assert_answers(response, case.expected)


def test_answer_names_the_model_the_version_and_the_resolved_signature(prediction):
    response = prediction.Predict(predict_request("half_plus_two", {"x": numpy.float32([1])}), timeout=LONG)
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("half_plus_two", 1, "serving_default")
    assert not spec.version_label


def test_a_version_can_be_named(prediction):
    response = prediction.Predict(predict_request("half_plus_two", {"x": numpy.float32([1])}, version=1), timeout=LONG)
    assert_answers(response, {"y": numpy.float32([2.5])})


def test_init_op_gives_the_model_the_path_of_its_asset(prediction):
    response = prediction.Predict(predict_request("half_plus_two", {}, "asset"), timeout=LONG)
    assert_answers(response, {"text": numpy.array(b"hello from half_plus_two\n", dtype=object)})


def test_an_intermediate_tensor_can_be_fed(prediction):
    request = predict_request("half_plus_two", {"inputs": numpy.float32([[2.0]])}, "regress_x2_to_y3")
    assert_answers(prediction.Predict(request, timeout=LONG), {"outputs": numpy.float32([[4.0]])})


def test_shape_is_not_checked_against_the_signature(prediction):
    """half_plus_two declares [-1, 1]; TensorFlow Serving runs whatever the graph can take."""
    for value in [numpy.float32(4), numpy.float32([4]), numpy.float32([[[4, 6]]])]:
        response = prediction.Predict(predict_request("half_plus_two", {"x": value}), timeout=LONG)
        assert_answers(response, {"y": numpy.asarray(value / 2 + 2, dtype="float32")})


# ---- Element types ----


@pytest.mark.parametrize("content", [False, True], ids=["typed fields", "tensor_content"])
@pytest.mark.parametrize("name", LIMITS)
def test_every_element_type_comes_back_unchanged(prediction, name, content):
    request = predict_request("all_types", {"x": LIMITS[name]}, name, content=content)
    response = prediction.Predict(request, timeout=LONG)
    answer = response.outputs["y"]
    assert not answer.tensor_content, "the default answer uses typed fields"
    actual = array(answer)
    assert actual.dtype == LIMITS[name].dtype and actual.shape == LIMITS[name].shape
    if LIMITS[name].dtype == object:
        assert actual.tolist() == LIMITS[name].tolist()
    else:
        assert actual.tobytes() == LIMITS[name].tobytes()


@pytest.mark.parametrize("name", QUANTIZED)
def test_quantised_types_pass_through(prediction, name):
    element_type, storage = QUANTIZED[name]
    limits = numpy.iinfo(storage)
    message = tensor_pb2.TensorProto(dtype=element_type)
    message.tensor_shape.dim.add(size=3)
    message.int_val.extend([limits.min, 1, limits.max])
    response = prediction.Predict(predict_request("all_types", {"x": message}, name), timeout=LONG)
    assert response.outputs["y"] == message


def test_not_a_number_keeps_its_bits(prediction):
    bits = numpy.uint32([0x7FC00000, 0x7FC00001, 0xFFC00000]).view("float32")
    request = predict_request("all_types", {"x": bits}, "float32", content=True)
    actual = array(prediction.Predict(request, timeout=LONG).outputs["y"])
    assert actual.view("uint32").tolist() == bits.view("uint32").tolist()


def test_all_types_in_one_request(prediction):
    inputs = dict(LIMITS)
    response = prediction.Predict(predict_request("all_types", inputs), timeout=LONG)
    actual = answers(response)
    assert sorted(actual) == sorted(f"{name}_out" for name in inputs)
    for name, value in inputs.items():
        assert actual[f"{name}_out"].tolist() == value.tolist(), name


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 0, 2), (1, 1, 1, 1, 1, 1, 1), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("name", ["float32", "int64", "bool", "string", "complex128"])
def test_every_shape_comes_back(prediction, name, shape):
    template = LIMITS[name].reshape(-1)
    count = int(numpy.prod(shape))
    value = numpy.resize(template, count).reshape(shape) if count else numpy.empty(shape, dtype=template.dtype)
    for content in [False, True]:
        request = predict_request("all_types", {"x": value}, name, content=content)
        answer = prediction.Predict(request, timeout=LONG).outputs["y"]
        assert answer.HasField("tensor_shape")
        assert [dim.size for dim in answer.tensor_shape.dim] == list(shape)
        assert array(answer).tolist() == value.tolist()


def test_a_zero_size_answer(prediction):
    request = predict_request("multi_signature", {"count": numpy.int32(0)}, "zeros")
    assert_answers(prediction.Predict(request, timeout=LONG), {"values": numpy.zeros((0, 4), "float32")})


# ---- TensorProto as TensorFlow reads it ----


def tensor(dtype, shape, **fields):
    message = tensor_pb2.TensorProto(dtype=dtype)
    if shape is not None:
        message.tensor_shape.SetInParent()
        for size in shape:
            message.tensor_shape.dim.add(size=size)
    for name, value in fields.items():
        if name == "tensor_content":
            message.tensor_content = value
        else:
            getattr(message, name).extend(value)
    return message


PROTOS = [
    ("the last value is repeated", "float32", tensor(1, [4], float_val=[1, 2]), [1, 2, 2, 2]),
    ("one value fills the shape", "int64", tensor(9, [2, 2], int64_val=[7]), [[7, 7], [7, 7]]),
    ("no value is zero", "int32", tensor(3, [2]), [0, 0]),
    ("no value is false", "bool", tensor(10, [2]), [False, False]),
    ("no value is an empty string", "string", tensor(7, [2]), [b"", b""]),
    ("extra values are ignored", "float32", tensor(1, [1], float_val=[1, 2, 3]), [1]),
    ("no shape is a scalar", "float64", tensor(2, None, double_val=[4.5]), 4.5),
    ("values in another field are ignored", "float32", tensor(1, [2], double_val=[1, 2]), [0, 0]),
    ("content wins over fields", "int32", tensor(3, [1], int_val=[1], tensor_content=b"\x02\0\0\0"), [2]),
    ("an empty tensor has no content to check", "float32", tensor(1, [0], tensor_content=bytes(4)), []),
    ("an int_val is cut to its type", "uint8", tensor(4, [2], int_val=[300, -1]), [44, 255]),
    ("an int_val is cut to int8", "int8", tensor(6, [2], int_val=[200, -129]), [-56, 127]),
]


@pytest.mark.parametrize("what, signature, message, expected", PROTOS, ids=[case[0] for case in PROTOS])
def test_tensor_protos_are_read_as_tensorflow_reads_them(prediction, what, signature, message, expected):
    response = prediction.Predict(predict_request("all_types", {"x": message}, signature), timeout=LONG)
    assert array(response.outputs["y"]).tolist() == expected


def test_unpacked_and_split_repeated_fields_are_read(channel):
    """protobuf lets a packed field come unpacked, or in several packed pieces."""
    spec = field(1, field(1, b"all_types") + field(3, b"float32"))
    one = numpy.float32(1).tobytes()
    values = b"\x2d" + one + field(5, numpy.float32([2, 3]).tobytes()) + b"\x2d" + numpy.float32(4).tobytes()
    message = b"\x08\x01" + field(2, field(2, b"\x08\x04")) + values
    request = spec + field(2, field(1, b"x") + field(2, message))
    call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    from tensorflow_serving.apis import predict_pb2

    response = predict_pb2.PredictResponse.FromString(call(request, timeout=LONG))
    assert array(response.outputs["y"]).tolist() == [1, 2, 3, 4]


def test_unknown_fields_and_unused_options_are_ignored(channel, prediction):
    request = predict_request("half_plus_two", {"x": numpy.float32([1])})
    request.client_id = b"me"
    request.request_options.deterministic_mode = 1
    unknown = field(15, b"later") + b"\x80\x01\x07" + b"\x85\x01\x00\x00\x00\x00" + b"\x81\x01" + bytes(8)
    call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    assert call(request.SerializeToString() + unknown, timeout=LONG)


def field(number, content):
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


# ---- Signatures ----


def test_output_filter_chooses_outputs(prediction):
    inputs = {"a": numpy.float32([1]), "b": numpy.float32([2])}
    request = predict_request("multi_signature", inputs, output_filter=["product", "sum"])
    assert_answers(prediction.Predict(request, timeout=LONG), {"product": numpy.float32([2]), "sum": numpy.float32([3])})


def test_a_missing_input_takes_its_default(prediction):
    request = predict_request("multi_signature", {"x": numpy.float32([1, 2])}, "scale")
    assert_answers(prediction.Predict(request, timeout=LONG), {"scaled": numpy.float32([10, 20])})


# ---- Transport ----


def test_a_unix_socket_answers_too(server, socket_path):
    stub = server.prediction(server.channel(f"unix:{socket_path}"))
    for case in CASES[:3]:
        request = predict_request(case.model, case.inputs, case.signature)
        assert_answers(stub.Predict(request, timeout=LONG), case.expected)


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate], ids=["gzip", "deflate"])
def test_compressed_requests(server, compression):
    stub = server.prediction(server.channel())
    value = numpy.zeros((64, 784), "float32")
    request = predict_request("perceptron", {"image": value}, content=True)
    call = stub.Predict.with_call(request, timeout=LONG, compression=compression)
    assert array(call[0].outputs["probabilities"]).shape == (64, 10)
    plain = stub.Predict(request, timeout=LONG)
    assert call[0] == plain


@pytest.mark.parametrize("megabytes", [1, 64])
def test_large_tensors_come_back(prediction, megabytes):
    value = numpy.random.default_rng(megabytes).integers(0, 256, megabytes << 20, dtype="uint8").view("float32")
    value = numpy.nan_to_num(value)
    request = predict_request("all_types", {"x": value}, "float32", content=True)
    response = prediction.Predict(request, timeout=LONG)
    assert array(response.outputs["y"]).tobytes() == value.tobytes()


def test_large_tensors_in_typed_fields(prediction):
    value = numpy.arange(4 << 20, dtype="int64") - (2 << 20)
    request = predict_request("all_types", {"x": value}, "int64")
    assert numpy.array_equal(array(prediction.Predict(request, timeout=LONG).outputs["y"]), value)


def test_many_large_strings(prediction):
    value = numpy.array([bytes([index % 256]) * (index * 100) for index in range(300)], dtype=object)
    for content in [False, True]:
        request = predict_request("all_types", {"x": value}, "string", content=content)
        assert array(prediction.Predict(request, timeout=LONG).outputs["y"]).tolist() == value.tolist()


def test_tensor_content_answers_when_asked_for():
    from support.paths import MODELS
    from support.server import apus_serve

    with apus_serve({"all_types": MODELS / "all_types"}, "--tensor-content") as server:
        server.wait_until_ready()
        stub = server.prediction()
        for name, value in LIMITS.items():
            answer = stub.Predict(predict_request("all_types", {"x": value}, name), timeout=LONG).outputs["y"]
            assert answer.tensor_content and answer == proto(value, content=True), name


def test_element_types_cover_the_wire():
    """The table above names every type a request can carry."""
    carried = {tf.as_dtype(value.dtype if value.dtype != object else tf.string).as_datatype_enum for value in LIMITS.values()}
    carried |= {element_type for element_type, _ in QUANTIZED.values()}
    assert carried == set(range(types_pb2.DT_FLOAT, types_pb2.DT_RESOURCE)) | {types_pb2.DT_UINT32, types_pb2.DT_UINT64}
