"""Models are loaded, unloaded and listed one at a time, with Triton's own clients and over plain HTTP."""

import json
import os
import stat
from urllib.parse import quote

import grpc
import numpy
import pytest
import tritonclient.grpc
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2
from tritonclient.utils import InferenceServerException

from support.health import SERVING, Health
from support.model_config import config_list, labels, model, publish, reload, replace_file
from support.paths import MODELS
from support.server import apus_serve, free_port, tensorflow_model_server
from support.tensors import array, predict_request
from support.versions import settle
from support.waiting import LONG, NotYet, eventually

HALF = MODELS / "half_plus_two"
QUICK = ["--load-retries=0", "--load-retry-seconds=0"]


class HTTPClient:
    """The requests that Triton's HTTP client sends."""

    def __init__(self, server):
        self.server = server

    def _post(self, path, body):
        answer = self.server.post(f"/v2/repository/{path}", body)
        if answer.status_code != 200:
            raise InferenceServerException(answer.json()["error"], str(answer.status_code))
        return answer

    def index(self):
        return self._post("index", "").json()

    def load(self, name, config=None):
        body = {"parameters": {"config": config}} if config else {}
        assert self._post(f"models/{quote(name, safe='')}/load", body).content == b""

    def unload(self, name):
        body = {"parameters": {"unload_dependents": False}}
        assert self._post(f"models/{quote(name, safe='')}/unload", body).content == b""


class GRPCClient:
    """Triton's gRPC client."""

    def __init__(self, server):
        self.client = tritonclient.grpc.InferenceServerClient(server.grpc_address)

    def index(self):
        return self.client.get_model_repository_index(as_json=True).get("models", [])

    def load(self, name, config=None):
        self.client.load_model(name, config=config)

    def unload(self, name):
        self.client.unload_model(name)


CLIENTS = pytest.mark.parametrize("client", [HTTPClient, GRPCClient], ids=["http", "grpc"])


def states(client):
    return {entry["name"]: entry.get("state") for entry in client.index()}


def ask(server, name):
    response = server.prediction().Predict(predict_request(name, {"x": numpy.float32([2])}), timeout=LONG)
    return array(response.outputs["y"]).tolist()


def asked_models(path):
    config = text_format.Parse(path.read_text(), model_server_config_pb2.ModelServerConfig())
    return {model.name: model for model in config.model_config_list.config}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    publish(folder / "first", 1)
    publish(folder / "second", 1)
    (folder / "empty").mkdir()
    broken = folder / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "saved_model.pb").write_bytes(b"no model")
    settle(broken)
    return folder


@pytest.fixture(scope="module")
def shared(repository):
    arguments = [*QUICK, "--enable-control", f"--model-repository={repository}"]
    with apus_serve({"half": HALF}, *arguments) as server:
        server.wait_for("half", 1)
        yield server
        server.check_running()


@pytest.fixture
def server(shared):
    yield shared
    reload(shared, model("half", HALF))


@CLIENTS
def test_a_model_of_the_repository_comes_and_goes(server, client):
    client = client(server)
    client.unload("first")
    client.load("first")
    assert ask(server, "first") == [3.0], "the call returns when the model answers"
    assert states(client)["first"] == "READY" and states(client)["half"] == "READY"
    assert Health(server.channel()).check("first") == SERVING

    client.unload("first")
    server.wait_for("first", 1, "END")
    entry = next(entry for entry in client.index() if entry["name"] == "first")
    assert (entry["version"], entry["state"], entry["reason"]) == ("1", "UNAVAILABLE", "unloaded")
    with pytest.raises(grpc.RpcError) as caught:
        ask(server, "first")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    assert ask(server, "half") == [3.0], "the others stay"
    assert server.get("/v2/health/ready").status_code == 200

    client.unload("first")
    client.load("half")
    assert ask(server, "half") == [3.0], "to load what is there changes nothing"


@CLIENTS
def test_the_index_lists_what_could_be_loaded(server, client):
    client = client(server)
    found = states(client)
    assert found["half"] == "READY"
    assert {"second", "empty", "broken"} <= found.keys()
    assert found["second"] is None, "of a model that was never loaded no state is known"


def test_the_index_of_what_answers(server):
    listed = server.post("/v2/repository/index", {"ready": True}).json()
    assert [(entry["name"], entry["state"]) for entry in listed] == [("half", "READY")]
    assert server.post("/v2/repository/index", b"").status_code == 200, "the body may be left out"


@CLIENTS
def test_what_cannot_be_loaded_is_told(server, client):
    client = client(server)
    for name, text in [
        ("nothing", "failed to load 'nothing': the model is not configured and not in "),
        ("empty", "has no versions"),
        ("../half", "the model is not configured"),
        ("broken", "failed to load 'broken': 1 model(s) did not become available"),
    ]:
        with pytest.raises(InferenceServerException) as caught:
            client.load(name)
        assert text in caught.value.message(), name
    with pytest.raises(InferenceServerException, match="failed to unload 'nothing': the model is not known"):
        client.unload("nothing")
    assert states(client)["broken"] == "UNAVAILABLE"
    client.unload("broken")
    assert server.get("/v2/health/ready").status_code == 200


@CLIENTS
def test_a_configuration_given_with_the_load(server, client, repository):
    name = f"pinned_{client.__name__}"
    client = client(server)
    path = publish(repository / f"versions_{name}", 1, 2)
    config = {"base_path": str(path), "model_version_policy": {"specific": {"versions": [1]}}}
    client.load(name, json.dumps(config))
    assert server.versions(name) == {1: "AVAILABLE"}
    client.load(name, json.dumps({"model_version_policy": {"all": {}}}))
    server.wait_for(name, 2)
    assert server.versions(name) == {1: "AVAILABLE", 2: "AVAILABLE"}, "what is not said again stays"
    client.load(name, json.dumps({"version_labels": {"stable": 1}}))
    assert server.get(f"/v1/models/{name}/labels/stable/metadata").status_code == 200

    for config, text in [
        ({"base_path": "/etc"}, "not inside the model repository"),
        ({"base_path": f"{repository}/../elsewhere"}, "not inside the model repository"),
        ({"name": "other"}, "is of the model other; expected pinned_"),
        ({"platform": "onnx"}, 'The parameter "config" is not the JSON text of a tensorflow.serving.ModelConfig'),
        ({"version_labels": {"canary": 7}}, "is not currently available for inference"),
        ({"model_platform": "caffe"}, "Illegal to change a model's platform"),
    ]:
        with pytest.raises(InferenceServerException) as caught:
            client.load(name, json.dumps(config))
        assert text in caught.value.message(), config
    assert server.versions(name) == {1: "AVAILABLE", 2: "AVAILABLE"}
    client.unload(name)


def test_a_model_that_failed_is_tried_again(server, repository):
    base = repository / "mended"
    (base / "1").mkdir(parents=True)
    (base / "1" / "saved_model.pb").write_bytes(b"no model")
    settle(base / "1")
    assert server.post("/v2/repository/models/mended/load", b"").status_code == 500
    for file in (HALF / "1").rglob("*"):
        target = base / "1" / file.relative_to(HALF / "1")
        if file.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(file.read_bytes())
    settle(base / "1")
    assert server.post("/v2/repository/models/mended/load", b"").status_code == 200
    assert ask(server, "mended") == [3.0]


def test_another_models_label_holds_up_no_call(server, repository):
    reload(server, model("half", HALF, labels(stable=1)))
    assert server.post("/v2/repository/models/half/unload", b"").status_code == 200
    server.wait_for("half", 1, "END")
    assert server.post("/v2/repository/models/second/load", b"").status_code == 200
    assert server.post("/v2/repository/models/half/load", b"").status_code == 200, "labels come with it"


@pytest.mark.parametrize(
    "path, body, status, text",
    [
        ("/v2/repository/models/first/load", "[]", 400, "not a JSON object"),
        ("/v2/repository/models/first/load", '{"parameters": 1}', 400, '"parameters" is not an object'),
        ("/v2/repository/models/first/load", '{"parameters": {"config": {}}}', 400, "is a list, an object or null"),
        ("/v2/repository/models/first/load", '{"parameters": {"config": 1}}', 400, "is not a string"),
        ("/v2/repository/models/first/load", '{"parameters": {"colour": "red"}}', 400, 'Unknown parameter "colour"'),
        ("/v2/repository/models/first/load", '{"parameters": {"file:1/m": "AA=="}}', 400, "would upload a file"),
        ("/v2/repository/models/first/load", '{"x": 1}', 400, 'Unknown member "x"'),
        ("/v2/repository/models/first/load", '{"parameters": {}', 400, "JSON Parse error"),
        ("/v2/repository/models/first/load", "{} {}", 400, "goes on behind its end"),
        ("/v2/repository/models/first/unload", '{"parameters": {"unload_dependents": 3}}', 400, "neither true nor"),
        ("/v2/repository/index", '{"ready": "yes"}', 400, "neither true nor false"),
        ("/v2/repository/index", " " * (5 << 20) + "{}", 400, "at most 4194304 are read"),
        ("/v2/repository/models/first", "", 404, None),
        ("/v2/repository/models/first/reload", "", 404, None),
    ],
)
def test_bad_bodies(server, path, body, status, text):
    answer = server.post(path, body)
    assert answer.status_code == status
    if text:
        assert text in answer.json()["error"]


def test_a_page_of_another_origin_changes_nothing(server):
    """The browser of an operator sends what any page tells it to."""
    path = "/v2/repository/models/half/unload"
    own = server.rest_url.removeprefix("http://")
    for origin in ["http://elsewhere.example", "null", f"http://{own}1"]:
        answer = server.post(path, b"", headers={"Origin": origin})
        assert answer.status_code == 403
        assert "another origin" in answer.json()["error"]
    assert server.post("/v2/repository/index", b"", headers={"Origin": f"http://{own}"}).status_code == 200
    assert ask(server, "half") == [3.0]


def test_control_is_off_unless_enabled():
    with apus_serve({"half": HALF}) as server:
        server.wait_for("half", 1)
        for path in ["/v2/repository/models/half/unload", "/v2/repository/models/half/load", "/v1/config/reload"]:
            answer = server.post(path, b"")
            assert answer.status_code == 403
            assert answer.json()["error"].startswith("Control by requests is off on this port; --enable_control")
        server.line("A request that would change what is served was refused: control is off")
        with pytest.raises(InferenceServerException, match="Control by calls is off on this port") as caught:
            GRPCClient(server).unload("half")
        assert caught.value.status() == "StatusCode.PERMISSION_DENIED"
        server.line("A call that would change what is served was refused: control is off")
        assert states(GRPCClient(server)) == {"half": "READY"}, "looking is allowed"
        assert server.get("/v1/config").json()["half"]["model_version_status"][0]["state"] == "AVAILABLE"
        assert ask(server, "half") == [3.0]


def test_how_the_server_stands(server):
    client = GRPCClient(server).client
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("half") and client.is_model_ready("half", "1")
    assert not client.is_model_ready("half", "7")
    metadata = client.get_server_metadata()
    assert metadata.name == "apus" and list(metadata.extensions) == ["model_repository"]
    assert server.get("/v2").json()["extensions"] == ["model_repository"]


# ---- OpenVINO Model Server's configuration calls ----


def test_the_configuration_file_is_applied_when_asked(tmp_path):
    config = tmp_path / "models.config"
    config.write_text(config_list(model("half", HALF)))
    with apus_serve({}, f"--config={config}", "--enable-control", *QUICK) as server:
        server.wait_for("half", 1)
        expected = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        assert server.get("/v1/config").json() == {"half": {"model_version_status": [expected]}}
        assert server.post("/v1/config/reload", b"").status_code == 200, "nothing to do"

        replace_file(config, config_list(model("half", HALF), model("other", HALF)))
        answer = server.post("/v1/config/reload", b"")
        assert answer.status_code == 201
        assert answer.json() == {name: {"model_version_status": [expected]} for name in ["half", "other"]}

        replace_file(config, "model_config_list {")
        answer = server.post("/v1/config/reload", b"")
        assert answer.status_code == 400 and "Invalid protobuf file" in answer.json()["error"]
        config.unlink()
        assert server.post("/v1/config/reload", b"").status_code == 404
        assert ask(server, "other") == [3.0], "what is wrong changes nothing"


def test_without_a_file_there_is_nothing_to_reload(server):
    assert server.post("/v1/config/reload", b"").status_code == 200


# ---- The file and the calls ----


def test_a_polled_file_does_not_take_back_what_a_call_did(tmp_path):
    config = tmp_path / "models.config"
    config.write_text(config_list(model("half", HALF), model("other", HALF)))
    with apus_serve({}, f"--config={config}", "--config-poll-seconds=1", "--enable-control", *QUICK) as server:
        server.wait_for("other", 1)
        GRPCClient(server).unload("other")
        server.wait_for("other", 1, "END")
        # A model that a later reading adds shows that the file was read: its other wish is new, too, then.
        replace_file(config, config_list(model("half", HALF), model("third", HALF)))
        server.wait_for("third", 1)
        assert server.versions("other") == {1: "END"}
        replace_file(config, config_list(model("half", HALF), model("other", HALF)))
        server.wait_for("other", 1)


def test_what_calls_change_is_written_into_the_file(tmp_path):
    real = tmp_path / "real.config"
    real.write_text(
        "# written by hand\n" + config_list(model("half", HALF, labels(stable=1)), model("gone", HALF))
    )
    real.chmod(0o640)
    config = tmp_path / "models.config"
    config.symlink_to(real)
    port, rest = free_port(), free_port()
    arguments = [
        f"--port={port}",
        f"--rest_api_port={rest}",
        f"--model_config_file={config}",
        "--model_config_file_poll_wait_seconds=1",
        "--write_config_back",
        "--enable_control",
    ]
    with tensorflow_model_server(*arguments) as server:
        server.wait_for("gone", 1)
        client = GRPCClient(server)
        client.unload("gone")
        assert set(asked_models(real)) == {"half"}, "written when the call returns"
        client.load("extra", json.dumps({"base_path": str(HALF), "model_version_policy": {"all": {}}}))
        written = asked_models(real)
        assert set(written) == {"half", "extra"}
        assert written["extra"].model_version_policy.HasField("all")
        assert written["half"].version_labels == {"stable": 1}
        assert stat.S_IMODE(real.stat().st_mode) == 0o640 and config.is_symlink()
        assert sorted(os.listdir(tmp_path)) == ["models.config", "real.config"], "nothing is left beside it"
        reload(server, model("half", HALF))
        assert set(asked_models(real)) == {"half"}
    with tensorflow_model_server(*arguments) as server:
        server.wait_for("half", 1)
        assert server.versions("extra") == {}, "a server that starts anew serves what was desired last"


def test_a_file_that_cannot_be_written(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    config = folder / "models.config"
    config.write_text(config_list(model("half", HALF), model("other", HALF)))
    with apus_serve({}, f"--config={config}", "--write-config-back", "--enable-control", *QUICK) as server:
        server.wait_for("other", 1)
        # Root may write anywhere, so the file has to go.
        config.unlink()
        answer = server.post("/v2/repository/models/other/unload", b"")
        assert answer.status_code == 503
        assert "The change is in effect, but not in the configuration file: cannot find" in answer.json()["error"]
        server.wait_for("other", 1, "END")
        server.line("The configuration file could not be written")
        assert ask(server, "half") == [3.0]


def test_a_load_that_takes_longer_than_the_limit_goes_on(tmp_path):
    base = tmp_path / "late"
    (base / "1").mkdir(parents=True)
    # A version that is still being written: nothing is loaded yet, and nothing has failed.
    arguments = ["--enable-control", "--rest-timeout=300", *QUICK]
    with apus_serve({"half": HALF}, *arguments) as server:
        server.wait_for("half", 1)
        body = {"parameters": {"config": json.dumps({"base_path": str(base)})}}
        answer = server.post("/v2/repository/models/late/load", body)
        assert answer.status_code == 504 and "goes on" in answer.json()["error"]

        def look():
            if "late" not in {entry["name"] for entry in server.post("/v2/repository/index", {}).json()}:
                raise NotYet("not listed")
            return True

        eventually(look, "the model to be known")
        assert server.post("/v2/repository/models/late/unload", b"").status_code == 200


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--write_config_back", f"--model_base_path={HALF}"], "The model configuration is to be written back"),
        (["--model_repository=http://x", f"--model_base_path={HALF}"], "expected an absolute path"),
    ],
)
def test_flags_that_do_not_fit(arguments, message):
    with tensorflow_model_server(f"--port={free_port()}", *arguments) as server:
        assert server.wait() == 255
        assert message in server.output
