"""grpc-swift-2 as a client: another HTTP/2 stack, with other habits than grpcio's.

The client is a Swift package of its own, which scripts/test builds when there is time.
"""

import base64
import os
import subprocess

import numpy
import pytest
from tensorflow_serving.apis import predict_pb2

from support.paths import ROOT
from support.reference import CASES
from support.tensors import array, assert_equal, predict_request
from support.waiting import LONG

PROGRAM = ROOT / ".build-grpc-swift-client/debug/grpc-swift-client"


@pytest.fixture(scope="module")
def client():
    if reason := os.environ.get("APUS_SKIP_GRPC_SWIFT_CLIENT"):
        pytest.skip(reason)
    assert PROGRAM.exists(), f"{PROGRAM} is not built; scripts/test says how"
    return PROGRAM


def calls(client, server, requests, *arguments):
    """Makes Predict calls at the same time over one connection; (code, answer or text) of each."""
    lines = "".join(
        f"tensorflow.serving.PredictionService Predict {base64.b64encode(request.SerializeToString()).decode()}\n"
        for request in requests
    )
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [client, str(server.grpc_port), *arguments],
        input=lines, capture_output=True, text=True, timeout=LONG, check=True, env=environment,
    )  # fmt: skip
    answers = [line.partition(" ") for line in done.stdout.splitlines()]
    assert len(answers) == len(requests), done
    return [
        (code, predict_pb2.PredictResponse.FromString(base64.b64decode(rest)) if code == "OK" else rest)
        for code, _, rest in answers
    ]


@pytest.mark.parametrize("compression", [[], ["gzip"]], ids=["plain", "gzip"])
def test_answers_equal_those_of_python_tensorflow(client, server, compression):
    requests = [predict_request(case.model, case.inputs, case.signature) for case in CASES]
    for case, (code, response) in zip(CASES, calls(client, server, requests, *compression)):
        assert code == "OK", response
        for name, value in case.expected.items():
            assert_equal(array(response.outputs[name]), value, f"{case.id} {name}")


def test_a_thousand_calls_at_once(client, server):
    requests = [predict_request("half_plus_two", {"x": numpy.float32([index])}) for index in range(1000)]
    for index, (code, response) in enumerate(calls(client, server, requests)):
        assert code == "OK" and array(response.outputs["y"]).tolist() == [index / 2 + 2], response


def test_large_messages_among_small_ones(client, server):
    # The client takes answers of up to 4 MiB.
    values = [numpy.arange(1_000_000, dtype="float32"), numpy.float32([1]), numpy.zeros(900_000, "float32")]
    requests = [predict_request("all_types", {"x": value}, "float32", content=True) for value in values]
    for value, (code, response) in zip(values, calls(client, server, requests)):
        assert code == "OK", response
        assert numpy.array_equal(array(response.outputs["y"]), value)


def test_refusals_arrive_with_code_and_text(client, server):
    requests = [
        predict_request("nobody", {}),
        predict_request("half_plus_two", {}),
        predict_request("half_plus_two", {"x": numpy.float32([2])}),
    ]
    missing, malformed, good = calls(client, server, requests)
    assert missing == ("notFound", "Servable not found for request: Latest(nobody)")
    assert malformed[0] == "invalidArgument" and "input size does not match signature" in malformed[1]
    assert good[0] == "OK"
