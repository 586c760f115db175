"""What REST is as HTTP: header fields, methods, CORS, compression, time limits."""

import concurrent.futures
import email.utils
import gzip
import json
import socket

import pytest
import requests

from support.paths import MODELS
from support.server import apus_serve
from support.waiting import LONG

HALF = "/v1/models/half_plus_two"
GOOD = {"instances": [1.0]}
ANSWER = '{\n    "predictions": [2.5\n    ]\n}'

# method, path, body, status
EVERY_KIND = {
    "prediction": ("POST", HALF + ":predict", GOOD, 200),
    "status": ("GET", HALF, None, 200),
    "metadata": ("GET", HALF + "/metadata", None, 200),
    "refused prediction": ("POST", HALF + ":predict", {}, 400),
    "refused regression": ("POST", HALF + ":regress", {}, 400),
    "unknown model": ("GET", "/v1/models/nobody", None, 404),
    "no model": ("GET", "/v1/models", None, 400),
    "malformed path": ("GET", "/v1/x", None, 400),
    "wrong verb": ("PUT", HALF + ":predict", GOOD, 400),
}


def ask(server, case):
    method, path, body, status = EVERY_KIND[case]
    answer = requests.request(
        method, server.rest_url + path, data=None if body is None else json.dumps(body), timeout=LONG
    )
    assert answer.status_code == status, answer.text
    return answer


@pytest.mark.parametrize("case", EVERY_KIND)
def test_every_answer_says_what_it_is(server, case):
    headers = ask(server, case).headers
    assert headers["Content-Type"] == "application/json"
    assert int(headers["Content-Length"]) > 0
    assert email.utils.parsedate_to_datetime(headers["Date"]).tzinfo is not None
    assert "Connection" not in headers, "kept alive, as HTTP/1.1 has it"
    # requests sends `Accept-Encoding: gzip`.
    assert "Content-Encoding" not in headers
    assert not [name for name in headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "", "multipart/form-data"])
def test_the_requests_content_type_is_ignored(server, content_type):
    answer = server.post(HALF + ":predict", GOOD, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.text) == (200, ANSWER)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate, gzip"])
def test_an_encoding_that_contains_gzip_is_gzip(server, encoding):
    body = gzip.compress(json.dumps(GOOD).encode())
    assert server.post(HALF + ":predict", body, headers={"Content-Encoding": encoding}).text == ANSWER


@pytest.mark.parametrize("encoding", ["identity", "deflate", "br"])
def test_other_encodings_are_not_looked_at(server, encoding):
    assert server.post(HALF + ":predict", GOOD, headers={"Content-Encoding": encoding}).text == ANSWER


def test_many_compressed_requests_at_once(server):
    """Decompressed on other threads; each gets its own answer."""

    def ask(number):
        body = gzip.compress(json.dumps({"instances": [float(number)] * 50_000}).encode() + b" " * 1_000_000)
        return server.post(HALF + ":predict", body, headers={"Content-Encoding": "gzip"}).json()["predictions"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for number, predictions in enumerate(pool.map(ask, range(16))):
            assert predictions == [number / 2 + 2] * 50_000


def test_error_texts_are_whole(server):
    """gRPC cuts them after 1024 bytes; REST does not."""
    name = "n" * 3000
    answer = server.get(f"/v1/models/{name}")
    assert answer.text == f'{{\n    "error": "Could not find any versions of model {name}"\n}}'


def test_metadata_by_label_needs_the_label(server):
    answer = server.get(HALF + "/labels/canary/metadata")
    assert (answer.status_code, answer.json()["error"]) == (400, "Unrecognized servable version label: canary")


def test_fixed_words_match_in_any_case(server):
    assert server.post("/V1/Models/half_plus_two/VERSIONS/1:predict", GOOD).text == ANSWER


def test_encoded_slashes_and_colons_are_part_of_the_name(server):
    answer = server.post("/v1/models/a%2Fb%3Ac:predict", GOOD)
    assert answer.json()["error"] == "Servable not found for request: Latest(a/b:c)"


@pytest.mark.parametrize("method, statuses", [("TRACE", {501, 400, 405}), ("CONNECT", {400, 501}), ("BREW", {501, 400})])
def test_verbs_that_are_not_http_requests_here(server, method, statuses):
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=LONG) as connection:
        connection.sendall(f"{method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    assert int(received.split()[1]) in statuses


def test_paths_elsewhere_are_a_page(server):
    answer = server.get("/index.html")
    assert answer.status_code == 404 and answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", [HALF + ":predict", "/v1/anything"])
def test_preflights(server, path):
    for headers, status in [({"Origin": "https://a.example"}, 200), ({"Origin": "file://"}, 400), ({}, 400)]:
        answer = requests.options(server.rest_url + path, headers=headers, timeout=LONG)
        assert (answer.status_code, answer.content) == (status, b"")


def test_answers_may_have_other_rows_than_the_request(server):
    body = {"signature_name": "more_scores", "instances": ["one"]}
    answer = server.post("/v1/models/example_answers:predict", body)
    assert answer.text == '{\n    "predictions": [[1.0], [1.0]\n    ]\n}'


def test_several_outputs_of_a_row(server):
    body = {"instances": [{"a": 1.5, "b": 2.0}, {"a": 3.0, "b": 4.0}]}
    text = server.post("/v1/models/multi_signature:predict", body).text
    row = (
        '        {{\n            "difference": {},\n            "product": {},\n            "sum": {}\n        }}'
    )
    rows = ",\n".join([row.format("-0.5", "3.0", "3.5"), row.format("-1.0", "12.0", "7.0")])
    assert text == '{\n    "predictions": [\n' + rows + "\n    ]\n}"


# ---- Servers of their own ----


@pytest.fixture(scope="module")
def configured():
    """With CORS, and with tensor_content in gRPC answers, which is no affair of REST's."""
    with apus_serve({"half_plus_two": MODELS / "half_plus_two"}, "--cors", "--tensor-content") as server:
        server.wait_until_ready()
        yield server
        server.check_running()


CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}


@pytest.mark.parametrize("case", EVERY_KIND)
def test_cors_headers_on_every_answer(configured, case):
    headers = ask(configured, case).headers
    assert {name: headers.get(name) for name in CORS} == CORS


@pytest.mark.parametrize("origin, status", [("http://a.example", 200), ("null", 400)])
def test_cors_headers_on_preflights(configured, origin, status):
    answer = requests.options(configured.rest_url + HALF, headers={"Origin": origin}, timeout=LONG)
    assert (answer.status_code, answer.content) == (status, b"")
    assert {name: answer.headers.get(name) for name in CORS} == CORS


def test_no_cors_headers_elsewhere(configured):
    assert not [name for name in configured.get("/other").headers if name.startswith("Access-Control")]


def test_tensor_content_changes_nothing_over_rest(configured):
    """TensorFlow Serving with enable_serialization_as_tensor_content reads typed fields that are empty then."""
    assert configured.post(HALF + ":predict", GOOD).text == ANSWER


def test_what_waits_for_a_thread_ends_at_the_limit_too():
    """One engine thread, which the first call keeps: the others time out behind it."""
    arguments = ["--rest-timeout=500", "--drain-grace=0", "--engine-threads=1"]
    with apus_serve({"loop": MODELS / "loop"}, *arguments) as server:
        server.wait_until_ready()

        def ask(_):
            return server.post("/v1/models/loop:predict", {"inputs": {"steps": 2**62}})

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            for answer in pool.map(ask, range(6)):
                assert answer.status_code == 504
                assert answer.text == '{\n    "error": "Timed out waiting for notification"\n}'
        server.check_running()


def test_no_limit():
    with apus_serve({"half_plus_two": MODELS / "half_plus_two"}, "--rest-timeout=0") as server:
        server.wait_until_ready()
        assert server.post(HALF + ":predict", GOOD).text == ANSWER
