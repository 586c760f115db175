"""Batching as configured (`--enable_batching`), seen through a model that tells what batches it gets."""

import concurrent.futures
import shutil

import grpc
import numpy
import pytest
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2

from support.paths import MODELS
from support.reference import example
from support.server import apus_serve, free_port, run_program, tensorflow_model_server
from support.tensors import array, predict_request
from support.waiting import LONG

# Longer than any test: only a full batch, or a request that does not fit, lets a batch go.
FOREVER = 1_000_000_000
WHEN_FULL = f"""
    max_batch_size {{ value: 4 }}
    batch_timeout_micros {{ value: {FOREVER} }}
    max_enqueued_batches {{ value: 100 }}
    num_batch_threads {{ value: 2 }}
"""


def serve(folder, parameters=None, *arguments, base=MODELS / "batch_watcher", name="batch_watcher"):
    """The stock binary's command line, with batching; `parameters` is the text of the file."""
    flags = [f"--port={free_port()}", f"--rest_api_port={free_port()}", "--enable_batching"]
    if parameters is not None:
        path = folder / "batching.txt"
        path.write_text(parameters)
        flags.append(f"--batching_parameters_file={path}")
    return tensorflow_model_server(*flags, f"--model_name={name}", f"--model_base_path={base}", *arguments)


def watch(server, *values, signature="", outputs=(), timeout=LONG):
    """A call whose answer comes when its batch has run. Calls arrive in the order they are made."""
    if not hasattr(server, "stub"):
        channel = server.channel()
        grpc.channel_ready_future(channel).result(LONG)
        server.stub = server.prediction(channel)
    request = predict_request("batch_watcher", {"x": numpy.float32(values)}, signature, output_filter=outputs)
    return server.stub.Predict.future(request, timeout=timeout)


def outputs(call):
    return {name: array(value) for name, value in call.result().outputs.items()}


def refusal(call):
    error = call.exception()
    assert error is not None, "the call succeeded"
    return error.code().name, error.details()


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A server whose batches are of four rows, always."""
    with serve(tmp_path_factory.mktemp("full"), WHEN_FULL) as server:
        server.wait_until_ready()
        yield server
        server.check_running()


@pytest.fixture(scope="module")
def rounding(tmp_path_factory):
    """A server whose batches are padded: to allowed sizes, and to the longest row."""
    parameters = """
        max_batch_size { value: 8 }
        batch_timeout_micros { value: 200000 }
        max_enqueued_batches { value: 100 }
        allowed_batch_sizes: 2, allowed_batch_sizes: 5
        allowed_batch_sizes: 8
        pad_variable_length_inputs: true
    """
    with serve(tmp_path_factory.mktemp("rounding"), parameters) as server:
        server.wait_until_ready()
        yield server
        server.check_running()


# ---- Batches ----


def test_rows_of_several_requests_run_together(full):
    calls = [watch(full, 1), watch(full, 2, 3), watch(full, 4)]
    answers = [outputs(call) for call in calls]
    assert [answer["echo"].tolist() for answer in answers] == [[1.0], [2.0, 3.0], [4.0]]
    assert [answer["rows"].tolist() for answer in answers] == [[4], [4, 4], [4]]


def test_a_request_that_does_not_fit_closes_the_batch(full):
    first = watch(full, 1, 2, 3)
    second = watch(full, 4, 5)
    assert outputs(first)["rows"].tolist() == [3, 3, 3]
    third = watch(full, 6, 7)
    assert outputs(second)["rows"].tolist() == outputs(third)["rows"].tolist() == [4, 4]


def test_an_output_filter_has_a_queue_of_its_own(full):
    filtered = [watch(full, value, outputs=["rows"]) for value in [1, 2]]
    whole = [watch(full, value) for value in [1, 2]]
    assert not any(call.done() for call in filtered + whole)
    filtered.append(watch(full, 3, 4, outputs=["rows"]))
    assert [outputs(call)["rows"].tolist()[0] for call in filtered] == [4, 4, 4]
    assert list(outputs(filtered[0])) == ["rows"]
    whole.append(watch(full, 3, 4))
    assert [outputs(call)["rows"].tolist()[0] for call in whole] == [4, 4, 4]


def test_rest_and_grpc_share_batches(full):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        body = {"instances": [1.5, 2.5, 3.5], "signature_name": "serving_default"}
        answer = pool.submit(full.post, "/v1/models/batch_watcher:predict", body)
        call = watch(full, 4.5)
        predictions = answer.result().json()["predictions"]
        assert [row["echo"] for row in predictions] == [1.5, 2.5, 3.5]
        assert [row["rows"] for row in predictions] == [4, 4, 4]
        assert outputs(call)["echo"].tolist() == [4.5]


def test_strings_are_batched(full):
    def call(text, numbers):
        inputs = {"text": numpy.array(text, dtype=object), "numbers": numpy.int64(numbers)}
        request = predict_request("batch_watcher", inputs, "mixed")
        return full.prediction().Predict.future(request, timeout=LONG)

    calls = [call([[b"a", b"\x00\xff"]], [1]), call([[b"", b"d"], [b"e", b"f"]], [2, 3]), call([[b"g", b"h"]], [4])]
    joined = [outputs(call)["joined"].tolist() for call in calls]
    assert joined == [[b"a,\x00\xff"], [b",d", b"e,f"], [b"g,h"]]
    assert [outputs(call)["next"].tolist() for call in calls] == [[2], [3, 4], [5]]
    assert outputs(calls[0])["rows"].tolist() == [4]


# ---- Sizes and padding ----


def test_batches_are_filled_up_to_allowed_sizes(rounding):
    answer = outputs(watch(rounding, 7, 8, 9))
    assert answer["rows"].tolist() == [5, 5, 5] and answer["echo"].tolist() == [7.0, 8.0, 9.0]
    assert answer["last"].tolist() == [7.0] * 3, "the first row of the last request is repeated"
    assert outputs(watch(rounding, 1))["rows"].tolist() == [2]
    assert outputs(watch(rounding, *range(6)))["rows"].tolist() == [8] * 6


def test_rows_are_padded_with_their_own_first_value(rounding):
    def call(rows):
        request = predict_request("batch_watcher", {"x": numpy.float32(rows)})
        return rounding.prediction().Predict.future(request, timeout=LONG)

    short, long = call([[1], [2], [3]]), call([[4, 5, 6], [7, 8, 9], [10, 11, 12], [13, 14, 15], [16, 17, 18]])
    assert outputs(short)["echo"].tolist() == [[1, 1, 1], [2, 1, 1], [3, 1, 1]]
    assert outputs(long)["echo"].tolist() == [[4, 5, 6], [7, 8, 9], [10, 11, 12], [13, 14, 15], [16, 17, 18]]
    assert outputs(short)["rows"].tolist() == [8] * 3 and outputs(short)["width"].tolist() == [3] * 3


def test_a_rank_that_cannot_be_padded(rounding):
    request = predict_request("batch_watcher", {"x": numpy.zeros([1] * 7, "float32")})
    call = rounding.prediction().Predict.future(request, timeout=LONG)
    assert refusal(call) == ("INVALID_ARGUMENT", "Only tensors with rank from 1 to 6 can be padded.")


def test_a_large_request_runs_in_several_batches(tmp_path):
    parameters = """
        max_batch_size { value: 20 }
        enable_large_batch_splitting { value: true }
        max_execution_batch_size { value: 4 }
    """
    with serve(tmp_path, parameters) as server:
        server.wait_until_ready()
        answer = outputs(watch(server, *range(18)))
        assert answer["echo"].tolist() == [float(value) for value in range(18)]
        assert answer["rows"].tolist() == [4] * 16 + [2] * 2
        code, text = refusal(watch(server, *range(21)))
        assert (code, text) == ("INVALID_ARGUMENT", "Task size 21 is larger than maximum input batch size 20")


# ---- Refusals and errors ----


@pytest.mark.parametrize(
    ("inputs", "signature", "code", "text"),
    [
        ({"x": numpy.float32(1)}, "", "INVALID_ARGUMENT", "Batching Run() input tensors must have at least one dimension"),
        (
            {"x": numpy.float32([1] * 5)},
            "",
            "INVALID_ARGUMENT",
            "Task size 5 is larger than maximum input batch size 4",
        ),
        (
            {"text": numpy.array([[b"a"]], dtype=object), "numbers": numpy.int64([1, 2])},
            "mixed",
            "INVALID_ARGUMENT",
            "Batching Run() input tensors must have equal 0th-dimension size",
        ),
        ({"x": numpy.float32([1] * 4)}, "total", "FAILED_PRECONDITION", "Batched output tensor has 0 dimensions"),
        (
            {"x": numpy.float32([1] * 4)},
            "doubled",
            "FAILED_PRECONDITION",
            "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input tensors",
        ),
    ],
)
def test_runs_that_cannot_be_batched(full, inputs, signature, code, text):
    request = predict_request("batch_watcher", inputs, signature)
    assert refusal(full.prediction().Predict.future(request, timeout=LONG)) == (code, text)


def test_a_signature_without_inputs_cannot_be_batched(tmp_path):
    with serve(tmp_path, base=MODELS / "multi_signature", name="m") as server:
        server.wait_until_ready()
        call = server.prediction().Predict.future(predict_request("m", {}, "constant"), timeout=LONG)
        assert refusal(call) == ("INVALID_ARGUMENT", "Batching Run() must have at least one input tensor")


def test_one_failing_request_fails_alone(full):
    calls = [watch(full, 1, 2), watch(full, -1), watch(full, 3)]
    code, text = refusal(calls[1])
    assert code == "INVALID_ARGUMENT" and "a value is negative" in text
    assert outputs(calls[0])["echo"].tolist() == [1.0, 2.0] and outputs(calls[2])["echo"].tolist() == [3.0]
    good = [watch(full, 1, 2), watch(full, 3, 4)]
    assert outputs(good[0])["rows"].tolist() == [4, 4], "the next batch is not touched"


def test_different_shapes_run_apart_without_padding(full):
    def call(rows):
        request = predict_request("batch_watcher", {"x": numpy.float32(rows)})
        return full.prediction().Predict.future(request, timeout=LONG)

    calls = [call([[1, 2], [3, 4]]), call([[1], [2]])]
    assert [outputs(call)["width"].tolist() for call in calls] == [[2, 2], [1, 1]]
    assert [outputs(call)["rows"].tolist() for call in calls] == [[2, 2], [2, 2]]


@pytest.fixture()
def narrow(tmp_path):
    """One place in the queue, and a batch that waits there for a long time."""
    parameters = f"""
        max_batch_size {{ value: 3 }}
        batch_timeout_micros {{ value: {FOREVER} }}
        max_enqueued_batches {{ value: 1 }}
    """
    with serve(tmp_path, parameters, "--rest_api_timeout_in_ms=700") as server:
        server.wait_until_ready()
        yield server


FULL = (
    "The batch scheduling queue to which this task was submitted is full; currently 1 batches enqueued and "
    "max_enqueued_batches is 1"
)


def test_a_full_queue_refuses(narrow):
    waiting = watch(narrow, 1)
    assert refusal(watch(narrow, 2, 3, 4)) == ("UNAVAILABLE", FULL)
    answer = narrow.post("/v1/models/batch_watcher:predict", {"instances": [2, 3, 4]})
    assert (answer.status_code, answer.json()) == (503, {"error": FULL})
    assert outputs(watch(narrow, 5, 6))["rows"].tolist() == [3, 3]
    assert outputs(waiting)["rows"].tolist() == [3]


def test_a_call_that_expires_in_the_queue(narrow):
    answer = narrow.post("/v1/models/batch_watcher:predict", {"instances": [1]})
    assert answer.status_code == 429
    assert answer.json() == {"error": "Run() timeout exceeded while waiting in batching queue"}
    assert refusal(watch(narrow, 1, timeout=0.2))[0] == "DEADLINE_EXCEEDED"


def test_a_cancelled_call_leaves_its_batch(full):
    first = watch(full, 1, 2)
    gone = watch(full, 9)
    gone.cancel()
    # A call of its own connection comes after the cancellation.
    with pytest.raises(grpc.RpcError):
        full.stub.Predict(predict_request("batch_watcher", {"x": numpy.float32(1)}), timeout=LONG)
    last = watch(full, 3, 4)
    # Its row does not count for the batch any more.
    assert outputs(first)["echo"].tolist() == [1.0, 2.0] and outputs(last)["rows"].tolist() == [4, 4]


# ---- The other calls ----


def test_classify_regress_and_multi_inference_are_batched(tmp_path):
    with serve(tmp_path, WHEN_FULL, base=MODELS / "half_plus_two", name="half") as server:
        server.wait_until_ready()
        stub = server.prediction()

        def fill(input, *values):
            for value in values:
                input.example_list.examples.add().ParseFromString(example(x=float(value)))

        def classify(*values):
            request = classification_pb2.ClassificationRequest()
            request.model_spec.name, request.model_spec.signature_name = "half", "classify_x_to_y"
            fill(request.input, *values)
            return stub.Classify.future(request, timeout=LONG)

        def regress(*values):
            request = regression_pb2.RegressionRequest()
            request.model_spec.name, request.model_spec.signature_name = "half", "regress_x_to_y"
            fill(request.input, *values)
            return stub.Regress.future(request, timeout=LONG)

        def multi(*values):
            request = inference_pb2.MultiInferenceRequest()
            for signature, method in [("classify_x_to_y", "classify"), ("regress_x_to_y2", "regress")]:
                task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
                task.model_spec.name, task.model_spec.signature_name = "half", signature
            fill(request.input, *values)
            return stub.MultiInference.future(request, timeout=LONG)

        # Each alone would wait for ever: the answers show that two ran together. Classify and Regress over the same
        # tensors share a queue, whatever they are called.
        calls = [classify(2, 4), regress(6, 8)]
        scores = [item.classes[0].score for item in calls[0].result().result.classifications]
        values = [item.value for item in calls[1].result().result.regressions]
        assert scores == [3.0, 4.0] and values == [5.0, 6.0]
        calls = [multi(2), multi(4, 6, 8)]
        results = calls[1].result().results
        assert [item.classes[0].score for item in results[0].classification_result.classifications] == [4.0, 5.0, 6.0]
        assert [item.value for item in results[1].regression_result.regressions] == [5.0, 6.0, 7.0]
        assert calls[0].result().results[1].regression_result.regressions[0].value == 4.0


def test_many_callers_get_their_own_answers(tmp_path):
    parameters = """
        max_batch_size { value: 32 }
        batch_timeout_micros { value: 2000 }
        max_enqueued_batches { value: 1000 }
        allowed_batch_sizes: [8, 32]
        pad_variable_length_inputs: true
        enable_large_batch_splitting { value: true }
        max_execution_batch_size { value: 32 }
    """
    with serve(tmp_path, parameters) as server:
        server.wait_until_ready()

        def work(seed):
            random = numpy.random.default_rng(seed)
            stub = server.prediction(server.channel())
            for number in range(60):
                rows = random.random((int(random.integers(1, 9)), 3)).astype("float32") + seed
                names = ["echo"] if number % 3 == 0 else []
                call = predict_request("batch_watcher", {"x": rows}, output_filter=names)
                answer = {name: array(value) for name, value in stub.Predict(call, timeout=LONG).outputs.items()}
                assert answer["echo"].tolist() == rows.tolist()
                assert names or set(answer["rows"].tolist()) <= {8, 32}
            return True

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert all(pool.map(work, range(8)))


# ---- Configuration ----


def test_parameters_of_each_version(tmp_path):
    base = tmp_path / "model"
    with serve(
        tmp_path,
        "max_batch_size { value: 1 }",
        "--enable_per_model_batching_parameters",
        "--file_system_poll_wait_seconds=1",
        "--max_num_load_retries=0",
        base=base,
    ) as server:
        shutil.copytree(MODELS / "batch_watcher" / "1", base / "1")
        server.wait_for("batch_watcher", 1)
        assert outputs(watch(server, 1, 2, 3))["rows"].tolist() == [3, 3, 3], "not batched: the global file's 1 is not met"
        assert array(watch(server, 1, 2, signature="total").result().outputs["total"]) == 3.0

        shutil.copytree(MODELS / "batch_watcher" / "1", tmp_path / "2")
        (tmp_path / "2" / "batching_params.pbtxt").write_text("max_batch_size { value: 2 }")
        (tmp_path / "2").rename(base / "2")
        server.wait_for("batch_watcher", 2)
        text = "Task size 3 is larger than maximum input batch size 2"
        assert refusal(watch(server, 1, 2, 3)) == ("INVALID_ARGUMENT", text)

        shutil.copytree(MODELS / "batch_watcher" / "1", tmp_path / "3")
        (tmp_path / "3" / "batching_params.pbtxt").write_text("max_batch_size: 2\nallowed_batch_sizes: x")
        (tmp_path / "3").rename(base / "3")
        server.wait_for("batch_watcher", 3, "END")
        status = server.version_status("batch_watcher", 3).status
        assert "Invalid protobuf file: " in status.error_message and "2:22:" in status.error_message
        assert outputs(watch(server, 1, 2))["rows"].tolist() == [2, 2]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (
            "max_batch_size { value: 8 } allowed_batch_sizes: [2, 4]",
            "INVALID_ARGUMENT: Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; expected 8",
        ),
        ("num_batch_threads { value: 0 }", "INVALID_ARGUMENT: num_batch_threads must be positive; was 0"),
        ("max_batch_size: 8", "INVALID_ARGUMENT: Invalid protobuf file: '"),
    ],
)
def test_parameters_that_cannot_be(tmp_path, parameters, text):
    path = tmp_path / "batching.txt"
    path.write_text(parameters)
    done = run_program(
        "tensorflow_model_server",
        "--enable_batching",
        f"--batching_parameters_file={path}",
        f"--model_base_path={MODELS / 'batch_watcher'}",
    )
    assert done.returncode == 255
    assert f"Failed to start server. Error: {text}" in done.stdout


def test_a_parameters_file_without_batching(tmp_path):
    done = run_program(
        "tensorflow_model_server",
        f"--batching_parameters_file={tmp_path / 'none'}",
        f"--model_base_path={MODELS / 'batch_watcher'}",
    )
    assert done.returncode == 255
    assert (
        "Failed to start server. Error: INVALID_ARGUMENT: server_options.batching_parameters_file is set without setting "
        "server_options.enable_batching to true." in done.stdout
    )


def test_options_of_apus_serve():
    options = ["--batching", "--max-batch-size=4", f"--batch-timeout-micros={FOREVER}", "--allowed-batch-sizes=2,4"]
    with apus_serve({"batch_watcher": MODELS / "batch_watcher"}, *options) as server:
        server.wait_until_ready()
        calls = [watch(server, 1, 2), watch(server, 3, 4)]
        assert outputs(calls[0])["rows"].tolist() == [4, 4]
    for options, text in [
        (["--max-batch-size=4"], "without --batching"),
        (["--batching", "--max-execution-batch-size=4"], "needs --split-large-batches"),
        (["--batching", "--allowed-batch-sizes=2,x"], "2,x"),
        (["--batching", "--max-batch-size=4", "--allowed-batch-sizes=2"], "Last entry in allowed_batch_sizes must match"),
    ]:
        done = run_program("apus", "serve", "--model=m=/nowhere", *options)
        assert done.returncode == 64 and text in done.stderr, (options, done)


def test_a_shutdown_does_not_wait_for_company(tmp_path):
    with serve(tmp_path, WHEN_FULL) as server:
        server.wait_until_ready()
        call = watch(server, 1)
        # A refusal on the same connection shows that the call before it has arrived.
        with pytest.raises(grpc.RpcError):
            server.stub.Predict(predict_request("batch_watcher", {"x": numpy.float32(1)}), timeout=LONG)
        server.process.terminate()
        assert outputs(call)["rows"].tolist() == [1]
        assert server.wait() == 0


def test_the_metrics_page_counts_batches(tmp_path):
    config = tmp_path / "monitoring.txt"
    config.write_text("prometheus_config { enable: true }")
    with serve(tmp_path, WHEN_FULL, f"--monitoring_config_file={config}") as server:
        server.wait_until_ready()
        for call in [watch(server, 1, 2), watch(server, 3, 4)]:
            call.result()
        page = server.get("/monitoring/prometheus/metrics").text
        prefix = ":tensorflow:serving:batching_session:"
        for line in [
            f"{prefix}wrapped_run_count{{}} 1",
            f"{prefix}input_batch_size_sum{{}} 4",
            f"{prefix}input_batch_size_count{{}} 2",
            f"{prefix}processed_batch_size_sum{{}} 4",
            f'{prefix}padding_size_count{{execution_batch_size="4"}} 1',
            f'{prefix}queuing_latency_count{{thread_pool_name=""}} 2',
        ]:
            assert line in page.splitlines(), page
