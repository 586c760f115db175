"""Requests of models with a logging_config are written to TFRecord files of PredictionLogs, and change nothing else."""

import contextlib
import json
import pathlib
import resource
import shutil

import grpc
import numpy
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from support.examples import CLASSIFY, REGRESS, classify_request, floats, multi_inference_request, regress_request
from support.metrics import scrape
from support.model_config import config_list, model, reload, replace_file
from support.paths import MODELS
from support.server import apus_serve, run_program, short_temporary_folder, tensorflow_model_server
from support.tensors import array, predict_request
from support.versions import publish
from support.waiting import LONG, NotYet, eventually
from support.warmup import warm_up_path

HALF = MODELS / "half_plus_two"


def logging(prefix, rate=1.0, kind="tfrecord"):
    return (
        "logging_config { log_collector_config { type: '%s' filename_prefix: '%s' } "
        "sampling_config { sampling_rate: %s } }" % (kind, prefix, rate)
    )


def logged(folder, name="half", rate=1.0, path=HALF):
    return model(name, path, logging(folder / name, rate))


def files(folder, name="half"):
    return sorted(pathlib.Path(folder).glob(f"{name}-*.tfrecord"))


def records(folder, name="half"):
    """What TensorFlow's own reader finds; it checks the checksums."""
    dataset = tf.data.TFRecordDataset([str(file) for file in files(folder, name)])
    return [prediction_log_pb2.PredictionLog.FromString(record.numpy()) for record in dataset]


def wait_for_records(folder, count, name="half"):
    def look():
        found = records(folder, name)
        if len(found) < count:
            raise NotYet(f"{len(found)} records")
        return found

    found = eventually(look, f"{count} records in {folder}")
    assert len(found) == count
    return found


def ask(server, value, name="half", **more):
    request = predict_request(name, {"x": numpy.float32([value])}, **more)
    return array(server.prediction().Predict(request, timeout=LONG).outputs["y"]).tolist()


def outcomes(server, name="half"):
    """What became of the sampled requests of a model: {status: count}."""
    page = scrape(server)
    return {
        dict(labels)["status_code"]: int(value)
        for (sample, labels), value in page.samples.items()
        if sample == ":tensorflow:serving:request_log_count" and dict(labels)["model_name"] == name
    }


@pytest.fixture
def config(tmp_path):
    return tmp_path / "models.config"


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


@contextlib.contextmanager
def short_socket():
    with short_temporary_folder() as folder:
        yield f"{folder}/grpc.sock"


def serve(config, *models, **options):
    config.write_text(config_list(*models))
    return apus_serve({}, f"--config={config}", "--config-poll-seconds=1", **options)


def test_every_api_is_logged_over_grpc_and_rest(config, logs):
    with serve(config, logged(logs)) as server:
        server.wait_until_ready()
        prediction = server.prediction()
        assert ask(server, 1.0) == [2.5]
        assert server.post("/v1/models/half:predict", {"instances": [2.0, 5.0]}).json() == {"predictions": [3.0, 4.5]}
        prediction.Classify(classify_request("half", floats(2), "classify_x_to_y"), timeout=LONG)
        prediction.Regress(regress_request("half", floats(2, 4), "regress_x_to_y"), timeout=LONG)
        tasks = ("regress_x_to_y", REGRESS), ("classify_x_to_y", CLASSIFY)
        prediction.MultiInference(multi_inference_request("half", floats(2), *tasks), timeout=LONG)
        body = {"signature_name": "regress_x_to_y", "examples": [{"x": 6.0}], "context": {"z": 1.0}}
        assert server.post("/v1/models/half/versions/1:regress", body).json() == {"results": [5.0]}
        by_grpc, by_rest, classified, regressed, multi, rest_regressed = wait_for_records(logs, 6)

    metadata = by_grpc.log_metadata
    assert (metadata.model_spec.name, metadata.model_spec.version.value) == ("half", 1)
    assert metadata.model_spec.signature_name == "serving_default"
    assert metadata.sampling_config.sampling_rate == 1.0
    assert list(metadata.saved_model_tags) == ["serve"]
    assert metadata.timestamp_secs > 1_700_000_000
    assert array(by_grpc.predict_log.request.inputs["x"]).tolist() == [1.0]
    assert array(by_grpc.predict_log.response.outputs["y"]).tolist() == [2.5]
    assert array(by_rest.predict_log.request.inputs["x"]).tolist() == [2.0, 5.0]
    assert array(by_rest.predict_log.response.outputs["y"]).tolist() == [3.0, 4.5]
    assert not by_rest.predict_log.request.model_spec.HasField("version")

    example = classified.classify_log.request.input.example_list.examples[0]
    assert list(example.features.feature["x"].float_list.value) == [2.0]
    assert classified.classify_log.response.result.classifications[0].classes[0].score == 3.0
    assert [one.value for one in regressed.regress_log.response.result.regressions] == [3.0, 4.0]
    assert [one.method_name for one in multi.multi_inference_log.request.tasks] == [REGRESS, CLASSIFY]
    assert len(multi.multi_inference_log.response.results) == 2
    request = rest_regressed.regress_log.request
    assert request.model_spec.version.value == 1
    assert set(request.input.example_list.examples[0].features.feature) == {"x", "z"}


def test_what_fails_is_not_logged(config, logs):
    with serve(config, logged(logs)) as server:
        server.wait_until_ready()
        with pytest.raises(grpc.RpcError):
            server.prediction().Predict(predict_request("half", {"wrong": numpy.float32([1.0])}), timeout=LONG)
        assert server.post("/v1/models/half:predict", {"instances": ["text"]}).status_code == 400
        ask(server, 1.0)
        wait_for_records(logs, 1)
        assert outcomes(server) == {"OK": 1}


def test_a_share_of_the_requests_is_logged(config, logs):
    with serve(config, logged(logs, rate=0.25)) as server:
        server.wait_until_ready()
        stub = server.prediction()
        request = predict_request("half", {"x": numpy.float32([1.0])})
        calls = [stub.Predict.future(request, timeout=LONG) for _ in range(2000)]
        for call in calls:
            call.result()
        server.stop()
    # Five standard deviations.
    assert 400 <= len(records(logs)) <= 600


def test_sampling_by_tasks_is_accepted_without_effect(config, logs):
    sampling = "sampling_rate: 1 attributes: 1 per_task_sampling_configs { dc: 'x' task_index: 1 sampling_rate: 0 }"
    more = "logging_config { log_collector_config { filename_prefix: '%s/half' } sampling_config { %s } }" % (logs, sampling)
    with serve(config, model("half", HALF, more)) as server:
        server.wait_until_ready()
        ask(server, 1.0)
        wait_for_records(logs, 1)


def test_what_is_logged_warms_a_version_up(config, logs, tmp_path):
    base = tmp_path / "model"
    base.mkdir()
    publish("half_plus_two", base, 1)
    with serve(config, logged(logs, path=base)) as server:
        server.wait_for("half", 1)
        for value in [1.0, 2.0]:
            ask(server, value)
        server.prediction().Regress(regress_request("half", floats(2), "regress_x_to_y"), timeout=LONG)
        wait_for_records(logs, 3)
        part = base / ".2.part"
        shutil.copytree(HALF / "1", part)
        warm_up_path(part).parent.mkdir(exist_ok=True)
        shutil.copy(files(logs)[0], warm_up_path(part))
        part.rename(base / "2")
        server.wait_for("half", 2)
        assert server.line(r"records=(\d+) .*Warmed a version up")[1] == "3"
        # Warming up is nobody's request.
        assert outcomes(server) == {"OK": 3}
        assert ask(server, 2.0) == [3.0]


def test_what_is_logged_is_replayed_as_load(config, logs):
    with serve(config, logged(logs)) as server:
        server.wait_until_ready()
        for value in range(20):
            ask(server, float(value))
        wait_for_records(logs, 20)
        config.write_text(config_list(model("half", HALF)))
        reload(server, model("half", HALF))
        for wire in [f"--grpc={server.grpc_address}", f"--rest=127.0.0.1:{server.rest_port}"]:
            done = run_program("apus", "bench", wire, f"--replay={files(logs)[0]}", "--json=-")
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["results"][0]["good"] == 20, done.stdout


def test_a_reload_turns_logging_on_and_off(config, logs):
    with serve(config, model("half", HALF)) as server:
        server.wait_until_ready()
        ask(server, 1.0)
        reload(server, logged(logs))
        ask(server, 2.0)
        wait_for_records(logs, 1)
        assert server.versions("half") == {1: "AVAILABLE"}, "the version goes on"
        # The file says otherwise, and is read again when it changes.
        replace_file(config, config_list(model("half", HALF, logging(logs / "other"))))
        server.line("files=.*other-")
        ask(server, 3.0)
        wait_for_records(logs, 1, "other")
        reload(server, model("half", HALF))
        ask(server, 4.0)
        server.stop()
    assert len(records(logs)) == 1 and len(records(logs, "other")) == 1


def test_files_follow_each_other_and_the_oldest_go(config, logs):
    config.write_text(config_list(logged(logs)))
    options = ["--request-log-file-megabytes=1", "--request-log-files=2"]
    with apus_serve({}, f"--config={config}", *options) as server:
        server.wait_until_ready()
        stub = server.prediction()
        # 800 kB with the answer: each file takes one.
        request = predict_request("half", {"x": numpy.zeros(100_000, "float32")}, content=True)
        for _ in range(5):
            stub.Predict(request, timeout=LONG)
        eventually(lambda: outcomes(server) == {"OK": 5}, "five records")
        assert [len(records(logs)), len(files(logs))] == [2, 2]


def test_a_disk_that_is_full_leaves_serving_untouched(config, logs):
    """The limit on the size of the process's files stands for a full disk: the same path, and no privileges needed."""
    with serve(config, logged(logs)) as server:
        server.wait_until_ready()
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        stub = server.prediction()
        request = predict_request("half", {"x": numpy.zeros(1000, "float32")})
        for _ in range(100):
            assert len(array(stub.Predict(request, timeout=LONG).outputs["y"])) == 1000
        eventually(lambda: outcomes(server) == {"RESOURCE_EXHAUSTED": 100}, "the loss to be counted")
        assert len([line for line in server.lines if "Requests are not logged" in line]) == 1
        assert not files(logs)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

        def logs_again():
            stub.Predict(request, timeout=LONG)
            return "OK" in outcomes(server)

        eventually(logs_again, "the log to go on")
        server.line("Requests are logged again")
        server.stop()
    for record in records(logs):
        assert len(array(record.predict_log.request.inputs["x"])) == 1000


def test_a_folder_that_is_not_there_leaves_serving_untouched(config, logs, tmp_path):
    with serve(config, logged(tmp_path / "later")) as server:
        server.wait_until_ready()
        ask(server, 1.0)
        server.line("No such file or directory.*Requests are not logged")
        (tmp_path / "later").mkdir()

        def logs_again():
            ask(server, 2.0)
            return files(tmp_path / "later")

        eventually(logs_again, "the log to begin")


def test_a_process_that_ends_leaves_a_whole_log(config, logs):
    """Answers first: the log of the last of them is written on the way out."""
    with serve(config, logged(logs)) as server:
        server.wait_until_ready()
        for value in range(50):
            ask(server, float(value))
        server.stop()
    assert [array(one.predict_log.request.inputs["x"]).tolist() for one in records(logs)] == [[float(n)] for n in range(50)]


def test_models_may_share_a_log(config, logs):
    both = logging(logs / "all")
    with serve(config, model("a", HALF, both), model("b", HALF, both)) as server:
        server.wait_until_ready()
        ask(server, 1.0, "a")
        ask(server, 2.0, "b")
        found = wait_for_records(logs, 2, "all")
        assert [one.log_metadata.model_spec.name for one in found] == ["a", "b"]
        assert outcomes(server, "a") == outcomes(server, "b") == {"OK": 1}


def test_the_stock_command_line_has_the_limits_too(config, logs):
    config.write_text(config_list(logged(logs)))
    flags = ["request_log_file_megabytes=1", "request_log_file_seconds=60", "request_log_files=3"]
    more = [f"--{flag}" for flag in [*flags, "request_log_buffer_megabytes=8"]]
    with short_socket() as path:
        arguments = ["--port=0", f"--grpc_socket_path={path}", f"--model_config_file={config}", *more]
        with tensorflow_model_server(*arguments) as server:
            channel = server.channel(f"unix:{path}")
            request = predict_request("half", {"x": numpy.float32([1.0])})

            def answers():
                try:
                    return server.prediction(channel).Predict(request, timeout=LONG)
                except grpc.RpcError as reason:
                    raise NotYet(reason.details()) from None

            eventually(answers, "an answer", check=server.check_running)
            wait_for_records(logs, 1)


@pytest.mark.parametrize(
    "more, text",
    [
        (logging("logs/m"), 'has the filename_prefix "logs/m"; expected an absolute path'),
        (logging("/logs/"), 'has the filename_prefix "/logs/"; expected an absolute path'),
        (logging("/m", rate=1.5), "has a sampling_rate of 1.5; expected a number from 0 to 1"),
        (logging("/m", kind="kafka"), "Cannot find LogCollector::Factory for type: kafka"),
        ("logging_config { custom_logging_config {} }", "has a custom_logging_config"),
    ],
)
def test_a_log_that_cannot_be_written_is_refused_with_its_reason(config, more, text):
    config.write_text(config_list(model("m", HALF, more)))
    done = run_program("apus", "serve", f"--config={config}", "--port=0", "--host=127.0.0.1")
    assert done.returncode == 1 and text in done.stderr
