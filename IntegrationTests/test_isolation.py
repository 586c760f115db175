"""Models in engine processes of their own: a crash takes one of them down and nothing else."""

import os
import pathlib
import signal

import grpc
import numpy
import pytest
import tensorflow as tf
from support.health import SERVING, Health
from support.metrics import scrape
from support.model_config import config_list, model
from support.paths import MODELS
from support.server import apus_serve, free_port, run_program, tensorflow_model_server
from support.tensors import array, predict_request
from support.versions import settle
from support.waiting import LONG, NotYet, eventually

HALF = MODELS / "half_plus_two"


class Fragile(tf.Module):
    """Can crash, echo what it is sent, and keep it."""

    def __init__(self):
        super().__init__()
        self.kept = tf.Variable(tf.zeros([0]), shape=[None])

    @tf.function(input_signature=[tf.TensorSpec([None], "float32", name="x")])
    def negative_kills(self, x):
        def crash():
            with tf.control_dependencies([tf.raw_ops.Abort(error_msg="this model ends its process")]):
                return tf.zeros_like(x)

        return {"y": tf.cond(tf.reduce_any(x < 0), crash, lambda: x * 2)}

    @tf.function(
        input_signature=[tf.TensorSpec(None, "float32", name="x"), tf.TensorSpec(None, "string", name="text")]
    )
    def echo(self, x, text):
        return {"x": tf.identity(x), "text": tf.identity(text)}

    @tf.function(input_signature=[tf.TensorSpec([None], "float32", name="x")])
    def keep(self, x):
        self.kept.assign(x)
        return {"size": tf.size(x)}

    @tf.function(input_signature=[tf.TensorSpec([], "int32", name="unused")])
    def kept_values(self, unused):
        with tf.control_dependencies([unused]):
            return {"y": tf.identity(self.kept)}


@pytest.fixture(scope="module")
def fragile(tmp_path_factory):
    base = tmp_path_factory.mktemp("fragile")
    module = Fragile()
    signatures = {
        "serving_default": module.negative_kills,
        "echo": module.echo,
        "keep": module.keep,
        "kept": module.kept_values,
    }
    tf.saved_model.save(module, str(base / "1"), signatures=signatures)
    settle(base / "1")
    return base


@pytest.fixture(scope="module")
def server(fragile):
    models = {"fragile": fragile, "half": HALF, "half_alone": HALF}
    with apus_serve(models, "--isolate=fragile", "--isolate=half_alone", "--enable-control") as server:
        server.wait_until_ready()
        yield server
        server.check_running()


def predict(server, name, inputs, signature="serving_default"):
    request = predict_request(name, inputs, signature=signature)
    return {key: array(value) for key, value in server.prediction().Predict(request, timeout=LONG).outputs.items()}


def double(server, *values):
    return predict(server, "fragile", {"x": numpy.float32(values)})["y"].tolist()


def processes(server):
    """Process numbers of the server's children, by what they are called."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "stat").read_text().rpartition(")")[2].split()
            if int(words[1]) == server.process.pid and words[0] != "Z":
                found[(process / "cmdline").read_bytes().split(b"\0")[0].decode()] = int(process.name)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def process_of(server, name):
    return processes(server)[f"apus: version 1 of model {name}"]


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for_answer(server):
    def ask():
        try:
            return double(server, 4)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE
            raise NotYet(error.details()) from None

    return eventually(ask, "an answer of the model that crashed")


def test_each_isolated_version_has_a_process_and_no_other(server):
    assert sorted(processes(server)) == ["apus: version 1 of model fragile", "apus: version 1 of model half_alone"]


def test_answers_are_those_of_the_same_model_without_isolation(server):
    inputs = {"x": numpy.float32([1, 2, 5])}
    assert predict(server, "half_alone", inputs)["y"].tolist() == predict(server, "half", inputs)["y"].tolist()
    request = {"instances": [1.0, 2.0, 5.0]}
    assert server.post("/v1/models/half_alone:predict", request).json() == {"predictions": [2.5, 3.0, 4.5]}
    alone, shared = (server.get(f"/v1/models/{name}/metadata").json()["metadata"] for name in ("half_alone", "half"))
    assert alone == shared


def test_errors_are_those_of_the_engine(server):
    errors = []
    for name in ("half_alone", "half"):
        with pytest.raises(grpc.RpcError) as caught:
            predict(server, name, {"x": numpy.int32([1])})
        errors.append((caught.value.code(), caught.value.details()))
    assert errors[0] == errors[1]


def test_large_tensors_and_strings_cross_whole(server):
    random = numpy.random.default_rng(6)
    values = random.random((3, 1000, 1000), dtype="float32")
    texts = numpy.array([[b"", b"\xff\x00", b"x" * 1_000_000], [b"a", b"b", b"c"]], dtype=object)
    for _ in range(3):
        answer = predict(server, "fragile", {"x": values, "text": texts}, "echo")
        assert (answer["x"] == values).all()
        assert (answer["text"] == texts).all()
    empty = predict(server, "fragile", {"x": numpy.zeros([0, 4], "float32"), "text": texts[:0]}, "echo")
    assert empty["x"].shape == (0, 4) and empty["text"].shape == (0, 3)


def test_what_a_model_keeps_of_a_request_does_not_change_with_the_next(server):
    kept = numpy.arange(5000, dtype="float32")
    assert predict(server, "fragile", {"x": kept}, "keep")["size"] == 5000
    other = numpy.full([6000], 7, "float32")
    for _ in range(40):
        # As many as there are channels at least, all over the same memory.
        predict(server, "fragile", {"x": other, "text": numpy.array(b"", dtype=object)}, "echo")
    assert (predict(server, "fragile", {"unused": numpy.int32(0)}, "kept")["y"] == kept).all()


def test_many_callers_at_once(server):
    stub = server.prediction()
    calls = [
        (value, stub.Predict.future(predict_request("fragile", {"x": numpy.float32([value])}), timeout=LONG))
        for value in range(300)
    ]
    for value, call in calls:
        assert array(call.result().outputs["y"]).tolist() == [2 * value]


def test_a_process_has_nothing_of_the_server_open(server):
    links = [os.readlink(link) for link in pathlib.Path(f"/proc/{process_of(server, 'half_alone')}/fd").iterdir()]
    mine = [link for link in links if "memfd:apus-engine" in link or link == "/dev/null"]
    inodes = {line.split()[9] for file in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/net/{file}").open()}
    sockets = [link.partition("[")[2].rstrip("]") for link in links if link.startswith("socket:")]
    assert mine and sockets and inodes.isdisjoint(sockets)


def test_a_signal_to_all_processes_is_for_the_server(server):
    pid = process_of(server, "half_alone")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(pid, number)
    assert predict(server, "half_alone", {"x": numpy.float32([2])})["y"].tolist() == [3]
    assert process_of(server, "half_alone") == pid


def test_a_crash_takes_one_model_down_and_it_comes_back(server):
    assert double(server, 1, 2) == [2, 4]
    before, restarts = process_of(server, "fragile"), metric(server, "engine_process_restarts")
    with pytest.raises(grpc.RpcError) as caught:
        double(server, -1)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    assert caught.value.details() == (
        "The engine process of version 1 of model fragile ended by signal 6 (Aborted) while it had this request; it is "
        "started again"
    )
    assert predict(server, "half", {"x": numpy.float32([2])})["y"].tolist() == [3]
    assert predict(server, "half_alone", {"x": numpy.float32([2])})["y"].tolist() == [3]
    assert wait_for_answer(server) == [8]
    assert process_of(server, "fragile") != before
    assert metric(server, "engine_process_restarts") == restarts + 1
    assert metric(server, "engine_process_up") == 1
    server.line("ended by signal 6.*A version does not answer at the moment")


def metric(server, name):
    # What was never counted is not on the page.
    return scrape(server).samples.get((f":apus:{name}", (("model_name", "fragile"), ("version", "1"))), 0)


def test_while_it_cannot_be_started_its_state_and_its_answers_say_so(server, fragile):
    (fragile / "1" / "saved_model.pb").rename(fragile / "1" / "away")
    try:
        # As the system does when memory runs out.
        os.kill(process_of(server, "fragile"), signal.SIGKILL)

        def refused():
            try:
                double(server, 1)
            except grpc.RpcError as error:
                if "cannot be started again: Specified file path does not" in error.details():
                    return error
                raise NotYet(error.details()) from None
            raise NotYet("it answers")

        error = eventually(refused, "the refusal of a model that cannot be started")
        status = server.get("/v1/models/fragile").json()["model_version_status"][0]
        assert status["state"] == "AVAILABLE"
        assert status["status"] == {"error_code": "UNAVAILABLE", "error_message": error.details()}
        answer = server.post("/v1/models/fragile:predict", {"instances": [1.0]})
        assert metric(server, "engine_process_up") == 0
        assert predict(server, "half", {"x": numpy.float32([2])})["y"].tolist() == [3]
        # One model that is down is no reason to take the others out of service.
        assert Health(server.channel()).check() == SERVING
        assert error.code() == grpc.StatusCode.UNAVAILABLE
        assert int(dict(error.trailing_metadata())["grpc-retry-pushback-ms"]) >= 100
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1
    finally:
        (fragile / "1" / "away").rename(fragile / "1" / "saved_model.pb")
    assert wait_for_answer(server) == [8]
    assert server.get("/v1/models/fragile").json()["model_version_status"][0]["status"]["error_code"] == "OK"


def test_unloading_ends_the_process(server):
    pid = process_of(server, "half_alone")
    assert server.post("/v2/repository/models/half_alone/unload", {}).status_code == 200
    eventually(lambda: not is_running(pid), "the end of the unloaded model's process")
    assert server.post("/v2/repository/models/half_alone/load", {}).status_code == 200
    assert predict(server, "half_alone", {"x": numpy.float32([2])})["y"].tolist() == [3]
    assert process_of(server, "half_alone") != pid


def test_it_is_set_in_the_configuration_file(tmp_path):
    file = tmp_path / "models.config"
    file.write_text(config_list(model("alone", HALF, "apus { isolation: PROCESS }"), model("shared", HALF)))
    with tensorflow_model_server(f"--port={free_port()}", f"--model_config_file={file}") as server:
        server.wait_until_ready()
        assert sorted(processes(server)) == ["apus: version 1 of model alone"]
        assert predict(server, "alone", {"x": numpy.float32([2])})["y"].tolist() == [3]
        pid = process_of(server, "alone")
        # However the server ends, its processes end with it.
        server.process.kill()
        eventually(lambda: not is_running(pid), "the end of a process whose server was killed")


def test_a_model_that_does_not_load_says_why(tmp_path):
    broken = tmp_path / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "saved_model.pb").write_bytes(b"no model")
    settle(broken)
    texts = []
    for isolated in ("", "*"):
        arguments = [f"--port={free_port()}", "--model_name=m", f"--model_base_path={broken.parent}", "--max_num_load_retries=0"]
        with tensorflow_model_server(*arguments, f"--isolated_models={isolated}") as server:
            server.wait_for("m", 1, "END")
            texts.append(server.version_status("m", 1).status.error_message)
            assert processes(server) == {}
    assert texts[0] == texts[1] != ""


def test_the_command_is_not_for_users():
    done = run_program("apus", "engine-process")
    assert done.returncode == 1 and "for the server's own use" in done.stderr
    assert "engine-process" not in run_program("apus", "--help").stdout
