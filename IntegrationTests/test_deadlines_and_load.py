"""Deadlines, cancellation, keep-alive and many callers at once."""

import concurrent.futures
import json
import threading

import grpc
import numpy
import pytest

from support.paths import MODELS
from support.reference import CASES
from support.server import apus_serve
from support.tensors import array, assert_equal, predict_request
from support.waiting import LONG, eventually

# More steps than any machine makes before the test's own limit.
FOREVER = {"steps": numpy.int64(2**62)}


@pytest.fixture(scope="module")
def loops():
    """A server of its own, as these tests keep its engine threads busy."""
    with apus_serve({"loop": MODELS / "loop", "half_plus_two": MODELS / "half_plus_two"}, "--drain-grace=0") as server:
        server.wait_until_ready()
        yield server
        server.check_running()


def assert_still_answers(server):
    response = server.prediction().Predict(predict_request("half_plus_two", {"x": numpy.float32([2])}), timeout=LONG)
    assert array(response.outputs["y"]).tolist() == [3.0]


def steps_of(seconds, server):
    """How many steps of the loop take about so long here, measured."""
    stub, steps = server.prediction(), 100
    import time

    while True:
        start = time.monotonic()
        stub.Predict(predict_request("loop", {"steps": numpy.int64(steps)}), timeout=LONG)
        took = time.monotonic() - start
        if took > 0.2:
            return int(steps * seconds / took)
        steps *= 4


def test_a_run_ends_at_its_deadline(loops):
    """The client's deadline reaches the server (grpcio would give up by itself: the call is made by hand)."""
    from support.http2 import GRPCConnection
    from test_bad_requests_grpc import PREDICT, framed

    request = framed(predict_request("loop", FOREVER).SerializeToString())
    with GRPCConnection(loops.grpc_port) as connection:
        assert connection.call(PREDICT, request, [("grpc-timeout", "300m")])[0] == 4
        assert connection.call(PREDICT, request, [("grpc-timeout", "300000u")])[0] == 4
    assert_still_answers(loops)


def test_the_official_client_sees_deadline_exceeded(loops):
    with pytest.raises(grpc.RpcError) as caught:
        loops.prediction().Predict(predict_request("loop", FOREVER), timeout=0.3)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert_still_answers(loops)


def test_more_endless_runs_than_threads_all_end(loops):
    stub = loops.prediction()
    calls = [stub.Predict.future(predict_request("loop", FOREVER), timeout=0.5) for _ in range(24)]
    # What is known to come too late is refused before.
    late, refused = grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED
    assert late in {call.exception().code() for call in calls} <= {late, refused}
    assert_still_answers(loops)


def test_a_deadline_that_is_far_away_changes_nothing(loops):
    response = loops.prediction().Predict(predict_request("loop", {"steps": numpy.int64(5)}), timeout=LONG)
    assert array(response.outputs["steps_done"]) == 5


def test_a_deadline_of_nothing_is_refused(loops):
    from support.http2 import GRPCConnection
    from test_bad_requests_grpc import PREDICT, framed

    good = framed(predict_request("half_plus_two", {"x": numpy.float32([2])}).SerializeToString())
    with GRPCConnection(loops.grpc_port) as connection:
        assert connection.call(PREDICT, good, [("grpc-timeout", "0m")])[0] == 4
        assert connection.call(PREDICT, good, [("grpc-timeout", "99999999H")])[0] == 0
        for malformed in ["", "x", "1", "m", "-1m", "999999999m", "1 m", "1Q"]:
            status, text = connection.call(PREDICT, good, [("grpc-timeout", malformed)])
            assert status not in (0, 2), (malformed, status, text)
        assert connection.call(PREDICT, good)[0] == 0


def test_rest_ends_at_its_own_limit():
    arguments = ["--rest-timeout=300", "--drain-grace=0"]
    with apus_serve({"loop": MODELS / "loop"}, *arguments) as server:
        server.wait_until_ready()
        answer = server.post("/v1/models/loop:predict", {"inputs": {"steps": 2**62}})
        assert answer.status_code == 504
        assert answer.json() == {"error": "Timed out waiting for notification"}
        assert server.post("/v1/models/loop:predict", {"inputs": {"steps": 2}}).status_code == 200


def test_cancelled_calls_leave_the_server_free(loops):
    """Queued calls that were cancelled are not run: a good call is answered though hundreds of long ones were sent."""
    long = {"steps": numpy.int64(steps_of(0.5, loops))}
    channel = loops.channel()
    stub = loops.prediction(channel)
    calls = [stub.Predict.future(predict_request("loop", long), timeout=LONG) for _ in range(200)]
    for call in calls:
        call.cancel()
    assert all(call.cancelled() for call in calls)
    stub.Predict(predict_request("loop", {"steps": numpy.int64(1)}), timeout=LONG)


def test_a_client_that_goes_away_leaves_the_server_free(loops):
    long = {"steps": numpy.int64(steps_of(0.5, loops))}
    for _ in range(5):
        channel = grpc.insecure_channel(loops.grpc_address, options=[("grpc.use_local_subchannel_pool", 1)])
        stub = loops.prediction(channel)
        calls = [stub.Predict.future(predict_request("loop", long), timeout=LONG) for _ in range(10)]
        channel.close()
        del calls
    loops.prediction().Predict(predict_request("loop", {"steps": numpy.int64(1)}), timeout=LONG)


def test_a_long_run_does_not_hold_up_short_ones(loops):
    """One endless run; short calls on the same connection are answered before it ends."""
    stub = loops.prediction()
    endless = stub.Predict.future(predict_request("loop", FOREVER), timeout=LONG)
    for _ in range(50):
        response = stub.Predict(predict_request("half_plus_two", {"x": numpy.float32([2])}), timeout=LONG)
        assert array(response.outputs["y"]).tolist() == [3.0]
    assert not endless.done()
    endless.cancel()


def test_keep_alive_pings_are_answered(server):
    """A client that pings an idle connection every second, without calls, keeps it."""
    options = [
        ("grpc.keepalive_time_ms", 1000),
        ("grpc.keepalive_timeout_ms", 2000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    channel = server.channel(options=options)
    states = []
    channel.subscribe(states.append, try_to_connect=True)
    eventually(lambda: grpc.ChannelConnectivity.READY in states, "the channel to be ready")
    # Three pings' worth of idleness: there is nothing to wait for but the time itself.
    threading.Event().wait(3.5)
    assert states[-1] == grpc.ChannelConnectivity.READY, states
    server.prediction(channel).Predict(predict_request("half_plus_two", {"x": numpy.float32([1])}), timeout=LONG)


def test_eight_threads_of_mixed_calls(server):
    """Every model, both wires, several connections at once: each answer is the right one for its own question."""
    cases = [case for case in CASES if case.model != "loop"]
    channels = [server.channel() for _ in range(3)]
    stubs = [server.prediction(channel) for channel in channels]
    expected = {id(case): case.expected for case in cases}

    def work(seed):
        random = numpy.random.default_rng(seed)
        session_body = json.dumps({"instances": [float(seed), 2.0]})
        for _ in range(40):
            case = cases[int(random.integers(len(cases)))]
            stub = stubs[int(random.integers(len(stubs)))]
            content = bool(random.integers(2))
            response = stub.Predict(
                predict_request(case.model, case.inputs, case.signature, content=content), timeout=LONG
            )
            for name, value in expected[id(case)].items():
                assert_equal(array(response.outputs[name]), value, f"{case.id} {name}")
            answer = server.post("/v1/models/half_plus_two:predict", session_body)
            assert answer.json() == {"predictions": [seed / 2 + 2, 3.0]}
        return True

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_many_calls_in_flight_on_one_connection(server):
    stub = server.prediction(server.channel())
    calls = []
    for index in range(2000):
        request = predict_request("half_plus_two_tf2", {"x": numpy.float32([index, 1])})
        calls.append(stub.Predict.future(request, timeout=LONG))
    for index, call in enumerate(calls):
        assert array(call.result().outputs["y"]).tolist() == [index / 2 + 2, 2.5]


def test_many_connections(server):
    channels = [server.channel() for _ in range(100)]
    request = predict_request("half_plus_two", {"x": numpy.float32([2])})
    calls = [server.prediction(channel).Predict.future(request, timeout=LONG) for channel in channels]
    assert all(array(call.result().outputs["y"]).tolist() == [3.0] for call in calls)
    for channel in channels:
        channel.close()
