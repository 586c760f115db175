"""Classify and Regress with TensorFlow Serving's own stubs, every rule and text of theirs."""

import base64
import math

import grpc
import numpy
import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, regression_pb2

from support.examples import (
    classes,
    classify_request,
    example_input,
    floats,
    regress_request,
    values,
)
from support.reference import example, loaded, strings
from support.server import apus_serve
from support.paths import MODELS
from support.tensors import predict_request
from support.waiting import LONG

CLASSIFY = "/tensorflow.serving.PredictionService/Classify"


def spec(response):
    return response.model_spec.name, response.model_spec.version.value, response.model_spec.signature_name


def refused(call, request, code, *texts):
    with pytest.raises(grpc.RpcError) as error:
        call(request, timeout=LONG)
    assert error.value.code() == code, error.value.details()
    for text in texts:
        assert text in error.value.details()
    return error.value.details()


INVALID = grpc.StatusCode.INVALID_ARGUMENT

# ---- Answers ----


@pytest.mark.parametrize("model", ["half_plus_two", "half_plus_two_tf2"])
def test_classify_scores(prediction, model):
    """Also where the signature's method is predict, as TensorFlow 2 writes all of them."""
    response = prediction.Classify(classify_request(model, floats(2, 4), "classify_x_to_y"), timeout=LONG)
    assert classes(response) == [[("", 3.0)], [("", 4.0)]]
    assert spec(response) == (model, 1, "classify_x_to_y")


@pytest.mark.parametrize("model", ["half_plus_two", "half_plus_two_tf2"])
def test_regress(prediction, model):
    response = prediction.Regress(regress_request(model, floats(2, 4), "regress_x_to_y2"), timeout=LONG)
    assert values(response) == [4.0, 5.0]
    assert spec(response) == (model, 1, "regress_x_to_y2")


def test_classes_and_scores_in_the_order_of_the_columns(prediction):
    """As the MNIST example exports: classify as serving_default, labels from a table, best first."""
    x = numpy.float32([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]])
    request = classify_request("classifier", [example(x=[float(value) for value in row]) for row in x])
    response = prediction.Classify(request, timeout=LONG)
    assert spec(response) == ("classifier", 1, "serving_default")
    scores = loaded("classifier").signatures["predict_images"](images=tf.constant(x))["scores"].numpy()
    for answer, row in zip(classes(response), scores):
        expected = sorted(zip(["setosa", "versicolor", "virginica"], row), key=lambda one: -one[1])
        assert [label for label, _ in answer] == [label for label, _ in expected]
        numpy.testing.assert_allclose([score for _, score in answer], [score for _, score in expected], rtol=1e-6)
    images = prediction.Predict(predict_request("classifier", {"images": x}, "predict_images"), timeout=LONG)
    numpy.testing.assert_allclose(tf.make_ndarray(images.outputs["scores"]), scores, rtol=1e-6)


def test_the_answer_is_written_as_protobuf_writes_it(server):
    """Byte for byte, with the values that proto3 leaves out and those that look as if."""
    request = classify_request("example_answers", [b"", b""], "special_values").SerializeToString()
    raw = server.channel().unary_unary(CLASSIFY)(request, timeout=LONG)
    expected = classification_pb2.ClassificationResponse()
    for _ in range(2):
        row = expected.result.classifications.add()
        for score in [0.0, -0.0, 1e7, 1 / 3, math.nan, -math.inf]:
            row.classes.add(score=score)
    expected.model_spec.name = "example_answers"
    expected.model_spec.version.value = 1
    expected.model_spec.signature_name = "special_values"
    assert raw == expected.SerializeToString()
    request = regress_request("half_plus_two", floats(-6, 1), "regress_x_to_y2").SerializeToString()
    raw = server.channel().unary_unary(CLASSIFY.replace("Classify", "Regress"))(request, timeout=LONG)
    expected = regression_pb2.RegressionResponse()
    expected.result.regressions.add(value=0.0)
    expected.result.regressions.add(value=3.5)
    expected.model_spec.name = "half_plus_two"
    expected.model_spec.version.value = 1
    expected.model_spec.signature_name = "regress_x_to_y2"
    assert raw == expected.SerializeToString()


def test_no_columns_are_empty_classes(prediction):
    response = prediction.Classify(classify_request("example_answers", [b"", b""], "no_columns"), timeout=LONG)
    assert classes(response) == [[], []]


def test_many_examples(prediction):
    response = prediction.Regress(
        regress_request("half_plus_two", floats(*range(5000)), "regress_x_to_y"), timeout=LONG
    )
    assert values(response) == [index / 2 + 2 for index in range(5000)]


# ---- Input ----


def seen(response):
    """The serialized examples as the graph got them."""
    return [base64.urlsafe_b64decode(label) for ((label, _),) in classes(response)]


def raw_classify(server, input_bytes, model="example_answers"):
    """A request whose Input is not made by protobuf."""
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = model
    call = server.channel().unary_unary(
        CLASSIFY, response_deserializer=classification_pb2.ClassificationResponse.FromString
    )
    return call(request.SerializeToString() + field(2, input_bytes), timeout=LONG)


def field(number, payload):
    assert len(payload) < 128
    return bytes([number << 3 | 2, len(payload)]) + payload


def test_examples_reach_the_graph_as_they_are(prediction, server):
    examples = [example(a=[1.5, 2.5], b=b"\x00\xff"), example(), example(c=[1, 2, 3])]
    response = prediction.Classify(classify_request("example_answers", examples), timeout=LONG)
    assert seen(response) == examples
    assert [score for ((_, score),) in classes(response)] == [float(len(one)) for one in examples]
    # Not decoded on the way: no Example either.
    assert seen(raw_classify(server, field(1, field(1, b"\xff\xff") + field(1, b"plain text")))) == [
        b"\xff\xff",
        b"plain text",
    ]


def test_a_context_stands_in_front_of_every_example(prediction):
    examples, context = [example(x=1.5), example(x=2.5)], example(bias=b"shared")
    response = prediction.Classify(classify_request("example_answers", examples, context=context), timeout=LONG)
    assert seen(response) == [context + one for one in examples]


def test_features_may_come_from_the_context(prediction):
    request = regress_request("half_plus_two", [example(), example(x2=7.0)], "regress_x_to_y", context=example(x=8.0))
    assert values(prediction.Regress(request, timeout=LONG)) == [6.0, 6.0]


def test_an_empty_context_changes_nothing(prediction):
    request = regress_request("half_plus_two", floats(1), "regress_x_to_y", context=b"")
    assert values(prediction.Regress(request, timeout=LONG)) == [2.5]


def test_of_two_kinds_of_input_the_last_one_counts(server):
    lists = field(1, field(1, b"old")) + field(2, field(1, b"new") + field(2, b"context "))
    assert seen(raw_classify(server, lists)) == [b"context new"]
    again = lists + field(1, field(1, b"third")) + field(1, field(1, b"merged"))
    assert seen(raw_classify(server, again)) == [b"third", b"merged"]


@pytest.mark.parametrize("context", [None, b"\x0a\x00"], ids=["list", "list with context"])
def test_an_empty_input(prediction, context):
    refused(prediction.Classify, classify_request("half_plus_two", [], "classify_x_to_y", context), INVALID)
    details = refused(prediction.Regress, regress_request("half_plus_two", [], "regress_x_to_y", context), INVALID)
    assert details == "Input is empty."
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = "half_plus_two"
    request.model_spec.signature_name = "classify_x_to_y"
    assert refused(prediction.Classify, request, INVALID) == "Input is empty."


def test_a_context_that_would_be_copied_too_often(server):
    """1 MB in front of each of 4000 empty examples is 4 GB; the request has 1 MB."""
    context = b"\x12" + tf_varint(1_000_000) + b"x" * 1_000_000
    payload = b"\x0a\x00" * 4000 + context
    inner = b"\x12" + tf_varint(len(payload)) + payload
    request = b"\x0a\x13\x0a\x0fexample_answers\x1a\x00" + b"\x12" + tf_varint(len(inner)) + inner
    with pytest.raises(grpc.RpcError) as error:
        server.channel().unary_unary(CLASSIFY)(request, timeout=LONG)
    assert error.value.code() == INVALID
    assert "a context of 1000000 bytes in front of each of 4000 examples" in error.value.details()


def tf_varint(number):
    return bytes([number & 0x7F | 0x80, number >> 7 & 0x7F | 0x80, number >> 14 & 0x7F | 0x80, number >> 21 & 0x7F])


@pytest.mark.parametrize(
    "request_bytes", [b"\x12\x05\x0a\x10", b"\x0a\x03\x0a\x01m\x12\x02\x0a\xff", b"\xff" * 20, b"\x12\x04\x0a\x02\x0a\x05"]
)
@pytest.mark.parametrize("method", ["Classify", "Regress"])
def test_malformed_messages(server, method, request_bytes):
    """TensorFlow Serving's gRPC core answers INTERNAL without a text."""
    with pytest.raises(grpc.RpcError) as error:
        server.channel().unary_unary(CLASSIFY.replace("Classify", method))(request_bytes, timeout=LONG)
    assert error.value.code() == INVALID
    kind = {"Classify": "Classification", "Regress": "Regression"}[method]
    assert f"Malformed {kind}Request at byte " in error.value.details() or error.value.details() == "Missing ModelSpec"


# ---- Choosing model and signature ----


def test_the_model_spec_is_needed(prediction):
    request = classification_pb2.ClassificationRequest(input=example_input(floats(1)))
    assert refused(prediction.Classify, request, INVALID) == "Missing ModelSpec"
    request = regression_pb2.RegressionRequest(input=example_input(floats(1)))
    assert refused(prediction.Regress, request, INVALID) == "Missing ModelSpec"
    assert refused(prediction.Classify, classify_request("", floats(1)), INVALID) == "ModelSpec has no name specified."


def test_models_and_versions_that_are_not_there(prediction):
    missing = grpc.StatusCode.NOT_FOUND
    request = classify_request("nobody", floats(1))
    assert refused(prediction.Classify, request, missing) == "Servable not found for request: Latest(nobody)"
    request = regress_request("half_plus_two", floats(1))
    request.model_spec.version.value = 9
    assert refused(prediction.Regress, request, missing) == (
        "Servable not found for request: Specific(half_plus_two, 9)"
    )
    request.model_spec.version_label = "canary"
    assert refused(prediction.Regress, request, INVALID) == "Unrecognized servable version label: canary"


SIGNATURES = {
    "Classify": {
        ("half_plus_two", "nothing"): "No signature was found with the name: nothing",
        ("example_answers", "two_inputs"): "Expected one input Tensor.",
        ("example_answers", "three_outputs"): "Expected one or two output Tensors, found 3",
        ("example_answers", "other_input"): "No classification inputs found in SignatureDef: ",
        ("example_answers", "other_output"): "Expected classification signature outputs to contain at least one of "
        '"classes" or "scores". Signature was: ',
        ("half_plus_two", "regress_x_to_y"): "Expected classification signature outputs to contain at least one of ",
        ("half_plus_two", "serving_default"): "No classification inputs found in SignatureDef: ",
    },
    "Regress": {
        ("half_plus_two", "nothing"): "No signature was found with the name: nothing",
        ("example_answers", "two_inputs"): "Expected one input Tensor.",
        ("example_answers", "serving_default"): "Expected one output Tensor.",
        ("example_answers", "other_input_regress"): "No regression inputs found in SignatureDef: ",
        ("example_answers", "other_output"): "No regression outputs found in SignatureDef: ",
        ("half_plus_two", "classify_x_to_y"): "No regression outputs found in SignatureDef: ",
    },
}

OUTPUTS = {
    "Classify": {
        "flat_scores": "Expected Tensor shape: [batch_size num_classes] but got [2]",
        "number_classes": "Expected classes Tensor of DT_STRING. Got: DT_INT64",
        "double_scores": "Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE",
        "more_scores": "Expected scores output batch size of 2. Got: 4",
        "more_classes": "Expected classes output batch size of 2. Got: 4",
        "uneven": "Tensors class and score should match in dim_size(1). Got 3 vs. 1",
    },
    "Regress": {
        "matrix": "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,3]",
        "more_outputs": "Input batch size did not match output batch size: 2 vs. 4",
        "double_outputs": "Expected output Tensor of DT_FLOAT.  Got: DT_DOUBLE",
    },
}

REQUEST = {"Classify": classify_request, "Regress": regress_request}


@pytest.mark.parametrize(
    "method, model, signature", [(method, *key) for method, cases in SIGNATURES.items() for key in cases]
)
def test_signatures_that_do_not_fit(prediction, method, model, signature):
    text = SIGNATURES[method][model, signature]
    details = refused(getattr(prediction, method), REQUEST[method](model, floats(1), signature), INVALID)
    assert details.startswith(text)
    # The signature is looked at before the input.
    assert refused(getattr(prediction, method), REQUEST[method](model, [], signature), INVALID) == details


@pytest.mark.parametrize("method, signature", [(method, key) for method, cases in OUTPUTS.items() for key in cases])
def test_outputs_that_are_no_answer(prediction, method, signature):
    request = REQUEST[method]("example_answers", floats(1, 2), signature)
    assert refused(getattr(prediction, method), request, INVALID) == OUTPUTS[method][signature]


def test_method_names_are_checked_when_the_server_is_told_to(prediction):
    models = {"half_plus_two": MODELS / "half_plus_two", "half_plus_two_tf2": MODELS / "half_plus_two_tf2"}
    with apus_serve(models, "--check-signature-method-name") as server:
        server.wait_until_ready()
        strict = server.prediction()
        request = classify_request("half_plus_two", floats(2), "classify_x_to_y")
        assert classes(strict.Classify(request, timeout=LONG)) == [[("", 3.0)]]
        request = classify_request("half_plus_two_tf2", floats(2), "classify_x_to_y")
        assert refused(strict.Classify, request, INVALID) == (
            "Expected classification signature method_name to be tensorflow/serving/classify. "
            "Was: tensorflow/serving/predict"
        )
        request = regress_request("half_plus_two_tf2", floats(2), "regress_x_to_y2")
        assert refused(strict.Regress, request, INVALID) == (
            "Expected regression signature method_name to be tensorflow/serving/regress. "
            "Was: tensorflow/serving/predict"
        )
        init = predict_request("half_plus_two_tf2", {}, "__saved_model_init_op")
        assert refused(strict.Predict, init, grpc.StatusCode.INTERNAL) == (
            "Expected prediction signature method_name to be one of {tensorflow/serving/predict, "
            "tensorflow/serving/classify, tensorflow/serving/regress}. Was: "
        )


# ---- What the graph says ----


def test_the_graphs_own_errors(prediction):
    def regress(*examples):
        return refused(prediction.Regress, regress_request("half_plus_two", examples, "regress_x_to_y"), INVALID)

    assert "Feature: x (data type: float) is required but could not be found." in regress(example())
    assert "Data types don't match. Data type: int64 but expected type: float" in regress(example(x=1))
    details = regress(example(x=[1.0, 2.0]))
    assert "Number of float values != expected.  Values size: 2 but output shape: [1]" in details
    assert "\n" in details, "the second line names the node"


def test_an_example_that_does_not_parse(server):
    with pytest.raises(grpc.RpcError) as error:
        raw_classify(server, field(1, field(1, b"\xff\xff\xff")), model="classifier")
    assert error.value.code() == INVALID
    assert "Could not parse example input, value: '" in error.value.details()


def test_examples_are_fed_whatever_type_the_input_declares(prediction):
    """regress_x2_to_y3 starts at a float tensor in the middle of the graph."""
    details = refused(prediction.Regress, regress_request("half_plus_two", floats(1), "regress_x2_to_y3"), INVALID)
    assert "string" in details and "float" in details


def test_predict_takes_what_classify_takes(prediction):
    """Predict accepts signatures of every method; the examples are strings then."""
    request = predict_request("half_plus_two", {"inputs": strings(*floats(2))}, "classify_x_to_y")
    response = prediction.Predict(request, timeout=LONG)
    assert tf.make_ndarray(response.outputs["scores"]).tolist() == [[3.0]]


def test_a_deadline_that_has_passed(server):
    with pytest.raises(grpc.RpcError) as error:
        server.prediction().Classify(classify_request("half_plus_two", floats(1), "classify_x_to_y"), timeout=0)
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
