"""Malformed requests over REST: status, text and layout of the refusal; the connection lives on."""

import gzip
import json
import socket

import pytest
import requests

from support.waiting import LONG

HALF = "/v1/models/half_plus_two:predict"
TYPES = "/v1/models/all_types:predict"
MULTI = "/v1/models/multi_signature:predict"
GOOD = {"instances": [1.0]}


@pytest.fixture(scope="module")
def session(server):
    """One kept-alive connection for the whole module."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def ask(server, session, path, body=None, method=None, **arguments):
    """The answer; checks that the same connection answers a good question afterwards."""
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    method = method or ("GET" if body is None else "POST")
    answer = session.request(method, server.rest_url + path, data=body, timeout=LONG, **arguments)
    good = session.post(server.rest_url + HALF, data=json.dumps(GOOD), timeout=LONG)
    assert good.json() == {"predictions": [2.5]}
    return answer


def assert_refused(answer, status, text):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    error = json.loads(answer.text)["error"]
    assert text in error
    # Four spaces, one key, nothing after the brace.
    assert answer.text.startswith('{\n    "error": "') and answer.text.endswith('"\n}')


ONLY_ONE = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "

# path, body, status, text
PREDICT = {
    "empty body": (HALF, "", 400, "JSON Parse error: The document is empty"),
    "blank body": (HALF, "  \n ", 400, "JSON Parse error: The document is empty. at offset: "),
    "no JSON": (HALF, "hello", 400, "JSON Parse error: Invalid value. at offset: 0"),
    "cut short": (HALF, '{"instances": [1.0', 400, "JSON Parse error: Missing a comma or ']' after an array element."),
    "cut short in an object": (HALF, '{"instances": [1.0]', 400, "Missing a comma or '}' after an object member."),
    "no colon": (HALF, '{"instances" 1}', 400, "Missing a colon after a name of object member."),
    "no name": (HALF, "{1: 2}", 400, "Missing a name for object member."),
    "bad escape": (HALF, '{"instances": ["\\q"]}', 400, "Invalid escape character in string."),
    "open string": (HALF, '{"instances', 400, "Missing a closing quotation mark in string."),
    "half a surrogate pair": (HALF, '{"instances": ["\\ud800x"]}', 400, "The surrogate pair in string is invalid."),
    "no fraction": (HALF, '{"instances": [1.]}', 400, "Miss fraction part in number."),
    "no exponent": (HALF, '{"instances": [1e]}', 400, "Miss exponent in number."),
    "too large a number": (HALF, '{"instances": [1e400]}', 400, "Number too big to be stored in double."),
    "trailing comma": (HALF, '{"instances": [1.0,]}', 400, "JSON Parse error: Invalid value."),
    "comment": (HALF, '/**/{"instances": [1.0]}', 400, "JSON Parse error: Invalid value."),
    "raw control character": (HALF, '{"instances": ["\x01"]}', 400, "JSON Parse error: "),
    "a list": (HALF, [1.0], 400, "Is not object"),
    "a number": (HALF, "1", 400, "JSON Value: 1 Is not object"),
    "signature no string": (HALF, {"signature_name": 1, **GOOD}, 400, "'signature_name' key must be a string value."),
    "unknown signature": (
        HALF,
        {"signature_name": "nothing", **GOOD},
        400,
        'Serving signature name: "nothing" not found in signature def',
    ),
    "signature without inputs": (
        MULTI,
        {"signature_name": "constant", "instances": [1]},
        400,
        "Failed to get input map for signature: constant",
    ),
    "neither key": (HALF, {}, 400, "Missing 'inputs' or 'instances' key"),
    "both keys": (HALF, {"inputs": [1.0], **GOOD}, 400, ONLY_ONE),
    "instances no list": (HALF, {"instances": 1.0}, 400, "Expecting 'instances' to be an list/array"),
    "no instances": (HALF, {"instances": []}, 400, "No values in 'instances' array"),
    "a string for a float": (HALF, {"instances": ["1"]}, 400, "Type: String is not of expected type: float"),
    "null for a float": (HALF, {"instances": [None]}, 400, "Type: Null is not of expected type: float"),
    "true for a float": (HALF, {"instances": [True]}, 400, "Type: True is not of expected type: float"),
    "false for a float": (HALF, {"instances": [False]}, 400, "Type: False is not of expected type: float"),
    "plain rows for several inputs": (
        MULTI,
        GOOD,
        400,
        "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
        "tensorinfo_map",
    ),
    "plain value for several inputs": (
        MULTI,
        {"inputs": [1.0]},
        400,
        "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
        "tensorinfo_map",
    ),
    "a row without an input": (MULTI, {"instances": [{"a": 1.0}]}, 400, "keys must be equal to: a,b"),
    "a row with a wrong name": (
        MULTI,
        {"instances": [{"a": 1.0, "c": 1.0}]},
        400,
        "JSON object: does not have named input: c",
    ),
    "a list among objects": (
        MULTI,
        {"instances": [{"a": 1.0, "b": 1.0}, [1.0]]},
        400,
        "Expecting object but got list at item 1 of input list",
    ),
    "an object among values": (
        HALF,
        {"instances": [1.0, {"x": 1.0}]},
        400,
        "Expecting value/list but got object at item 1 of input list",
    ),
    "rows of other lengths": (MULTI, {"instances": [{"a": [1.0], "b": [1.0]}, {"a": [1.0, 2.0], "b": [1.0]}]}, 400, "Expecting"),
    "a missing column": (MULTI, {"inputs": {"a": [1.0]}}, 400, "Missing named input: b in 'inputs' object."),
    "a row of more elements": (HALF, {"instances": [[1.0], [2.0, 3.0]]}, 400, "Expecting tensor size: 1 but got: 2"),
    "a row of another shape": (HALF, {"instances": [[1.0], 2.0]}, 400, "Expecting shape [1] but got: []"),
    "ragged": (HALF, {"instances": [[[1.0], [2.0, 3.0]]]}, 400, "Encountered list at unexpected size"),
    "ragged in depth": (HALF, {"inputs": [[1.0], 2.0]}, 400, "found at incorrect level"),
    "too deep in one place": (HALF, {"inputs": [[1.0], [[2.0]]]}, 400, "Encountered list at unexpected level"),
    "fraction for an integer": (TYPES, '{"signature_name": "int32", "inputs": [1.0]}', 400, "is not of expected type: int32"),
    "too large for int32": (TYPES, '{"signature_name": "int32", "inputs": [2147483648]}', 400, "is not of expected type: int32"),
    "too large for int64": (
        TYPES,
        '{"signature_name": "int64", "inputs": [9223372036854775808]}',
        400,
        "is not of expected type: int64",
    ),
    "negative for uint64": (TYPES, '{"signature_name": "uint64", "inputs": [-1]}', 400, "is not of expected type: uint64"),
    "negative for uint32": (TYPES, '{"signature_name": "uint32", "inputs": [-1]}', 400, "is not of expected type: uint32"),
    "number for bool": (TYPES, '{"signature_name": "bool", "inputs": [1]}', 400, "Type: Number is not of expected type: bool"),
    "number for string": (TYPES, '{"signature_name": "string", "inputs": [1]}', 400, "is not of expected type: string"),
    "base64 that is none": (
        TYPES,
        {"signature_name": "string", "inputs": [{"b64": "*"}]},
        400,
        "Unable to base64 decode",
    ),
    "base64 object of two keys": (
        TYPES,
        {"signature_name": "string", "inputs": [{"b64": "AA==", "x": 1}]},
        400,
        "not formatted correctly for base64 data",
    ),
    "base64 of a number": (
        TYPES,
        {"signature_name": "string", "inputs": [{"b64": 1}]},
        400,
        "not formatted correctly for base64 data",
    ),
    "rows from a scalar": (
        MULTI,
        {"signature_name": "total", "instances": [1.0]},
        400,
        "has no shape information ",
    ),
    "an unknown model": (
        "/v1/models/nobody:predict",
        GOOD,
        404,
        "Servable not found for request: Latest(nobody)",
    ),
    "an unknown version": (
        "/v1/models/half_plus_two/versions/7:predict",
        GOOD,
        404,
        "Servable not found for request: Specific(half_plus_two, 7)",
    ),
    "an unknown label": (
        "/v1/models/half_plus_two/labels/canary:predict",
        GOOD,
        400,
        "Unrecognized servable version label: canary",
    ),
    "a version beyond int64": (
        "/v1/models/half_plus_two/versions/99999999999999999999:predict",
        GOOD,
        400,
        "Failed to convert version: 99999999999999999999 to numeric.",
    ),
    "a shape the graph cannot take": ("/v1/models/perceptron:predict", {"instances": [[1.0, 2.0]]}, 400, ""),
}


@pytest.mark.parametrize("case", PREDICT)
def test_refused_predictions(server, session, case):
    path, body, status, text = PREDICT[case]
    assert_refused(ask(server, session, path, body, method="POST"), status, text)


MALFORMED = [
    ("GET", HALF),
    ("POST", "/v1/models/half_plus_two"),
    ("POST", "/v1/models/half_plus_two/metadata"),
    ("POST", "/v1/models/half_plus_two:explain"),
    ("POST", "/v1/models/half_plus_two:PREDICT"),
    ("POST", HALF + "?x=1"),
    ("POST", HALF + "/"),
    ("GET", "/v1/models/half_plus_two/"),
    ("GET", "/v1/models/half_plus_two/versions/abc"),
    ("GET", "/v1/models/half_plus_two/versions/1/labels/x"),
    ("POST", "/v1/models/half_plus_two/versions/-1:predict"),
    ("PUT", HALF),
    ("DELETE", "/v1/models/half_plus_two"),
    ("PATCH", HALF),
    ("GET", "/v1/"),
    ("GET", "/v1/other"),
]


@pytest.mark.parametrize("method, path", MALFORMED, ids=[f"{method} {path}" for method, path in MALFORMED])
def test_malformed_paths(server, session, method, path):
    body = json.dumps(GOOD) if method in ("POST", "PUT", "PATCH") else None
    assert_refused(ask(server, session, path, body, method=method), 400, f"Malformed request: {method} {path}")


def test_head_is_refused_without_a_body(server, session):
    answer = ask(server, session, "/v1/models/half_plus_two", method="HEAD")
    assert answer.status_code == 400 and not answer.content


def test_no_model_name(server, session):
    assert_refused(ask(server, session, "/v1/models"), 400, "Missing model name in request.")


def test_a_query_is_part_of_the_model_name(server, session):
    assert_refused(ask(server, session, "/v1/models/half_plus_two?x=1"), 404, "half_plus_two?x=1")


@pytest.mark.parametrize("path", ["/consolex", "/v2x", "/favicon.ico"])
def test_paths_elsewhere_are_not_found(server, session, path):
    assert ask(server, session, path).status_code == 404


@pytest.mark.parametrize("origin, status", [("http://example.com", 200), ("https://x", 200), ("null", 400)])
def test_options_answers_by_origin(server, session, origin, status):
    answer = ask(server, session, HALF, method="OPTIONS", headers={"Origin": origin})
    assert answer.status_code == status and not answer.content
    assert "Access-Control-Allow-Origin" not in answer.headers


# ---- Hostile JSON ----

HOSTILE = {
    "a million open lists": '{"instances": ' + "[" * 1_000_000,
    "deep and closed": '{"instances": ' + "[" * 100_000 + "1" + "]" * 100_000 + "}",
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep in another key": '{"other": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "a long number": '{"instances": [' + "1" * 1_000_000 + "]}",
    "a long string": '{"instances": ["' + "x" * 1_000_000 + '"]}',
    "invalid UTF-8": b'{"instances": ["\xff\xfe"]}',
    "nul bytes": b'{"instances": [\0\0\0]}',
    "only quotes": '"' * 10_001,
    "only backslashes": '{"a": "' + "\\" * 10_001,
    "binary": bytes(range(256)) * 20,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_json_is_refused(server, session, case):
    answer = ask(server, session, HALF, HOSTILE[case])
    assert answer.status_code == 400, answer.text[:500]
    # V in an error text is cut near 256 bytes: an answer stays small whatever was asked.
    assert len(answer.content) < 2000 and b'"error"' in answer.content


def test_odd_but_legal_json_is_taken(server, session):
    answer = ask(server, session, HALF, '{"instances": [0.' + "1" * 100_000 + "]}")
    assert answer.json()["predictions"] == [pytest.approx(2 + 1 / 18)]
    rows = ask(server, session, HALF, '{"instances": [' + "[]," * 10_000 + "[]]}").json()["predictions"]
    assert rows == [[]] * 10_001


def test_every_truncation_of_a_body_is_refused(server, session):
    whole = '{"signature_name": "serving_default", "instances": [{"x": [1.5e0]}, {"x": [-2]}]}'
    assert ask(server, session, HALF, whole).json() == {"predictions": [[2.75], [1.0]]}
    for length in range(len(whole)):
        answer = session.post(server.rest_url + HALF, data=whole[:length], timeout=LONG)
        assert answer.status_code == 400 and "JSON Parse error" in answer.json()["error"], whole[:length]


# ---- Bodies and framing ----


@pytest.mark.parametrize(
    "body", [b"no gzip at all", gzip.compress(b'{"instances": [1.0]}')[:-9], b""], ids=["none", "cut", "empty"]
)
def test_gzip_that_is_none_is_an_empty_body(server, session, body):
    answer = ask(server, session, HALF, body, method="POST", headers={"Content-Encoding": "gzip"})
    assert_refused(answer, 400, "JSON Parse error: The document is empty")


def test_a_gzip_bomb_is_an_empty_body(server, session):
    """101 MiB of spaces in 100 kB: beyond the limit of 100 MiB it counts as no body."""
    bomb = gzip.compress(b" " * (101 << 20), compresslevel=9)
    answer = ask(server, session, HALF, bomb, headers={"Content-Encoding": "gzip"})
    assert_refused(answer, 400, "JSON Parse error: The document is empty")


RAW = {
    "garbage": b"\x00\x01\x02\x03\r\n\r\n",
    "no version": b"GET /v1/models/half_plus_two\r\n\r\n",
    "negative length": b"POST /v1/models/half_plus_two:predict HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "length that is no number": b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    "two lengths": b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
    "bad chunk": b"POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "endless header": b"GET / HTTP/1.1\r\nx: " + b"y" * 1_000_000,
    "many headers": b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 100_000,
    "endless path": b"GET /" + b"x" * 1_000_000,
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("case", RAW)
def test_broken_http_ends_only_its_own_connection(server, session, case):
    """Answered with an error or closed at once, never left hanging; others notice nothing."""
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=LONG) as connection:
        try:
            connection.sendall(RAW[case])
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while piece := connection.recv(65536):
                received += piece
        except ConnectionError:
            received = b""
    if received:
        status = int(received.split(b" ", 2)[1])
        assert 400 <= status < 600, received[:200]
    assert ask(server, session, HALF, GOOD).json() == {"predictions": [2.5]}


def test_two_requests_at_once_are_answered_in_turn(server):
    body = json.dumps(GOOD).encode()
    request = b"POST " + HALF.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=LONG) as connection:
        connection.sendall(request * 5 + b"GET /v1/models/nobody HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = b""
        while piece := connection.recv(65536):
            received += piece
    statuses = [part.split()[0] for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200"] * 5 + [b"404"]
    assert received.count(b'"predictions": [2.5\n    ]') == 5
