"""A version makes its warm-up calls before it is available, and one of them that fails is a failure of the load."""

import os
import re
import shutil
import subprocess
import sys

import numpy
import pytest
from tensorflow_serving.apis import prediction_log_pb2, session_service_pb2

from support import warmup
from support.examples import CLASSIFY, REGRESS, classify_request, floats, multi_inference_request, regress_request
from support.metrics import scrape
from support.paths import ROOT
from support.server import apus_serve, tensorflow_model_server
from support.tensors import array, predict_request
from support.versions import publish, settle
from support.waiting import LONG
from support.warmup import log, warm_up_path

QUICK = ["--load-retries=0", "--load-retry-seconds=0"]
GOOD = predict_request("another name", {"x": numpy.float32([1.0, 2.0])}, version=99)


@pytest.fixture
def base(tmp_path):
    """A model with one version, of which nothing is served yet."""
    folder = tmp_path / "model"
    folder.mkdir()
    publish("half_plus_two", folder, 1)
    return folder


def write_warm_up(version_folder, records):
    path = warmup.write_warm_up(version_folder, records)
    settle(version_folder)
    return path


def ask(server):
    response = server.prediction().Predict(predict_request("model", {"x": numpy.float32([2.0])}), timeout=LONG)
    return array(response.outputs["y"]).tolist()


def warmed_up_records(server):
    return int(server.line(r"records=(\d+) .*Warmed a version up")[1])


def ended_with(base, *arguments):
    """The status of a version that is expected to fail."""
    with apus_serve({"model": base}, *QUICK, *arguments) as server:
        server.wait_for("model", 1, "END")
        status = server.version_status("model", 1).status
        assert status.error_message.split("\n")[0] in server.output, "the log has the reason"
        return status.error_code, status.error_message


def test_records_are_replayed_whatever_model_and_version_they_name(base):
    write_warm_up(base / "1", [GOOD, prediction_log_pb2.PredictionLog(), GOOD])
    with apus_serve({"model": base}) as server:
        server.wait_for("model", 1)
        assert warmed_up_records(server) == 3
        assert ask(server) == [3.0]


def test_a_version_without_a_warm_up_file_loads(base):
    with apus_serve({"model": base}, "--warm-up") as server:
        server.wait_for("model", 1)
        assert "Warmed a version up" not in server.output


def test_the_signature_of_a_record_is_the_one_that_is_called(base):
    request = predict_request("model", {}, signature="asset")
    write_warm_up(base / "1", [request])
    with apus_serve({"model": base}) as server:
        server.wait_for("model", 1)
        assert warmed_up_records(server) == 1
    write_warm_up(base / "1", [predict_request("model", {"x": numpy.float32([1.0])}, signature="nowhere")])
    assert ended_with(base) == (9, 'Serving signature key "nowhere" not found.')


def test_every_kind_of_call_is_replayed(base):
    examples = floats(1, 2)
    classify = classify_request("", examples, "classify_x_to_y")
    regress = regress_request("any", examples, "regress_x_to_y")
    several = multi_inference_request("any", examples, ("classify_x_to_y", CLASSIFY), ("regress_x_to_y", REGRESS))
    write_warm_up(base / "1", [classify, regress, several, GOOD])
    with apus_serve({"model": base}) as server:
        server.wait_for("model", 1)
        assert warmed_up_records(server) == 4

    classify.model_spec.signature_name = "regress_x_to_y"
    write_warm_up(base / "1", [classify])
    assert ended_with(base)[0] == 3
    several.tasks[1].model_spec.name = "other"
    write_warm_up(base / "1", [several])
    message = "All ModelSpecs in a MultiInferenceRequest must access the same model name."
    assert ended_with(base) == (3, message)


def test_a_call_that_the_model_refuses_fails_the_load(base):
    write_warm_up(base / "1", [GOOD, predict_request("model", {"x": numpy.array([b"text"], object)})])
    code, message = ended_with(base)
    assert code == 3 and "string" in message and "float" in message, message


def test_a_failed_warm_up_is_tried_again(base):
    write_warm_up(base / "1", [predict_request("model", {"y": numpy.float32([1.0])})])
    with apus_serve({"model": base}, "--load-retries=1000", "--load-retry-seconds=1") as server:
        server.line("A try to load a version failed")
        assert server.versions("model") == {1: "LOADING"}
        replacement = base / "good"
        replacement.mkdir()
        write_warm_up(replacement, [GOOD]).replace(warm_up_path(base / "1"))
        server.wait_for("model", 1)


@pytest.mark.parametrize("flag", ["--enable_model_warmup=false", "--enable_model_warmup=true"])
def test_the_flag_of_the_stock_server_decides(base, flag, tmp_path):
    write_warm_up(base / "1", [predict_request("model", {"nothing": numpy.float32([1.0])})])
    arguments = ["--port=0", f"--grpc_socket_path={tmp_path}/s", "--model_name=model", f"--model_base_path={base}"]
    retries = ["--max_num_load_retries=0", "--load_retry_interval_micros=0"]
    with tensorflow_model_server(*arguments, *retries, flag) as server:
        server.line("state=AVAILABLE" if flag.endswith("false") else "Signature input alias: x")


def test_iterations_and_threads(base):
    write_warm_up(base / "1", [GOOD] * 20)
    with apus_serve({"model": base}, "--warm-up-iterations=7", "--warm-up-threads=3") as server:
        server.wait_for("model", 1)
        assert warmed_up_records(server) == 20


def test_one_thousand_records_are_the_most(base):
    empty = prediction_log_pb2.PredictionLog()
    write_warm_up(base / "1", [empty] * 1000)
    with apus_serve({"model": base}) as server:
        server.wait_for("model", 1)
        assert warmed_up_records(server) == 1000
    path = write_warm_up(base / "1", [empty] * 1001)
    assert ended_with(base) == (3, f"Number of warmup records exceeds the maximum (1000) at {path}")
    assert ended_with(base, "--warm-up-threads=4")[1].startswith("Number of warmup records exceeds")


ADVICE = ". Please verify your warmup data is in TFRecord format."


@pytest.mark.parametrize(
    "damage, code, message",
    [
        (lambda data: b"this is no TFRecord file", 15, "corrupted record at 0 (Is this even a TFRecord file?)" + ADVICE),
        (lambda data: data[:-3], 15, "truncated record at 0' failed with Read less bytes than requested" + ADVICE),
        (lambda data: data[:20] + b"?" + data[21:], 15, "corrupted record at 12" + ADVICE),
    ],
    ids=["text", "truncated", "corrupted"],
)
def test_a_file_that_is_no_tfrecord_fails_the_load(base, damage, code, message):
    path = write_warm_up(base / "1", [GOOD])
    path.write_bytes(damage(path.read_bytes()))
    settle(base / "1")
    assert ended_with(base) == (code, message)


def test_a_record_that_is_no_prediction_log_fails_the_load(base):
    path = write_warm_up(base / "1", [b"\x32\x7f"])
    code, message = ended_with(base)
    assert code == 3
    assert re.fullmatch(rf"Failed to parse warmup record: Malformed PredictionLog .* from {path}", message), message


@pytest.mark.parametrize("kind, number", [("session_run_log", 5), ("predict_streamed_log", 7)])
def test_logs_that_cannot_be_replayed(base, kind, number):
    record = prediction_log_pb2.PredictionLog()
    if kind == "session_run_log":
        record = log(session_service_pb2.SessionRunRequest())
    else:
        record = b"\x3a\x00"
    write_warm_up(base / "1", [record])
    assert ended_with(base) == (12, f"Unsupported log_type for warmup: {number}")


def test_a_warm_up_file_that_is_a_folder_or_a_pipe_fails_the_load(base):
    path = warm_up_path(base / "1")
    path.mkdir(parents=True)
    settle(base / "1")
    assert ended_with(base) == (9, f"{path}; Not a regular file")
    path.rmdir()
    os.mkfifo(path)
    settle(base / "1")
    assert ended_with(base) == (9, f"{path}; Not a regular file")


def test_a_new_version_that_does_not_warm_up_leaves_the_old_one_serving(base):
    with apus_serve({"model": base}, *QUICK) as server:
        server.wait_for("model", 1)
        part = base / "part"
        shutil.copytree(base / "1", part)
        write_warm_up(part, [predict_request("model", {"nothing": numpy.float32([1.0])})])
        settle(part).rename(base / "2")
        server.wait_for("model", 2, "END")
        assert server.versions("model")[1] == "AVAILABLE"
        assert ask(server) == [3.0]


def test_warm_up_is_measured(base):
    write_warm_up(base / "1", [GOOD] * 3)
    with apus_serve({"model": base}) as server:
        server.wait_for("model", 1)
        page = server.get("/metrics").text
        labels = f'{{model_path="{base}/1",status="OK"}}'
        assert f":tensorflow:serving:model_warmup_records_read{labels} 3" in page
        assert f":tensorflow:serving:model_warmup_latency_count{labels} 1" in page


def test_warm_up_goes_through_the_batcher(base):
    write_warm_up(base / "1", [GOOD, GOOD])
    with apus_serve({"model": base}, "--batching") as server:
        server.wait_for("model", 1)
        assert scrape(server)("batching_session:wrapped_run_count") == 2


def test_the_example_writes_a_warm_up_file(base):
    script = ROOT / "Examples/warm_up/write_warm_up.py"
    subprocess.run([sys.executable, script, base / "1"], check=True, stdout=subprocess.DEVNULL)
    settle(base / "1")
    with apus_serve({"model": base}) as server:
        server.wait_for("model", 1)
        assert warmed_up_records(server) == 3
