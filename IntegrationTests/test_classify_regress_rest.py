""":classify and :regress over REST: answers byte for byte, features from JSON, every refusal."""

import base64
import gzip
import json

import numpy
import pytest
import tensorflow as tf

from support.reference import loaded

HALF = "/v1/models/half_plus_two"
ANSWERS = "/v1/models/example_answers"


def ask(server, path, body, **arguments):
    response = server.post(path, body, **arguments)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json"
    return response


def refused(server, path, body, status=400):
    response = server.post(path, body)
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json"
    assert response.text.startswith('{\n    "error": "') and response.text.endswith('"\n}')
    return response.json()["error"]


# ---- Layout, byte for byte ----


@pytest.mark.parametrize("model, version", [("half_plus_two", ""), ("half_plus_two_tf2", ""), (HALF[11:], "/versions/1")])
def test_classify_layout(server, model, version):
    body = {"signature_name": "classify_x_to_y", "examples": [{"x": 2.0}, {"x": [4.0]}]}
    response = ask(server, f"/v1/models/{model}{version}:classify", body)
    assert response.text == '{\n    "results": [[["", 3.0]], [["", 4.0]]\n    ]\n}'


@pytest.mark.parametrize("model", ["half_plus_two", "half_plus_two_tf2"])
def test_regress_layout(server, model):
    body = {"signature_name": "regress_x_to_y2", "examples": [{"x": 2.0}, {"x": 4.0}]}
    assert ask(server, f"/v1/models/{model}:regress", body).text == '{\n    "results": [4.0, 5.0]\n}'


def test_labels_and_special_values(server):
    response = ask(server, ANSWERS + ":classify", {"signature_name": "special_values", "examples": [{}]})
    assert response.text == (
        '{\n    "results": [[["", 0.0], ["", -0.0], ["", 1e+07], ["", 0.333333343], ["", NaN], ["", -Infinity]]\n    ]\n}'
    )
    response = ask(server, ANSWERS + ":classify", {"signature_name": "text_labels", "examples": [{}]})
    label = '["a \\"quoted\\" zwölf", 0.0]'
    assert response.content.decode() == f'{{\n    "results": [[{label}, {label}, {label}]\n    ]\n}}'
    response = ask(server, ANSWERS + ":classify", {"signature_name": "no_columns", "examples": [{}, {}]})
    assert response.text == '{\n    "results": [[], []\n    ]\n}'


def test_labels_that_are_no_text_pass_through(server):
    body = {"signature_name": "bytes_labels", "examples": [{"x": {"b64": base64.b64encode(b"\xff\xfe").decode()}}]}
    response = ask(server, ANSWERS + ":classify", body)
    assert b"\xff\xfe" in response.content and response.content.endswith(b", 0.0]]\n    ]\n}")


def test_the_default_signature(server):
    x = numpy.float32([[5.1, 3.5, 1.4, 0.2]])
    results = ask(server, "/v1/models/classifier:classify", {"examples": [{"x": x[0].tolist()}]}).json()["results"]
    scores = loaded("classifier").signatures["predict_images"](images=tf.constant(x))["scores"].numpy()[0]
    assert [label for label, _ in results[0]] == [
        ["setosa", "versicolor", "virginica"][index] for index in numpy.argsort(-scores)
    ]
    numpy.testing.assert_allclose([score for _, score in results[0]], sorted(scores, reverse=True), rtol=1e-6)


def test_gzip_requests(server):
    """Small ones, and large ones that other threads decompress."""
    for count in [2, 20_000]:
        values = numpy.random.default_rng(count).normal(size=count).astype("float32")
        body = {"signature_name": "regress_x_to_y", "examples": [{"x": float(value)} for value in values]}
        sent = gzip.compress(json.dumps(body).encode())
        response = ask(server, HALF + ":regress", sent, headers={"Content-Encoding": "gzip"})
        numpy.testing.assert_allclose(response.json()["results"], values / 2 + 2, rtol=1e-6)


# ---- Features ----


def seen(server, body):
    """The Examples that the graph got."""
    results = ask(server, ANSWERS + ":classify", body).json()["results"]
    return [tf.train.Example.FromString(base64.urlsafe_b64decode(label)) for ((label, _),) in results]


def test_the_kind_of_a_feature_is_that_of_its_spelling(server):
    (example,) = seen(
        server,
        '{"examples": [{"f": [1.0, 2e0, -0.5], "i": [2, -3], "t": [true, false, 7], "s": "text", '
        '"b": [{"b64": "AP8="}, "x"], "one": 2.0, "big": 18446744073709551616, "nan": NaN, "none": []}]}',
    )
    feature = example.features.feature
    assert list(feature["f"].float_list.value) == [1.0, 2.0, -0.5]
    assert list(feature["i"].int64_list.value) == [2, -3]
    assert list(feature["t"].int64_list.value) == [1, 0, 7]
    assert list(feature["s"].bytes_list.value) == [b"text"]
    assert list(feature["b"].bytes_list.value) == [b"\x00\xff", b"x"]
    assert list(feature["one"].float_list.value) == [2.0]
    assert list(feature["big"].float_list.value) == [2.0**64]
    assert str(feature["nan"].float_list.value[0]) == "nan"
    assert feature["none"].WhichOneof("kind") is None and "none" in feature


def test_integers_are_not_floats(server):
    body = {"signature_name": "regress_x_to_y", "examples": [{"x": 2}]}
    assert "Data types don't match. Data type: int64 but expected type: float" in refused(server, HALF + ":regress", body)


def test_a_context_is_shared(server):
    body = {"context": {"x": 2.0}, "signature_name": "regress_x_to_y", "examples": [{}, {"other": 1}]}
    assert ask(server, HALF + ":regress", body).json() == {"results": [3.0, 3.0]}
    examples = seen(server, {"examples": [{"a": 1}, {"b": 2}], "context": {"c": "both"}})
    assert [sorted(example.features.feature) for example in examples] == [["a", "c"], ["b", "c"]]


# ---- Refusals ----

NO_EXAMPLES = "When method is classify, key 'examples' is expected and was not found"

REFUSED = {
    "empty body": ("", "JSON Parse error: The document is empty"),
    "cut short": ('{"examples": [{"x": 1}', "JSON Parse error: Missing a comma or ']' after an array element."),
    "a list": ([1], "JSON Value: [1] Is not object"),
    "signature no string": ({"signature_name": 1, "examples": [{}]}, "'signature_name' key must be a string value."),
    "no examples": ({}, "JSON Value: {} " + NO_EXAMPLES),
    "examples no list": ({"examples": {"x": 1}}, "Expecting 'examples' value to be an list/array"),
    "an empty list": ({"examples": []}, "'examples' value is an empty array"),
    "an example that is a list": ({"examples": [[1.0]]}, "Example must be JSON object but got JSON Array"),
    "a context that is a string": ({"context": "x", "examples": [{}]}, "Example must be JSON object but got JSON String"),
    "mixed kinds": ('{"examples": [{"f": [1, 2.0]}]}', "Unexpected element type in feature: f expecting type: int64"),
    "mixed kinds, text first": ('{"examples": [{"f": ["a", 1]}]}', "Unexpected element type in feature: f expecting type: bytes"),
    "null": ({"examples": [{"f": None}]}, "Feature: f has element with unexpected JSON type: Null"),
    "a nested list": ({"examples": [{"f": [[1]]}]}, "Feature: f has element with unexpected JSON type: Array"),
    "an object": ({"examples": [{"f": {"a": 1}}]}, "Feature: f has element with unexpected JSON type: Object"),
    "above int64": (
        '{"examples": [{"f": 9223372036854775808}]}',
        "Feature: f has uint64_t element. Only int64_t is supported.",
    ),
    "base64 that is none": ({"examples": [{"f": {"b64": "*"}}]}, "Unable to base64 decode"),
    "an unknown signature": (
        {"signature_name": "nothing", "examples": [{}]},
        "No signature was found with the name: nothing",
    ),
    "another signature": ({"signature_name": "two_inputs", "examples": [{}]}, "Expected one input Tensor."),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("method", ["classify", "regress"])
def test_refused_requests(server, method, case):
    body, text = REFUSED[case]
    assert text in refused(server, f"{ANSWERS}:{method}", body)


def test_models_that_are_not_there(server):
    body = {"examples": [{}]}
    assert refused(server, "/v1/models/nobody:classify", body, 404) == "Servable not found for request: Latest(nobody)"
    text = "Servable not found for request: Specific(half_plus_two, 7)"
    assert refused(server, HALF + "/versions/7:regress", body, 404) == text
    text = "Unrecognized servable version label: canary"
    assert refused(server, HALF + "/labels/canary:classify", body) == text
    # JSON comes first.
    assert "JSON Parse error" in refused(server, "/v1/models/nobody:classify", "x")


def test_outputs_that_are_no_answer(server):
    body = {"signature_name": "double_scores", "examples": [{}]}
    assert refused(server, ANSWERS + ":classify", body) == "Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE"
    body = {"signature_name": "matrix", "examples": [{}]}
    text = "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [1,3]"
    assert refused(server, ANSWERS + ":regress", body) == text


@pytest.mark.parametrize("path", [":Classify", ":classify/", ":classify?x=1", ":multi_inference", "/labels/:classify"])
def test_paths_that_are_not_matched(server, path):
    assert refused(server, HALF + path, {"examples": [{}]}) == f"Malformed request: POST {HALF}{path}"
