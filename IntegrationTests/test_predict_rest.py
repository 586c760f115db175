"""REST against every demo model: row form, columnar form, element types, byte-exact layout."""

import base64
import gzip
import json

import numpy
import pytest

from support.reference import CASES
from support.tensors import assert_equal


def encode(value):
    """An array as JSON carries it."""
    if value.dtype.kind == "O":
        flat = [text(item) for item in value.reshape(-1).tolist()]
        return nested(flat, value.shape)
    return value.tolist()


def text(item):
    try:
        decoded = item.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(item).decode()}
    return decoded


def nested(flat, shape):
    if not shape:
        return flat[0]
    size = len(flat) // shape[0] if shape[0] else 0
    return [nested(flat[index * size : (index + 1) * size], shape[1:]) for index in range(shape[0])]


def decode(value, like):
    """JSON as an array of the type of `like`."""
    like = numpy.asarray(like, dtype=object) if isinstance(like, bytes) else like
    if like.dtype.kind != "O":
        return numpy.array(value, dtype=like.dtype)
    flat = numpy.empty(like.shape, dtype=object)
    items = [value] if like.shape == () else flatten(value)
    for index, item in enumerate(items):
        if isinstance(item, dict):
            item = base64.b64decode(item["b64"])
        else:
            item = item.encode("utf-8", "surrogateescape")
        flat.reshape(-1)[index] = item
    return flat


def flatten(value):
    return [leaf for item in value for leaf in flatten(item)] if isinstance(value, list) else [value]


def answer(response):
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json"
    return json.loads(response.content.decode("utf-8", "surrogateescape"))


def rows(case):
    count = len(next(iter(case.inputs.values())))
    columns = {name: encode(value) for name, value in case.inputs.items()}
    if len(columns) == 1:
        return next(iter(columns.values()))
    return [{name: column[row] for name, column in columns.items()} for row in range(count)]


ROW_CASES = [case for case in CASES if case.has_rows and case.model != "mobilenet_v2"]
COLUMN_CASES = [case for case in CASES if case.inputs]


@pytest.mark.parametrize("case", ROW_CASES, ids=lambda case: case.id)
def test_row_form_equals_python_tensorflow(server, case):
    body = {"signature_name": case.signature, "instances": rows(case)}
    predictions = answer(server.post(f"/v1/models/{case.model}:predict", body))["predictions"]
    expected = case.expected
    for name, value in expected.items():
        actual = predictions if len(expected) == 1 else [row[name] for row in predictions]
        assert_equal(decode(actual, value), value, name)
    if len(expected) > 1:
        assert all(sorted(row) == sorted(expected) for row in predictions)


@pytest.mark.parametrize("case", COLUMN_CASES, ids=lambda case: case.id)
def test_column_form_equals_python_tensorflow(server, case):
    columns = {name: encode(value) for name, value in case.inputs.items()}
    body = {"signature_name": case.signature, "inputs": columns}
    outputs = answer(server.post(f"/v1/models/{case.model}/versions/1:predict", body))["outputs"]
    expected = case.expected
    if len(expected) > 1:
        assert sorted(outputs) == sorted(expected)
    for name, value in expected.items():
        assert_equal(decode(outputs if len(expected) == 1 else outputs[name], value), value, name)


def test_image_rows_equal_python_tensorflow(server):
    case = next(case for case in CASES if case.model == "mobilenet_v2")
    predictions = answer(server.post("/v1/models/mobilenet_v2:predict", {"instances": rows(case)}))["predictions"]
    assert_equal(decode(predictions, case.expected["probabilities"]), case.expected["probabilities"])


# ---- Layout, byte for byte ----


LAYOUT = [
    ("row", "half_plus_two", {"instances": [1.0, 2.0]}, '{\n    "predictions": [2.5, 3.0\n    ]\n}'),
    ("column", "half_plus_two", {"inputs": [1.0, 2.0]}, '{\n    "outputs": [\n        2.5,\n        3.0\n    ]\n}'),
]


@pytest.mark.parametrize("what, model, body, expected", LAYOUT, ids=[case[0] for case in LAYOUT])
def test_layout_is_tensorflow_servings(server, what, model, body, expected):
    assert server.post(f"/v1/models/{model}:predict", body).text == expected


def test_named_instances_of_a_single_input(server):
    body = {"instances": [{"x": [1.0]}, {"x": [2.0]}]}
    assert answer(server.post("/v1/models/half_plus_two:predict", body)) == {"predictions": [[2.5], [3.0]]}


@pytest.mark.parametrize(
    "number, printed",
    [
        ("1", "1.0"),
        ("0.1", "0.1"),
        ("0.333333333333", "0.333333343"),
        ("16777216", "16777216.0"),
        ("1e7", "1e+07"),
        ("1234567", "1234567.0"),
        ("0.00001", "1e-05"),
        ("-0.0", "-0.0"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1e39", "Infinity"),
    ],
)
def test_floats_are_printed_as_there(server, number, printed):
    body = f'{{"signature_name": "float32", "inputs": [{number}]}}'
    response = server.post("/v1/models/all_types:predict", body)
    assert response.text == f'{{\n    "outputs": [\n        {printed}\n    ]\n}}'


@pytest.mark.parametrize(
    "number, printed", [("0.1", "0.1"), ("0.33333333333333331", "0.33333333333333331"), ("1e22", "1e+22"), ("123456789", "123456789.0")]
)
def test_doubles_are_printed_as_there(server, number, printed):
    body = f'{{"signature_name": "float64", "inputs": [{number}]}}'
    response = server.post("/v1/models/all_types:predict", body)
    assert response.text == f'{{\n    "outputs": [\n        {printed}\n    ]\n}}'


# ---- Element types ----

ROUND_TRIPS = [
    ("float32", [[1.5, -2.25]]),
    ("float64", [1.5, 1e300]),
    ("int8", [-128, 127]),
    ("int16", [-32768, 32767]),
    ("int32", [-(2**31), 2**31 - 1]),
    ("int64", [-(2**63), 2**63 - 1]),
    ("uint8", [0, 255]),
    ("uint32", [0, 2**32 - 1]),
    ("uint64", [0, 2**64 - 1]),
    ("bool", [True, False]),
    ("string", ["", "zwölf", "\n\t\"quoted\" \\ \u0001", "\U0001f426"]),
    ("float32", 2.5),
    ("string", "scalar"),
    ("int32", [[[1], [2]], [[3], [4]]]),
]


@pytest.mark.parametrize("signature, value", ROUND_TRIPS, ids=[f"{name}-{index}" for index, (name, _) in enumerate(ROUND_TRIPS)])
def test_element_types_that_json_carries(server, signature, value):
    body = {"signature_name": signature, "inputs": value}
    assert answer(server.post("/v1/models/all_types:predict", body)) == {"outputs": value}


@pytest.mark.parametrize("signature", ["half", "bfloat16", "uint16", "complex64"])
def test_element_types_that_json_does_not_carry(server, signature):
    body = {"signature_name": signature, "inputs": [1]}
    response = server.post("/v1/models/all_types:predict", body)
    assert response.status_code == 501
    assert f"Conversion of JSON Value: 1 to type: {signature}" in response.json()["error"]


def test_base64_strings_in_and_out(server):
    raw = b"\x00\xff\xfe binary"
    body = {"signature_name": "as_bytes", "instances": [{"b64": base64.b64encode(raw).decode()}]}
    predictions = answer(server.post("/v1/models/strings:predict", body))["predictions"]
    assert predictions == [{"b64": base64.b64encode(raw).decode()}]


def test_base64_padding_is_optional(server):
    body = {"signature_name": "as_bytes", "instances": [{"b64": "AA"}]}
    assert answer(server.post("/v1/models/strings:predict", body))["predictions"] == [{"b64": "AA=="}]


def test_an_answer_without_rows(server):
    body = {"signature_name": "zeros", "inputs": {"count": 0}}
    assert answer(server.post("/v1/models/multi_signature:predict", body)) == {"outputs": []}


# ---- The dialect, headers ----


def test_trailing_text_and_a_byte_order_mark_are_ignored(server):
    body = b"\xef\xbb\xbf" + b'{"instances": [1.0]} trailing'
    assert answer(server.post("/v1/models/half_plus_two:predict", body)) == {"predictions": [2.5]}


def test_other_keys_are_ignored_and_the_first_of_two_wins(server):
    body = '{"other": {"deep": [1]}, "instances": [2.0], "instances": [4.0]}'
    assert answer(server.post("/v1/models/half_plus_two:predict", body)) == {"predictions": [3.0]}


def test_gzip_requests(server):
    body = gzip.compress(b'{"instances": [1.0, 2.0, 5.0]}')
    response = server.post("/v1/models/half_plus_two:predict", body, headers={"Content-Encoding": "gzip"})
    assert answer(response) == {"predictions": [2.5, 3.0, 4.5]}


def test_names_are_percent_decoded(server):
    assert answer(server.post("/v1/models/half%5Fplus%5Ftwo:predict", {"instances": [1.0]})) == {"predictions": [2.5]}


def test_a_large_row_request(server):
    body = {"instances": numpy.zeros((500, 784)).tolist()}
    predictions = answer(server.post("/v1/models/perceptron:predict", body))["predictions"]
    assert numpy.shape(predictions) == (500, 10)
