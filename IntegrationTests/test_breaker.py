"""The circuit breaker, by a model whose runs really fail: in the engine, or for what its caller sent."""

import threading
import zlib

import grpc
import numpy
import pytest
import tensorflow as tf

from support.metrics import scrape
from support.paths import MODELS
from support.server import apus_serve
from support.tensors import array, predict_request
from support.versions import settle
from support.waiting import LONG, NotYet, eventually

GOOD, BAD = zlib.compress(b"well"), b"no stream of zlib's"
REST_MS = 300


@pytest.fixture(scope="module")
def fragile(tmp_path_factory):
    """A model that inflates: bytes that are no stream are DATA_LOSS, an error of the engine's. Its other signature divides:
    by zero is INVALID_ARGUMENT, an error of the caller's."""

    class Fragile(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def inflate(self, x):
            return {"y": tf.io.decode_compressed(x, "ZLIB")}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
        def divide(self, x):
            return {"y": 12 // x}

    module = Fragile()
    base = tmp_path_factory.mktemp("fragile")
    signatures = {"serving_default": module.inflate, "divide": module.divide}
    tf.saved_model.save(module, str(base / "1"), signatures=signatures)
    settle(base / "1")
    return base


@pytest.fixture
def server(fragile):
    models = {"fragile": fragile, "half": MODELS / "half_plus_two"}
    with apus_serve(models, "--breaker-failures=3", f"--breaker-rest={REST_MS}") as server:
        yield server.wait_until_ready()


def inflate(server, value, stub=None):
    request = predict_request("fragile", {"x": numpy.array([value], object)})
    return array((stub or server.prediction()).Predict(request, timeout=LONG).outputs["y"]).tolist()


def refused(call, *arguments):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments)
    return caught.value


def half(server):
    request = predict_request("half", {"x": numpy.float32([2])})
    return array(server.prediction().Predict(request, timeout=LONG).outputs["y"]).tolist()


def state(server):
    return server.get("/v1/models/fragile/scheduler").json()["circuit_breaker"]["state"]


def breaker_metrics(server):
    page = scrape(server)
    labels = (("model_name", "fragile"), ("version", "1"))
    return [page.samples.get((f":apus:circuit_breaker_{name}", labels), 0) for name in ["open", "refusals"]]


def trip(server):
    for _ in range(3):
        assert refused(inflate, server, BAD).code() == grpc.StatusCode.DATA_LOSS
    assert state(server) == "open"


def test_a_model_that_fails_is_left_alone_and_others_serve_on(server):
    assert inflate(server, GOOD) == [b"well"]
    trip(server)
    # Also for requests that would have succeeded, over both APIs, with when to come again.
    error = refused(inflate, server, GOOD)
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    reason = "Version 1 of model fragile has failed too often and is left alone for a while; retry later"
    assert error.details() == reason
    assert 1 <= int(dict(error.trailing_metadata())["grpc-retry-pushback-ms"]) <= REST_MS
    for _ in range(20):
        assert half(server) == [3.0]

    def refused_over_rest():
        answer = server.post("/v1/models/fragile:predict", {"instances": [{"b64": "bm8="}]})
        return (answer.headers, answer.json()) if answer.status_code == 503 else None

    # The rest may be over by now: then this fails in the engine, and it is open again.
    headers, body = eventually(refused_over_rest, "a refusal over REST")
    assert body == {"error": reason}
    assert int(headers["Retry-After"]) == 1
    assert 1 <= int(headers["Retry-After-Ms"]) <= REST_MS
    is_open, refusals = breaker_metrics(server)
    assert is_open == 1 and refusals >= 2
    assert server.versions("fragile") == {1: "AVAILABLE"}, "it stays loaded"


def test_it_comes_back_by_itself(server):
    trip(server)

    def succeeds():
        try:
            return inflate(server, GOOD) == [b"well"]
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE
            raise NotYet(error)

    eventually(succeeds, "the model to be asked again")
    assert state(server) == "closed"
    is_open, refusals = breaker_metrics(server)
    assert is_open == 0 and refusals >= 0
    # Failures before do not count any more.
    for _ in range(2):
        assert refused(inflate, server, BAD).code() == grpc.StatusCode.DATA_LOSS
    assert inflate(server, GOOD) == [b"well"]
    assert state(server) == "closed"


def test_a_probe_that_fails_opens_it_again_and_few_reach_the_engine(server):
    """Eight callers who do not wait: in a second some four of their calls are tried, all others are answered at once."""
    trip(server)
    codes, lock = [], threading.Lock()
    enough = threading.Event()

    def ask():
        stub = server.prediction()
        while not enough.is_set():
            code = refused(inflate, server, BAD, stub).code()
            with lock:
                codes.append(code)

    callers = [threading.Thread(target=ask) for _ in range(8)]
    for caller in callers:
        caller.start()
    try:
        eventually(lambda: codes.count(grpc.StatusCode.DATA_LOSS) >= 3, "three probes")
    finally:
        enough.set()
        for caller in callers:
            caller.join()
    assert set(codes) == {grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNAVAILABLE}
    assert codes.count(grpc.StatusCode.UNAVAILABLE) > 10 * codes.count(grpc.StatusCode.DATA_LOSS)
    assert breaker_metrics(server)[1] == codes.count(grpc.StatusCode.UNAVAILABLE)


def test_what_the_caller_did_wrong_never_trips_it(server):
    def divide(number):
        request = predict_request("fragile", {"x": numpy.int32([number])}, signature="divide")
        return array(server.prediction().Predict(request, timeout=LONG).outputs["y"]).tolist()

    for _ in range(10):
        error = refused(divide, 0)
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and "division by zero" in error.details()
    assert divide(5) == [2]
    assert state(server) == "closed"
    assert breaker_metrics(server) == [0, 0]
