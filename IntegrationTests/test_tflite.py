"""TFLite models behind --prefer-tflite, compared with Python's own TFLite interpreter."""

import shutil
import threading

import grpc
import numpy
import pytest
import tensorflow as tf
from google.protobuf import any_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    prediction_service_pb2_grpc,
)

from support.examples import classes, classify_request, floats, regress_request, values
from support.paths import MODELS, ROOT
from support.server import apus_serve, tensorflow_model_server
from support.tensors import array, assert_equal, predict_request
from support.waiting import LONG, NotYet, eventually

MODEL_NAMES = [
    "half_plus_two_tflite",
    "half_plus_two_tflite_with_sigdef",
    "half_plus_either",
    "tflite_strings",
    "tflite_dynamic",
    "tflite_types",
    "tflite_perceptron",
    "tflite_parse_example",
    "half_plus_two",
]
QUICK = ["--load-retries=0", "--load-retry-seconds=0"]

# Python's interpreter moves to another package; the one of TensorFlow is what is installed.
pytestmark = pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated:UserWarning")

needs_library = pytest.mark.skipif(
    not (ROOT / ".deps/litert/lib/libLiteRt.so").exists(), reason="libLiteRt.so is missing; run scripts/setup litert"
)


@pytest.fixture(scope="module")
def tflite():
    with apus_serve({name: MODELS / name for name in MODEL_NAMES}, "--prefer-tflite") as server:
        server.wait_until_ready()
        yield server
        server.check_running()


@pytest.fixture(scope="module")
def stub(tflite):
    return tflite.prediction()


def reference(model, inputs):
    """What Python's TFLite interpreter answers for inputs by tensor name, by output tensor name."""
    interpreter = tf.lite.Interpreter(str(MODELS / model / "1" / "model.tflite"), num_threads=1)
    for detail in interpreter.get_input_details():
        interpreter.resize_tensor_input(detail["index"], inputs[detail["name"]].shape)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], inputs[detail["name"]])
    interpreter.invoke()
    return {detail["name"]: interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()}


def texts(*values):
    return numpy.array(values, dtype=object)


KINDS = ["float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint32", "complex64"]
NUMBERS = numpy.arange(6).reshape(3, 2)
CASES = [
    ("half_plus_two_tflite", {"x": numpy.float32([[1], [2], [5]])}),
    ("half_plus_two_tflite", {"x": numpy.float32([2])}),
    ("half_plus_two_tflite", {"x": numpy.float32([[[1, 2], [3, 4]]])}),
    ("tflite_strings", {"texts": texts(b"one", b"", b"\x00\xff3"), "indexes": numpy.int32([2, 0])}),
    ("tflite_dynamic", {"x": numpy.float32([0, 1, -2, 3])}),
    ("tflite_types", {**{kind: NUMBERS.astype(kind) for kind in KINDS}, "bool": NUMBERS % 2 == 1}),
    ("tflite_perceptron", {"pixels": numpy.random.default_rng(1).random((7, 784), dtype="float32")}),
]


@needs_library
@pytest.mark.parametrize("content", [False, True], ids=["typed fields", "tensor_content"])
@pytest.mark.parametrize(("model", "inputs"), CASES, ids=[case[0] for case in CASES])
def test_answers_equal_those_of_pythons_interpreter(stub, model, inputs, content):
    response = stub.Predict(predict_request(model, inputs, content=content), timeout=LONG)
    expected = reference(model, inputs)
    assert sorted(response.outputs) == sorted(expected)
    for name, value in expected.items():
        assert_equal(array(response.outputs[name]), value, name)
    assert response.model_spec.signature_name == "serving_default"


@needs_library
def test_rest_answers(tflite):
    def predict(model, body):
        response = tflite.post(f"/v1/models/{model}:predict", body)
        assert response.status_code == 200, response.text
        return response.json()

    assert predict("half_plus_two_tflite", {"instances": [1.0, 2.0, 5.0]}) == {"predictions": [2.5, 3.0, 4.5]}
    assert predict("half_plus_two_tflite", {"inputs": [[1.0], [2.0]]}) == {"outputs": [[2.5], [3.0]]}
    assert predict("half_plus_two_tflite", {"inputs": 1.0}) == {"outputs": 2.5}
    body = {"inputs": {"texts": ["a", "b"], "indexes": [1, 1, 0]}}
    assert predict("tflite_strings", body) == {"outputs": {"chosen": ["b", "b", "a"], "flat": ["a", "b"]}}


@needs_library
def test_signatures_of_the_metadata_answer_and_are_shown(tflite, stub):
    model = "half_plus_two_tflite_with_sigdef"
    x = numpy.float32([[1], [2]])
    for signature, alias, output in [("", "value", "half_plus_two"), ("plain", "x", "y")]:
        response = stub.Predict(predict_request(model, {alias: x}, signature), timeout=LONG)
        assert_equal(array(response.outputs[output]), x / 2 + 2)
    shown = metadata(stub, model)
    assert sorted(shown) == ["plain", "regress_x", "serving_default"]
    assert shown["serving_default"].inputs["value"].name == "x"
    assert shown["regress_x"].method_name == "tensorflow/serving/regress"
    assert tflite.get(f"/v1/models/{model}/metadata").json()["metadata"]["signature_def"]["signature_def"]["plain"]


def metadata(stub, model):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = model
    packed = stub.GetModelMetadata(request, timeout=LONG).metadata["signature_def"]
    assert isinstance(packed, any_pb2.Any)
    definitions = get_model_metadata_pb2.SignatureDefMap()
    assert packed.Unpack(definitions)
    return definitions.signature_def


@needs_library
def test_a_made_signature_is_shown(stub):
    shown = metadata(stub, "half_plus_two_tflite")
    assert list(shown) == ["serving_default"]
    definition = shown["serving_default"]
    assert definition.method_name == "tensorflow/serving/predict"
    x = definition.inputs["x"]
    assert (x.name, x.dtype, [dim.size for dim in x.tensor_shape.dim]) == ("x", 1, [1, 1])
    assert definition.outputs["y"].name == "y"


@needs_library
def test_classify_and_regress(stub):
    model = "tflite_parse_example"
    response = stub.Regress(regress_request(model, floats(2, 4), "regress"), timeout=LONG)
    assert values(response) == [3.0, 4.0]
    response = stub.Classify(classify_request(model, floats(2), "classify"), timeout=LONG)
    assert classes(response) == [[("", 3.0), ("", 1.0), ("", 1.0)]]


@needs_library
def test_examples_that_do_not_fit(stub):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Regress(regress_request("tflite_parse_example", [b""], "regress"), timeout=LONG)
    assert caught.value.code() == grpc.StatusCode.INTERNAL
    assert "Feature: x (data type: float) is required but could not be found." in caught.value.details()


@needs_library
@pytest.mark.parametrize(
    ("inputs", "code", "text"),
    [
        ({"x": numpy.float64([1])}, "INVALID_ARGUMENT", "Expects arg[0] to be float but double is provided"),
        ({"x": numpy.zeros((0, 1), "float32")}, "INVALID_ARGUMENT", "a TFLite model takes tensors of 1 to"),
        ({"x": numpy.zeros([1] * 9, "float32")}, "INVALID_ARGUMENT", "has 9 dimensions"),
        ({"x": numpy.float32([1]), "z": numpy.float32([1])}, "INVALID_ARGUMENT", "Sent extra: {z}."),
    ],
)
def test_requests_that_do_not_fit(stub, inputs, code, text):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Predict(predict_request("half_plus_two_tflite", inputs), timeout=LONG)
    assert (caught.value.code().name, text in caught.value.details()) == (code, True), caught.value.details()


@needs_library
def test_callers_at_once_get_their_own_answers(stub):
    random = numpy.random.default_rng(2)
    questions = [random.random((rows, 784), dtype="float32") for rows in (1, 3, 8)]
    expected = [reference("tflite_perceptron", {"pixels": question})["classes"] for question in questions]
    failures = []

    def ask(question, answer):
        try:
            for _ in range(20):
                response = stub.Predict(predict_request("tflite_perceptron", {"pixels": question}), timeout=LONG)
                assert_equal(array(response.outputs["classes"]), answer)
        except Exception as error:
            failures.append(error)

    callers = [threading.Thread(target=ask, args=pair) for pair in zip(questions, expected) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not failures


@needs_library
def test_tflite_is_preferred_where_there_is_one(stub):
    response = stub.Predict(predict_request("half_plus_either", {"x": numpy.float32([[2]])}), timeout=LONG)
    assert array(response.outputs["y"]).tolist() == [[4.0]]
    response = stub.Predict(predict_request("half_plus_two", {"x": numpy.float32([2])}), timeout=LONG)
    assert array(response.outputs["y"]).tolist() == [3.0]


def test_the_saved_model_serves_without_the_flag_and_a_lone_tflite_model_does_not(tmp_path):
    lone = tmp_path / "lone"
    shutil.copytree(MODELS / "half_plus_two_tflite", lone)
    with apus_serve({"either": MODELS / "half_plus_either", "lone": lone}, *QUICK) as server:
        server.wait_for("either", 1)
        response = server.prediction().Predict(predict_request("either", {"x": numpy.float32([[2]])}), timeout=LONG)
        assert array(response.outputs["y"]).tolist() == [[3.0]]
        server.wait_for("lone", 1, "END")
        status = server.version_status("lone", 1).status
        assert status.error_code == grpc.StatusCode.NOT_FOUND.value[0]
        assert "does not appear to contain a SavedModel bundle" in status.error_message


def test_a_missing_library_is_told_with_its_cure_and_the_saved_model_serves(tmp_path):
    models = {"tflite": MODELS / "half_plus_two_tflite", "saved": MODELS / "half_plus_two"}
    missing = str(tmp_path / "libLiteRt.so")
    with apus_serve(models, "--prefer-tflite", *QUICK, environment={"APUS_LITERT_LIBRARY": missing}) as server:
        server.wait_for("saved", 1)
        server.wait_for("tflite", 1, "END")
        status = server.version_status("tflite", 1).status
        assert status.error_code == grpc.StatusCode.FAILED_PRECONDITION.value[0]
        assert missing in status.error_message
        assert "Run scripts/setup to install it" in status.error_message


DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "emptied": lambda content: bytes(len(content)),
    "of_another_format": lambda content: b"\x08\x01" + content,
}


@needs_library
def test_broken_files_end_with_their_reason_and_the_others_serve(tmp_path):
    content = (MODELS / "half_plus_two_tflite" / "1" / "model.tflite").read_bytes()
    for name, damage in DAMAGES.items():
        (tmp_path / name / "1").mkdir(parents=True)
        (tmp_path / name / "1" / "model.tflite").write_bytes(damage(content))
    models = {"good": MODELS / "half_plus_two_tflite", **{name: tmp_path / name for name in DAMAGES}}
    with apus_serve(models, "--prefer-tflite", *QUICK) as server:
        for name in DAMAGES:
            server.wait_for(name, 1, "END")
            status = server.version_status(name, 1).status
            assert status.error_code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
            assert "Cannot build FlatBufferModel from buffer." in status.error_message
        server.wait_for("good", 1)
        response = server.prediction().Predict(predict_request("good", {"x": numpy.float32([2])}), timeout=LONG)
        assert array(response.outputs["y"]).tolist() == [3.0]


@needs_library
def test_the_stock_flags(tmp_path):
    base = tmp_path / "model"
    shutil.copytree(MODELS / "half_plus_two_tflite", base)
    with tensorflow_model_server(
        "--port=0",
        f"--grpc_socket_path={tmp_path}/s",
        "--model_name=model",
        f"--model_base_path={base}",
        "--prefer_tflite_model",
        "--num_tflite_pools=2",
        "--num_tflite_interpreters_per_pool=250",
    ) as server:
        with grpc.insecure_channel(f"unix:{tmp_path}/s") as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

            def look():
                try:
                    x = numpy.arange(5, dtype="float32").reshape(5, 1)
                    return stub.Predict(predict_request("model", {"x": x}), timeout=LONG)
                except grpc.RpcError as error:
                    raise NotYet(error.details())

            response = eventually(look, "the model to answer", check=server.check_running)
            # Two rows at a time, and one answer.
            assert array(response.outputs["y"]).tolist() == [[2.0], [2.5], [3.0], [3.5], [4.0]]


def resident(server):
    """Resident memory that is the server's own, in MiB: without the pages of files."""
    with open(f"/proc/{server.process.pid}/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


@needs_library
def test_memory_comes_back_when_a_version_is_unloaded(tmp_path):
    big = tmp_path / "big"
    (big / "1").mkdir(parents=True)
    weights = tf.constant(numpy.random.default_rng(3).random((2048, 2048), dtype="float32"))
    module = tf.Module()
    module.f = tf.function(lambda x: tf.matmul(x, weights), input_signature=[tf.TensorSpec([1, 2048], tf.float32)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.f.get_concrete_function()], module)
    (big / "1" / "model.tflite").write_bytes(converter.convert())
    small = {"small": MODELS / "half_plus_two_tflite"}
    with apus_serve({**small, "big": big}, "--prefer-tflite", "--tflite-interpreters=1") as server:
        server.wait_for("big", 1)
        server.wait_for("small", 1)
        loaded = resident(server)
        shutil.rmtree(big / "1")
        server.wait_for("big", 1, "END")

        def given_back():
            now = resident(server)
            if loaded - now < 20:
                raise NotYet(f"{now:.0f} MiB of {loaded:.0f}")
            return True

        eventually(given_back, "the memory of the model", timeout=20, check=server.check_running)
