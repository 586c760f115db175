"""MultiInference with TensorFlow Serving's own stubs, every rule and text of theirs."""

import grpc
import pytest
from tensorflow_serving.apis import inference_pb2

from support.examples import CLASSIFY, REGRESS, classes, example_input, floats, multi_inference_request, values
from support.reference import example
from support.waiting import LONG

HALF = "half_plus_two"
INVALID = grpc.StatusCode.INVALID_ARGUMENT


def answers(response):
    return [
        classes(one.classification_result) if one.HasField("classification_result") else values(one.regression_result)
        for one in response.results
    ]


def refused(prediction, request, code=INVALID):
    with pytest.raises(grpc.RpcError) as error:
        prediction.MultiInference(request, timeout=LONG)
    assert error.value.code() == code, error.value.details()
    return error.value.details()


@pytest.mark.parametrize(
    "model, tasks, expected",
    [
        # One input tensor for all of them.
        (
            HALF,
            [("regress_x_to_y2", REGRESS), ("classify_x_to_y", CLASSIFY), ("regress_x_to_y", REGRESS)],
            [[4.0, 5.0], [[("", 3.0)], [("", 4.0)]], [3.0, 4.0]],
        ),
        (HALF, [("regress_x_to_y", REGRESS)], [[3.0, 4.0]]),
        # TensorFlow 2: every signature has an input tensor of its own, and says predict.
        (
            "half_plus_two_tf2",
            [("classify_x_to_y", CLASSIFY), ("regress_x_to_y2", REGRESS)],
            [[[("", 3.0)], [("", 4.0)]], [4.0, 5.0]],
        ),
    ],
    ids=["one tensor", "one task", "two tensors"],
)
def test_results_come_in_the_order_of_the_tasks(prediction, model, tasks, expected):
    response = prediction.MultiInference(multi_inference_request(model, floats(2, 4), *tasks), timeout=LONG)
    assert answers(response) == expected
    specs = [(one.model_spec.name, one.model_spec.version.value, one.model_spec.signature_name) for one in response.results]
    assert specs == [(model, 1, signature) for signature, _ in tasks]


def test_the_default_signature_is_spelled_out(prediction):
    request = multi_inference_request("classifier", [example(x=[1.0, 2.0, 3.0, 4.0])], ("", CLASSIFY))
    (result,) = prediction.MultiInference(request, timeout=LONG).results
    assert result.model_spec.signature_name == "serving_default"
    assert len(result.classification_result.classifications[0].classes) == 3


def test_a_context_counts_for_all_tasks(prediction):
    request = multi_inference_request(
        HALF, [example(), example()], ("regress_x_to_y", REGRESS), ("regress_x_to_y2", REGRESS), context=example(x=2.0)
    )
    assert answers(prediction.MultiInference(request, timeout=LONG)) == [[3.0, 3.0], [4.0, 4.0]]


def test_the_answer_is_written_as_protobuf_writes_it(server):
    tasks = [("classify_x_to_y", CLASSIFY), ("regress_x_to_y2", REGRESS)]
    call = server.channel().unary_unary("/tensorflow.serving.PredictionService/MultiInference")
    raw = call(multi_inference_request(HALF, floats(-4, -6), *tasks).SerializeToString(), timeout=LONG)
    expected = inference_pb2.MultiInferenceResponse()
    for signature, _ in tasks:
        spec = expected.results.add().model_spec
        spec.name, spec.signature_name, spec.version.value = HALF, signature, 1
    for score in [0.0, -1.0]:
        expected.results[0].classification_result.classifications.add().classes.add(score=score)
    for value in [1.0, 0.0]:
        expected.results[1].regression_result.regressions.add(value=value)
    assert raw == expected.SerializeToString()


def test_the_first_task_chooses_the_version(prediction):
    tasks = [("classify_x_to_y", CLASSIFY), ("regress_x_to_y", REGRESS)]
    request = multi_inference_request(HALF, floats(2), *tasks)
    request.tasks[1].model_spec.version.value = 99
    assert len(prediction.MultiInference(request, timeout=LONG).results) == 2
    request.tasks[0].model_spec.version.value = 98
    details = refused(prediction, request, grpc.StatusCode.NOT_FOUND)
    assert details == f"Servable not found for request: Specific({HALF}, 98)"
    request.tasks[0].model_spec.version_label = "canary"
    assert refused(prediction, request) == "Unrecognized servable version label: canary"


REFUSED = {
    "no tasks": ([], "ModelSpec has no name specified."),
    "no name": ([("", "classify_x_to_y", CLASSIFY)], "ModelSpec has no name specified."),
    "a later task without a name": (
        [(HALF, "classify_x_to_y", CLASSIFY), ("", "regress_x_to_y", REGRESS)],
        "Found ModelSpec with an empty model name.",
    ),
    "two models": (
        [(HALF, "classify_x_to_y", CLASSIFY), ("half_plus_two_tf2", "regress_x_to_y2", REGRESS)],
        "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
    ),
    "a signature twice": (
        [(HALF, "classify_x_to_y", CLASSIFY), (HALF, "classify_x_to_y", CLASSIFY)],
        "Duplicate evaluation of signature: classify_x_to_y",
    ),
    "an unknown signature": ([(HALF, "nothing", CLASSIFY)], "Requested signature not found in model graph: nothing"),
    "a signature that regresses": (
        [(HALF, "regress_x_to_y", CLASSIFY)],
        "Expected classification signature outputs to contain at least one of ",
    ),
    "a signature that classifies": (
        [(HALF, "classify_x_to_y", REGRESS)],
        "No regression outputs found in SignatureDef: ",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_tasks_that_are_refused(prediction, case):
    tasks, text = REFUSED[case]
    request = inference_pb2.MultiInferenceRequest(input=example_input(floats(1)))
    for model, signature, method in tasks:
        task = request.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = model, signature
    assert refused(prediction, request).startswith(text)


@pytest.mark.parametrize("method", ["", "tensorflow/serving/predict", "classify"])
def test_other_methods_are_unimplemented(prediction, method):
    request = multi_inference_request(HALF, floats(1), ("regress_x_to_y", method))
    details = refused(prediction, request, grpc.StatusCode.UNIMPLEMENTED)
    assert details == f"Unsupported signature method_name: {method}"


def test_an_empty_input(prediction):
    request = multi_inference_request(HALF, [], ("regress_x_to_y", REGRESS))
    assert refused(prediction, request) == "Input is empty."


def test_one_task_that_fails_fails_all(prediction):
    request = multi_inference_request(
        "example_answers", floats(1), ("lengths", REGRESS), ("double_scores", CLASSIFY)
    )
    assert refused(prediction, request) == "Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE"


def test_malformed_messages(server):
    call = server.channel().unary_unary("/tensorflow.serving.PredictionService/MultiInference")
    for request in [b"\x0a\x05\x0a", b"\x12\x02\x0a\x05", b"\xff" * 20]:
        with pytest.raises(grpc.RpcError) as error:
            call(request, timeout=LONG)
        assert error.value.code() == INVALID
        assert "Malformed MultiInferenceRequest at byte " in error.value.details()
