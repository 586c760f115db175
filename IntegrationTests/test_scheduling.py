"""Batching without parameters: what the scheduler does by itself, seen by clients and on its page."""

import concurrent.futures

import grpc
import numpy
import pytest

from support.paths import MODELS
from support.server import apus_serve, free_port, run_program, tensorflow_model_server
from support.tensors import array, predict_request
from support.waiting import LONG, eventually

SLOW = 1000.0


@pytest.fixture(scope="module")
def server():
    """One engine thread: what comes while it runs a slow request gathers behind it."""
    models = {name: MODELS / name for name in ["row_keeper", "batch_watcher", "text_classifier"]}
    with apus_serve(models, "--engine-threads=1") as server:
        server.wait_until_ready()
        server.stub = server.prediction()
        yield server
        server.check_running()


def ask(server, values, signature="", timeout=LONG, metadata=(), model="row_keeper"):
    request = predict_request(model, {"x": numpy.float32(values)}, signature)
    return server.stub.Predict.future(request, timeout=timeout, metadata=metadata)


def result(call, name="doubled"):
    return array(call.result().outputs[name]).tolist()


def page(server, model="row_keeper", path=""):
    answer = server.get(f"/v1/models/{model}{path}/scheduler")
    assert answer.status_code == 200, answer.text
    return answer.json()


def queue(server, name="serving_default", model="row_keeper"):
    return next(queue for queue in page(server, model)["queues"] if queue["requests"] == name)


def largest_batch(queue):
    return max((release["requests"] for release in queue["last_releases"]), default=0)


def together(server, values, signature="", model="row_keeper"):
    """Calls that wait behind a slow one, so that they can share a batch."""
    slow = ask(server, [SLOW])
    calls = [ask(server, value, signature, model=model) for value in values]
    slow.result()
    return calls


def until_verified(server):
    """Sends calls that gather until their batches count as proven."""

    def verified():
        calls = together(server, [[1], [2], [3]])
        assert [result(call) for call in calls] == [[2.0], [4.0], [6.0]]
        return queue(server)["batches"] == "give what single runs give"

    eventually(verified, "batches to be proven")


# ---- Batches that nobody asked for ----


def test_requests_that_wait_share_a_batch_and_get_their_own_rows(server):
    until_verified(server)

    def gathered():
        calls = together(server, [[value, value + 0.5] for value in range(20)])
        assert [result(call) for call in calls] == [[2.0 * value, 2.0 * value + 1] for value in range(20)]
        return largest_batch(queue(server)) >= 5

    eventually(gathered, "a batch of several requests")
    last = queue(server)
    assert last["policy"] == "adaptive"
    assert last["curves"][0]["points"] and all(point["microseconds"] > 0 for point in last["curves"][0]["points"])
    release = last["last_releases"][-1]
    assert release["reason"] and release["rows"] >= 1 and "left_waiting" in release
    assert last["waiting"] == {"tasks": 0, "rows": 0, "bytes": 0}


def test_rest_and_grpc_share_batches(server):
    until_verified(server)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:

        def both():
            slow = ask(server, [SLOW])
            posts = [
                pool.submit(server.post, "/v1/models/row_keeper:predict", {"instances": [value]}) for value in range(4)
            ]
            calls = [ask(server, [value]) for value in range(4)]
            slow.result()
            assert [result(call) for call in calls] == [[0.0], [2.0], [4.0], [6.0]]
            assert [post.result().json() for post in posts] == [{"predictions": [2.0 * value]} for value in range(4)]
            return largest_batch(queue(server)) >= 5

        eventually(both, "a batch of REST and gRPC")


def test_a_signature_that_mixes_rows_is_found_out_and_run_alone(server):
    def found_out():
        calls = together(server, [[1], [2], [5], [9]], "centred")
        # Each by itself: less its own mean. Never that of a batch.
        assert [result(call, "centred") for call in calls] == [[0.0]] * 4
        return queue(server, "centred")["batches"].startswith("not used, as they give something else than single runs: ")

    eventually(found_out, "the mixed rows to be found out")
    for _ in range(3):
        calls = together(server, [[1, 3], [7, 9]], "centred")
        assert [result(call, "centred") for call in calls] == [[-1.0, 1.0]] * 2


def test_a_signature_of_open_rank_is_not_batched(server):
    calls = [ask(server, value, model="batch_watcher") for value in [[1], [2, 3], [4]]]
    assert [result(call, "rows") for call in calls] == [[1], [2, 2], [1]]
    assert [queue["requests"] for queue in page(server, "batch_watcher")["queues"]] == ["those that share no batch"]


def test_one_bad_request_fails_alone(server):
    until_verified(server)
    for _ in range(5):
        good, bad = [[1], [2], [3], [4]], [-1]
        calls = together(server, [*good[:2], bad, *good[2:]])
        assert calls[2].exception().code().name == "INVALID_ARGUMENT"
        assert "a value is negative" in calls[2].exception().details()
        assert [result(calls[index]) for index in [0, 1, 3, 4]] == [[2.0], [4.0], [6.0], [8.0]]


def test_requests_of_another_shape_or_type_do_not_disturb(server):
    until_verified(server)
    slow = ask(server, [SLOW])
    wide = ask(server, [[1, 2, 3]], "widths")
    narrow = ask(server, [[1], [2]], "widths")
    typed = server.stub.Predict.future(predict_request("row_keeper", {"x": numpy.float64([1.0])}), timeout=LONG)
    matrix = ask(server, [[1.0, 2.0]])
    plain = ask(server, [4])
    unknown = predict_request("row_keeper", {"x": numpy.float32([1])}, output_filter=["nothing"])
    unknown = server.stub.Predict.future(unknown, timeout=LONG)
    slow.result()
    assert result(wide, "width") == [3] and result(narrow, "width") == [1, 1]
    assert result(plain) == [8.0]
    # The model's own word: this signature takes vectors.
    assert "must be a scalar" in matrix.exception().details() or "should be a scalar" in matrix.exception().details()
    assert typed.exception().code().name == "INVALID_ARGUMENT"
    assert unknown.exception().code().name == "INVALID_ARGUMENT"


def test_a_request_without_rows_answers_at_once(server):
    assert result(ask(server, [])) == []


def test_a_cancelled_request_leaves_the_queue(server):
    slow = ask(server, [SLOW, SLOW])
    waiting = [ask(server, [value]) for value in range(3)]
    for call in waiting:
        call.cancel()
    eventually(lambda: slow.done() or queue(server)["waiting"]["tasks"] == 0, "the queue to be empty")
    assert result(slow) == [2 * SLOW, 2 * SLOW]
    assert result(ask(server, [1])) == [2.0]


def test_many_callers_get_their_own_answers(server):
    tokens = numpy.random.default_rng(3).integers(0, 20_000, (64, 200)).astype("int32")
    alone = [
        array(server.stub.Predict(request, timeout=LONG).outputs["probabilities"])
        for request in (predict_request("text_classifier", {"tokens": row[None]}) for row in tokens)
    ]
    calls = [
        server.stub.Predict.future(predict_request("text_classifier", {"tokens": tokens[start : start + size]}), timeout=LONG)
        for start in range(0, 60, 3)
        for size in [1, 2, 3]
    ]
    for index, call in enumerate(calls):
        start, size = index // 3 * 3, index % 3 + 1
        expected = numpy.concatenate(alone[start : start + size])
        numpy.testing.assert_allclose(array(call.result().outputs["probabilities"]), expected, rtol=1e-4, atol=1e-6)


def test_without_adaptive_batching_each_request_runs_alone():
    with apus_serve({"row_keeper": MODELS / "row_keeper"}, "--engine-threads=1", "--no-adaptive-batching") as server:
        server.wait_until_ready()
        server.stub = server.prediction()
        for _ in range(3):
            calls = together(server, [[1], [2], [3]])
            assert [result(call) for call in calls] == [[2.0], [4.0], [6.0]]
        queues = page(server)["queues"]
        assert [queue["requests"] for queue in queues] == ["those that share no batch"]
        assert {release["requests"] for release in queues[0]["last_releases"]} == {1}


# ---- Deadlines, priorities, refusals ----


@pytest.fixture(scope="module")
def hurried():
    """Answers of row_keeper are wanted within 5 ms; a slow one takes longer than that."""
    with apus_serve(
        {"row_keeper": MODELS / "row_keeper", "batch_watcher": MODELS / "batch_watcher"},
        "--engine-threads=1",
        "--latency-slo=row_keeper=5ms",
    ) as server:
        server.wait_until_ready()
        server.stub = server.prediction()
        yield server
        server.check_running()


def test_what_cannot_be_in_time_is_refused_with_when_to_try_again(hurried):
    assert page(hurried)["latency_slo_ms"] == 5.0

    def refused():
        # No objective of its own: it occupies the one thread for longer than row_keeper's callers have.
        slow = [ask(hurried, [SLOW], model="batch_watcher") for _ in range(4)]
        answer = hurried.post("/v1/models/row_keeper:predict", {"instances": [1.0]})
        call = ask(hurried, [1])
        error = call.exception()
        for call in slow:
            call.result()
        if answer.status_code != 429 or error is None:
            return None
        return answer, error

    answer, error = eventually(refused, "requests to be refused")
    assert int(answer.headers["Retry-After"]) >= 1 and int(answer.headers["Retry-After-Ms"]) >= 1
    assert "error" in answer.json() and answer.json()["error"]
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and error.details()
    trailers = dict(error.trailing_metadata())
    assert int(trailers["grpc-retry-pushback-ms"]) >= 1
    details = trailers["grpc-status-details-bin"]
    assert error.details().encode() in details and b"type.googleapis.com/google.rpc.RetryInfo" in details
    losses = queue(hurried)
    assert sum(losses["dropped"].values()) + sum(losses["refused"].values()) >= 2 and losses["last_losses"]
    assert result(ask(hurried, [1])) == [2.0], "an idle server answers again"


def test_the_deadline_of_a_rest_request(server):
    slow = ask(server, [SLOW] * 3)
    answer = server.post(
        "/v1/models/row_keeper:predict", {"instances": [1.0]}, headers={"x-request-timeout-ms": "1.5"}
    )
    assert answer.status_code in (429, 504) and answer.json()["error"]
    slow.result()
    answer = server.post(
        "/v1/models/row_keeper:predict", {"instances": [1.0]}, headers={"X-Request-Timeout-Ms": "60000"}
    )
    assert answer.json() == {"predictions": [2.0]}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-request-priority", "urgent"),
        ("x-request-priority", "101"),
        ("x-request-priority", ""),
        ("x-request-timeout-ms", "soon"),
        ("x-request-timeout-ms", "-1"),
        ("x-request-timeout-ms", "1e3"),
        ("x-tenant", "t" * 129),
    ],
)
def test_header_fields_that_cannot_be_read(server, header, value):
    answer = server.post("/v1/models/row_keeper:predict", {"instances": [1.0]}, headers={header: value})
    assert answer.status_code == 400 and answer.json()["error"].startswith(f"{header}: expected ")
    if header != "x-request-timeout-ms":
        error = ask(server, [1], metadata=[(header, value)]).exception()
        assert error.code().name == "INVALID_ARGUMENT" and error.details().startswith(f"{header}: expected ")


def test_priorities_and_tenants_are_taken(server):
    slow = ask(server, [SLOW])
    calls = [ask(server, [value], metadata=[("x-request-priority", str(value)), ("x-tenant", f"t{value}")]) for value in range(5)]
    assert [result(call) for call in calls] == [[2.0 * value] for value in range(5)]
    slow.result()
    headers = {"x-request-priority": "-100", "x-tenant": "batch"}
    answer = server.post("/v1/models/row_keeper:predict", {"instances": [1.0]}, headers=headers)
    assert answer.json() == {"predictions": [2.0]}


# ---- The page and the flags ----


def test_the_page_of_versions_and_of_models_that_are_not_there(server):
    assert page(server)["version"] == "1" and page(server, path="/versions/1")["model"] == "row_keeper"
    for path in ["/v1/models/nothing/scheduler", "/v1/models/row_keeper/versions/9/scheduler"]:
        answer = server.get(path)
        assert answer.status_code == 404 and "error" in answer.json()
    assert server.get("/v1/models/scheduler").status_code == 404


def test_the_page_of_a_model_with_parameters(tmp_path):
    parameters = tmp_path / "batching.txt"
    parameters.write_text("max_batch_size { value: 4 } batch_timeout_micros { value: 1000 }")
    with tensorflow_model_server(
        f"--port={free_port()}",
        f"--rest_api_port={free_port()}",
        "--enable_batching",
        f"--batching_parameters_file={parameters}",
        "--model_name=row_keeper",
        f"--model_base_path={MODELS / 'row_keeper'}",
    ) as server:
        server.wait_until_ready()
        server.stub = server.prediction()
        assert result(ask(server, [1, 2])) == [2.0, 4.0]
        queues = page(server)["queues"]
        assert queues[0]["policy"] == "batching_parameters" and "batches" not in queues[0]
        assert queues[0]["last_releases"][-1]["rows"] == 2
        assert "batch_timeout_micros" in queues[0]["last_releases"][-1]["reason"]


@pytest.mark.parametrize("value", ["25", "ms", "5 ms", "0ms", "m=", "=5ms", "5ms,6ms", "m=5ms,m=6ms", "1e9s"])
def test_objectives_that_cannot_be_read(value):
    done = run_program(
        "tensorflow_model_server", "--model_name=m", "--model_base_path=/nowhere", f"--latency_slo={value}"
    )
    assert done.returncode != 0 and "latency_slo: expected a time like 25ms or MODEL=25ms" in done.stdout + done.stderr


def test_the_stock_binary_takes_objectives(tmp_path):
    with tensorflow_model_server(
        f"--port={free_port()}",
        f"--rest_api_port={free_port()}",
        "--latency_slo=row_keeper=80ms,1s",
        "--pad_models=row_keeper,other",
        "--model_name=row_keeper",
        f"--model_base_path={MODELS / 'row_keeper'}",
    ) as server:
        server.wait_until_ready()
        assert page(server)["latency_slo_ms"] == 80.0
