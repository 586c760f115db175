"""Clients that are not gRPC libraries: curl, nghttp, h2load."""

import json
import re
import shutil
import subprocess

import numpy
import pytest
from tensorflow_serving.apis import predict_pb2

from support.tensors import array, predict_request
from support.waiting import LONG
from test_bad_requests_grpc import PREDICT, framed

REQUEST = framed(predict_request("half_plus_two", {"x": numpy.float32([1, 2, 5])}).SerializeToString())


def run(*command, **arguments):
    assert shutil.which(command[0]), f"{command[0]} is not installed: run scripts/setup"
    return subprocess.run(command, capture_output=True, timeout=LONG, check=True, **arguments).stdout


def test_curl_over_rest(server):
    url = f"{server.rest_url}/v1/models/half_plus_two:predict"
    assert json.loads(run("curl", "-sS", "-d", '{"instances": [1.0, 2.0, 5.0]}', url)) == {"predictions": [2.5, 3.0, 4.5]}


def test_curl_sends_a_large_body_after_a_100_continue(server):
    """curl waits for `100 Continue` before a body of more than 1 MB."""
    body = json.dumps({"instances": numpy.zeros((400, 784)).tolist()})
    url = f"{server.rest_url}/v1/models/perceptron:predict"
    answer = run("curl", "-sS", "-H", "Expect: 100-continue", "--data-binary", "@-", url, input=body.encode())
    assert numpy.shape(json.loads(answer)["predictions"]) == (400, 10)


def test_curl_sends_chunks(server):
    url = f"{server.rest_url}/v1/models/half_plus_two:predict"
    answer = run("curl", "-sS", "-H", "Transfer-Encoding: chunked", "-d", '{"instances": [1.0]}', url)
    assert json.loads(answer) == {"predictions": [2.5]}


def test_curl_compresses(server):
    import gzip

    url = f"{server.rest_url}/v1/models/half_plus_two:predict"
    body = gzip.compress(b'{"instances": [1.0]}')
    answer = run("curl", "-sS", "-H", "Content-Encoding: gzip", "--data-binary", "@-", url, input=body)
    assert json.loads(answer) == {"predictions": [2.5]}


def test_curl_speaks_grpc(server, tmp_path):
    """HTTP/2 without TLS and without an upgrade, trailers included."""
    headers = tmp_path / "headers"
    answer = run(
        "curl", "-sS", "--http2-prior-knowledge", "-D", str(headers), "-H", "content-type: application/grpc",
        "-H", "te: trailers", "--data-binary", "@-", f"http://{server.grpc_address}{PREDICT}", input=REQUEST,
    )  # fmt: skip
    response = predict_pb2.PredictResponse.FromString(answer[5:])
    assert array(response.outputs["y"]).tolist() == [2.5, 3.0, 4.5]
    text = headers.read_text().lower()
    assert text.startswith("http/2 200") and "content-type: application/grpc" in text and "grpc-status: 0" in text


def test_nghttp_speaks_grpc(server, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(REQUEST)
    output = run(
        "nghttp", "-v", "-H", ":method: POST", "-H", "content-type: application/grpc", "-H", "te: trailers",
        "-d", str(body), f"http://{server.grpc_address}{PREDICT}",
    )  # fmt: skip
    plain = re.sub(rb"\x1b\[[0-9;]*m", b"", output)
    assert b"grpc-status: 0" in plain and b":status: 200" in plain


@pytest.mark.parametrize("connections, streams", [(1, 16), (16, 1), (4, 100)])
def test_h2load_gets_every_answer(server, tmp_path, connections, streams):
    body = tmp_path / "body"
    body.write_bytes(REQUEST)
    output = run(
        "h2load", "-n", "4000", "-c", str(connections), "-m", str(streams), "-d", str(body),
        "-H", "content-type: application/grpc", "-H", "te: trailers", f"http://{server.grpc_address}{PREDICT}",
    ).decode()  # fmt: skip
    assert "4000 total, 4000 started, 4000 done, 4000 succeeded, 0 failed, 0 errored, 0 timeout" in output, output


def test_h2load_over_rest(server, tmp_path):
    body = tmp_path / "body"
    body.write_text('{"instances": [1.0, 2.0, 5.0]}')
    url = f"{server.rest_url}/v1/models/half_plus_two:predict"
    output = run("h2load", "--h1", "-n", "4000", "-c", "16", "-m", "4", "-d", str(body), url).decode()
    assert "4000 succeeded, 0 failed, 0 errored, 0 timeout" in output, output


def test_http2_on_the_rest_port_and_http1_on_the_grpc_port_are_refused(server):
    """The wrong wire gets a quick end, not a silence."""
    done = subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "-m", "20", server.rest_url], capture_output=True, timeout=LONG
    )
    assert done.returncode not in (0, 28), done
    done = subprocess.run(
        ["curl", "-sS", "--http1.1", "-m", "20", f"http://{server.grpc_address}/"], capture_output=True, timeout=LONG
    )
    assert done.returncode != 28, done
