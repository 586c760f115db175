"""Who may do what: API keys, the control port, and limits on what a client can take."""

import gzip
import hashlib
import json
import re
import select
import signal
import socket

import grpc
import numpy
import pytest
import requests
import tritonclient.grpc
from support.certificates import AUTHORITY, CLIENT, SERVER, make
from support.health import SERVING, Health
from support.model_config import model, reload
from support.paths import MODELS
from support.server import CHANNEL_OPTIONS, apus_serve, free_port, run_program, tensorflow_model_server
from support.tensors import array, predict_request
from support.waiting import LONG, NotYet, eventually
from tensorflow_serving.apis import (
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
)
from tritonclient.utils import InferenceServerException

HALF = MODELS / "half_plus_two"
WEB, OPS, LOOK = "web-key-0123456789", "ops-key-0123456789", "look-key-0123456789"
LOADER, PART = "loader-key-0123456789", "part-key-0123456789"
KEYS = f"""
# who   key   may   which models
web     sha256:{hashlib.sha256(WEB.encode()).hexdigest()}   predict,metadata   half
ops     {OPS}   *
look    {LOOK}  status,metrics,debug
part    {PART}  metrics,debug,status,predict  half
loader  {LOADER}  control,status  ha*
"""
BODY = {"instances": [2.0]}


def write_keys(path, text=KEYS, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def metadata(key):
    return [("authorization", f"Bearer {key}")] if key else None


def predict(server, name="half", key=None, fields=None, timeout=LONG):
    stub = server.prediction()
    request = predict_request(name, {"x": numpy.float32([2])})
    return array(stub.Predict(request, timeout=timeout, metadata=fields or metadata(key)).outputs["y"]).tolist()


def code(call, *arguments, **options):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **options)
    return caught.value.code()


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory):
    return write_keys(tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture(scope="module")
def server(keys_file):
    with apus_serve({"half": HALF, "other": HALF}, f"--api-keys={keys_file}", "--enable-control") as server:
        server.line(r"A version changed its state.*model=half.*AVAILABLE|model=half.*state=AVAILABLE")
        server.wait_until_ready()
        yield server
        server.check_running()


# ---- API keys ----


def test_a_key_is_taken_in_both_ways_on_both_ports(server):
    assert predict(server, key=WEB) == [3.0]
    assert predict(server, fields=[("x-api-key", WEB)]) == [3.0]
    for fields in [bearer(WEB), {"authorization": f"bearer {WEB}"}, {"X-API-Key": WEB}]:
        answer = server.post("/v1/models/half:predict", BODY, headers=fields)
        assert answer.status_code == 200 and answer.json() == {"predictions": [3.0]}


def test_without_a_known_key_nothing_is_answered(server):
    for fields in [None, [("authorization", "Bearer no-such-key-at-all")], [("authorization", f"Basic {WEB}")]]:
        assert code(predict, server, fields=fields) == grpc.StatusCode.UNAUTHENTICATED
    for fields in [{}, bearer("no-such-key-at-all"), {"Authorization": f"Basic {WEB}"}, {"X-API-Key": ""}]:
        answer = server.post("/v1/models/half:predict", BODY, headers=fields)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"
        assert "API key" in answer.json()["error"]


def test_a_key_reaches_its_models_only(server):
    assert code(predict, server, "other", WEB) == grpc.StatusCode.PERMISSION_DENIED
    assert predict(server, "other", OPS) == [3.0]
    answer = server.post("/v1/models/other:predict", BODY, headers=bearer(WEB))
    assert answer.status_code == 403
    assert answer.json()["error"] == "The API key web has no right to predict of this model"
    # Percent-encoded it is the same model.
    assert server.post("/v1/models/%6fther:predict", BODY, headers=bearer(WEB)).status_code == 403
    request = inference_pb2.MultiInferenceRequest()
    for name in ["half", "other"]:
        task = request.tasks.add(method_name="tensorflow/serving/regress")
        task.model_spec.name = name
    stub = server.prediction()
    assert code(stub.MultiInference, request, metadata=metadata(WEB)) == grpc.StatusCode.PERMISSION_DENIED


# Verb, how it is asked over REST and over gRPC, and the keys that may.
VERBS = [
    ("predict", ("POST", "/v1/models/half:predict"), "Predict", {WEB, OPS}),
    ("metadata", ("GET", "/v1/models/half/metadata"), "GetModelMetadata", {WEB, OPS}),
    ("status", ("GET", "/v1/models/half"), "GetModelStatus", {OPS, LOOK}),
    ("list", ("GET", "/v1/config"), "RepositoryIndex", {OPS, LOOK}),
    ("control", ("POST", "/v2/repository/models/half/load"), "RepositoryModelLoad", {OPS}),
    ("config", ("POST", "/v1/config/reload"), "HandleReloadConfigRequest", {OPS}),
    ("metrics", ("GET", "/metrics"), None, {OPS, LOOK}),
    ("debug", ("GET", "/v1/models/half/scheduler"), "Terminate", {OPS, LOOK}),
]


def call(server, method, fields):
    """An RPC by its name, with messages that are right or empty."""
    services = {
        "Predict": "tensorflow.serving.PredictionService",
        "GetModelMetadata": "tensorflow.serving.PredictionService",
        "GetModelStatus": "tensorflow.serving.ModelService",
        "HandleReloadConfigRequest": "tensorflow.serving.ModelService",
        "RepositoryIndex": "inference.GRPCInferenceService",
        "RepositoryModelLoad": "inference.GRPCInferenceService",
        "Terminate": "tensorflow.ProfilerService",
    }
    messages = {
        "Predict": predict_request("half", {"x": numpy.float32([2])}).SerializeToString(),
        "GetModelMetadata": b"\n\x06\n\x04half\x12\rsignature_def",
        "GetModelStatus": b"\n\x06\n\x04half",
        "RepositoryModelLoad": b"\x12\x04half",
        "Terminate": b"",
        "RepositoryIndex": b"",
    }
    function = server.channel().unary_unary(f"/{services[method]}/{method}")
    return function(messages[method], metadata=fields, timeout=LONG)


@pytest.mark.parametrize("verb, rest, rpc, allowed", VERBS, ids=[verb[0] for verb in VERBS])
def test_each_right_is_one_of_its_own(server, verb, rest, rpc, allowed):
    method, path = rest
    for key in [WEB, OPS, LOOK]:
        body = json.dumps(BODY) if "predict" in path else b""
        answer = requests.request(method, server.rest_url + path, data=body, headers=bearer(key), timeout=LONG)
        assert answer.status_code == (200 if key in allowed else 403), key
        if rpc is None or (rpc == "HandleReloadConfigRequest" and key in allowed):
            continue
        if key in allowed:
            call(server, rpc, metadata(key))
        elif rpc == "HandleReloadConfigRequest":
            stub = model_service_pb2_grpc.ModelServiceStub(server.channel())
            request = model_management_pb2.ReloadConfigRequest()
            assert code(stub.HandleReloadConfigRequest, request, metadata=metadata(key)) == (
                grpc.StatusCode.PERMISSION_DENIED
            )
        else:
            assert code(call, server, rpc, metadata(key)) == grpc.StatusCode.PERMISSION_DENIED, key


def test_control_of_some_models_is_not_control_of_all(server):
    fields = bearer(LOADER)
    assert server.post("/v2/repository/models/half/load", b"", headers=fields).status_code == 200
    assert server.post("/v2/repository/models/other/unload", b"", headers=fields).status_code == 403
    answer = server.post("/v1/config/reload", b"", headers=fields)
    assert answer.status_code == 403 and "control of all models" in answer.json()["error"]
    assert list(server.get("/v1/config", headers=fields).json()) == ["half"], "others are not even named"
    listed = server.post("/v2/repository/index", b"", headers=fields).json()
    assert {entry["name"] for entry in listed} == {"half"}


def test_a_key_for_some_models_hears_of_no_others(server):
    fields = bearer(PART)
    for name in ["half", "other"]:
        assert predict(server, name, OPS) == [3.0]
    with pytest.raises(grpc.RpcError):
        predict(server, "nobody", OPS)
    everything = server.get("/v1/debug/requests", headers=bearer(OPS)).json()["requests"]
    assert {"half", "other", "nobody"} <= {request.get("model") for request in everything}
    for path in ["/v1/debug/requests", "/v1/debug/requests?kept=failed", "/v1/debug/requests?model=other"]:
        found = server.get(path, headers=fields).json()["requests"]
        assert {request["model"] for request in found} <= {"half"}, path
    assert server.get("/v1/debug/requests", headers=fields).json()["requests"]
    for path in ["/", "/console/states", "/console/about", "/console/samples"]:
        assert "other" in server.get(path, headers=bearer(OPS)).text or path.endswith("samples")
        assert '"other"' not in server.get(path, headers=fields).text.replace("&quot;", '"'), path
    assert [model["name"] for model in server.get("/console/about", headers=fields).json()["models"]] == ["half"]
    for path in ["/console/samples?model=other", "/console/scheduler?model=other", "/v1/models/other/scheduler"]:
        assert server.get(path, headers=fields).status_code == 403
        assert server.get(path.replace("other", "half"), headers=fields).status_code == 200


def test_what_is_about_the_whole_server_needs_a_key_for_all_models(server):
    answer = server.get("/metrics", headers=bearer(PART))
    assert answer.status_code == 403
    assert answer.json()["error"] == "The API key part has no right to metrics of all models, which this is about"
    for method, request in [("Profile", b"\x08\x0a"), ("Terminate", b"")]:
        function = server.channel().unary_unary(f"/tensorflow.ProfilerService/{method}")
        assert code(function, request, metadata=metadata(PART), timeout=LONG) == grpc.StatusCode.PERMISSION_DENIED
        assert function(request, metadata=metadata(LOOK), timeout=LONG) is not None


def test_control_is_logged_with_the_name_of_the_key(server):
    """Who changed what is served, also in vain; over REST and gRPC. The key itself is never written."""
    for path, key, line in [
        ("/v2/repository/models/half/load", OPS, "action=load caller=ops model=half peer=.*A request changes"),
        ("/v2/repository/models/half/load", LOADER, "action=load caller=loader model=half peer=.*A request changes"),
        ("/v1/config/reload", OPS, "action=reload caller=ops peer=.*A request changes"),
        ("/v2/repository/models/other/unload", LOADER, "caller=loader model=other peer=.*verb=control.*A call was refused"),
        ("/v1/config/reload", PART, "caller=part peer=.*verb=control.*A call was refused"),
    ]:

        def is_told():
            # Of the refusals of a second the first twenty are logged, and there may have been others.
            server.post(path, b"", headers=bearer(key))
            return re.search(line, server.output)

        eventually(is_told, f"a line like {line}", interval=0.2)
    stub = model_service_pb2_grpc.ModelServiceStub(server.channel())
    both = model_management_pb2.ReloadConfigRequest()
    for name in ["half", "other"]:
        both.config.model_config_list.config.add(name=name, base_path=str(HALF), model_platform="tensorflow")
    stub.HandleReloadConfigRequest(both, metadata=metadata(OPS), timeout=LONG)
    call(server, "RepositoryModelLoad", metadata(LOADER))
    server.line("action=reload caller=ops peer=.*A call changes")
    server.line("action=load caller=loader model=half peer=.*A call changes")
    answer = server.post("/v1/config/reload", b"", headers={**bearer(OPS), "Origin": "http://elsewhere"})
    assert answer.status_code == 403
    server.line("caller=ops.*page of another origin")
    for secret in [WEB, OPS, LOADER, PART]:
        assert secret not in server.output


def test_probes_need_no_key(server):
    assert Health(server.channel()).check() == SERVING
    assert server.get("/v2/health/ready").status_code == 200
    assert server.get("/v2/health/live").status_code == 200
    assert server.get("/v2/models/half/ready").status_code == 200


def test_refusals_are_logged_without_the_secret(server):
    key = "a-secret-nobody-must-see"
    server.post("/v2/repository/models/half/unload", b"", headers=bearer(key))
    server.post("/v2/repository/models/half/unload", b"", headers=bearer(WEB))
    line = server.line(r".*A call was refused.*")[0]
    eventually(lambda: "caller=web" in server.output or None, "the refusal of a known caller")
    assert "verb=control" in server.output and "model=half" in server.output
    assert "peer=" in line
    for secret in [key, WEB, OPS]:
        assert secret not in server.output
    assert predict(server, key=WEB) == [3.0], "nothing was unloaded"


def test_a_refused_request_is_answered_before_its_body_comes(server):
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=LONG) as client:
        head = "POST /v1/models/half:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 401 Unauthorized\r\n")


def test_keys_are_read_again(tmp_path):
    keys = write_keys(tmp_path / "keys")
    with apus_serve({"half": HALF}, f"--api-keys={keys}") as server:
        server.wait_until_ready()
        assert predict(server, key=WEB) == [3.0]
        part = write_keys(tmp_path / "part", "web short predict\n")
        part.rename(keys)
        server.line("line 1: the key is not 16 to 512.*The new API keys are refused; those before stay in force")
        assert predict(server, key=WEB) == [3.0]
        part = write_keys(tmp_path / "part", "new new-key-0123456789 predict\n")
        part.rename(keys)
        server.signal(signal.SIGHUP)
        server.line("The API keys were read again")
        assert predict(server, key="new-key-0123456789") == [3.0]
        assert code(predict, server, key=WEB) == grpc.StatusCode.UNAUTHENTICATED


def test_callers_without_a_key_may_do_what_the_file_says(tmp_path):
    keys = write_keys(tmp_path / "keys", f"ops {OPS} *\nanonymous - predict half\n")
    with apus_serve({"half": HALF, "other": HALF}, f"--api-keys={keys}") as server:
        server.wait_until_ready()
        assert predict(server) == [3.0]
        assert code(predict, server, "other") == grpc.StatusCode.PERMISSION_DENIED
        assert server.get("/v1/models/half").status_code == 403


def test_a_file_that_is_wrong_ends_the_start(tmp_path):
    for text, message in [("web short predict\n", "line 1: the key is not"), (None, "No such file")]:
        keys = tmp_path / "keys"
        if text:
            write_keys(keys, text)
        else:
            keys.unlink()
        done = run_program("apus", "serve", f"--model=half={HALF}", "--port=0", f"--api-keys={keys}")
        assert done.returncode == 1 and message in done.stderr


@pytest.mark.parametrize("mode, warns", [(0o644, True), (0o640, False)])
def test_a_file_with_secrets_that_everybody_can_read_is_named(tmp_path, mode, warns):
    keys = write_keys(tmp_path / "keys", mode=mode)
    authority = make(tmp_path, "authority", AUTHORITY, common_name="test authority")
    pair = make(tmp_path, "server", SERVER, authority)
    cert, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    cert.write_text(pair.certificate)
    key.write_text(pair.key)
    key.chmod(mode)
    arguments = [f"--api-keys={keys}", f"--tls-cert={cert}", f"--tls-key={key}"]
    with apus_serve({"half": HALF}, *arguments) as server:
        server.rest_port
        for path in [keys, key]:
            named = f"{path}.*A file with secrets can be read by everybody"
            if warns:
                server.line(named)
            else:
                assert str(path) not in server.output


# ---- The control port ----


def control_port(server):
    return int(server.line(r"Running the control port at \S*?:(\d+)")[1])


def test_operators_have_a_port_of_their_own(tmp_path):
    with apus_serve({"half": HALF}, "--control-port=0") as server:
        server.wait_until_ready()
        port = control_port(server)
        url = f"http://127.0.0.1:{port}"
        assert predict(server) == [3.0]
        for path in ["/metrics", "/v1/models/half/scheduler"]:
            assert server.get(path).status_code == 403
            assert requests.get(url + path, timeout=LONG).status_code == 200
        for path in ["/v2/repository/models/half/load", "/v1/config/reload"]:
            answer = server.post(path, b"")
            assert answer.status_code == 403
            assert answer.json()["error"] == "control is answered on the control port only"
            assert requests.post(url + path, data=b"", timeout=LONG).status_code == 200
        assert code(reload, server, model("half", HALF)) == grpc.StatusCode.PERMISSION_DENIED
        channel = server.channel(f"127.0.0.1:{port}")
        reload(server, model("half", HALF), stub=model_service_pb2_grpc.ModelServiceStub(channel))
        client = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{port}")
        client.unload_model("half")
        server.wait_for("half", 1, "END")
        client.load_model("half")
        assert predict(server) == [3.0]
        with pytest.raises(InferenceServerException, match="control is answered on the control port only"):
            tritonclient.grpc.InferenceServerClient(server.grpc_address).unload_model("half")
        # Also for those that send their first bytes one by one.
        with socket.create_connection(("127.0.0.1", port), timeout=LONG) as slow:
            for byte in b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n":
                slow.sendall(bytes([byte]))
            assert slow.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_keys_and_mutual_tls_cover_the_control_port(tmp_path):
    authority = make(tmp_path, "authority", AUTHORITY, common_name="test authority")
    pair, client = make(tmp_path, "server", SERVER, authority), make(tmp_path, "client", CLIENT, authority)
    files = {}
    for name, text in [
        ("tls.crt", pair.certificate),
        ("tls.key", pair.key),
        ("ca.crt", authority.certificate),
        ("client.crt", client.certificate),
        ("client.key", client.key),
    ]:
        files[name] = tmp_path / name
        files[name].write_text(text)
        files[name].chmod(0o600)
    keys = write_keys(tmp_path / "keys")
    with apus_serve(
        {"half": HALF},
        "--control-port=0",
        f"--api-keys={keys}",
        f"--tls-cert={files['tls.crt']}",
        f"--tls-key={files['tls.key']}",
        f"--tls-client-ca={files['ca.crt']}",
    ) as server:
        port = control_port(server)
        url = f"https://localhost:{port}/metrics"
        options = {"verify": str(files["ca.crt"]), "timeout": LONG}
        own = {**options, "cert": (str(files["client.crt"]), str(files["client.key"]))}
        assert requests.get(url, headers=bearer(OPS), **own).status_code == 200
        assert requests.get(url, headers=bearer(WEB), **own).status_code == 403
        assert requests.get(url, **own).status_code == 401
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(url, headers=bearer(OPS), **options)
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(url.replace("https", "http"), timeout=LONG)
        credentials = grpc.ssl_channel_credentials(
            authority.certificate.encode(), client.key.encode(), client.certificate.encode()
        )
        channel = grpc.secure_channel(
            f"127.0.0.1:{port}",
            credentials,
            options=[*CHANNEL_OPTIONS, ("grpc.ssl_target_name_override", "localhost")],
        )
        index = channel.unary_unary("/inference.GRPCInferenceService/RepositoryIndex")
        assert b"half" in index(b"", metadata=metadata(OPS), timeout=LONG)
        assert code(index, b"", metadata=metadata(WEB), timeout=LONG) == grpc.StatusCode.PERMISSION_DENIED
        channel.close()


def test_a_control_port_that_is_taken_ends_the_start():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_program(
            "apus", "serve", f"--model=half={HALF}", "--host=127.0.0.1", "--port=0", f"--control-port={port}"
        )
        assert done.returncode == 1 and f"cannot listen for control on 127.0.0.1:{port}" in done.stderr


# ---- Limits ----


def test_more_connections_than_there_may_be_are_closed():
    with apus_serve({"half": HALF}, "--max-connections=3", "--control-port=0") as server:
        address, port = ("127.0.0.1", server.rest_port), control_port(server)
        server.line("half.*AVAILABLE")
        held = [socket.create_connection(address, timeout=LONG) for _ in range(3)]
        for client in held:
            client.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
        with socket.create_connection(address, timeout=LONG) as client:
            try:
                assert client.recv(1) == b""
            except ConnectionResetError:
                pass
        server.line("Connections are refused: as many are open as may be")
        assert requests.get(f"http://127.0.0.1:{port}/metrics", timeout=LONG).status_code == 200, "operators get in"
        for client in held:
            client.close()

        def look():
            try:
                return server.get("/v2/health/live").status_code == 200
            except requests.exceptions.ConnectionError as error:
                raise NotYet(error)

        eventually(look, "room for another connection")


def test_memory_in_flight_is_bounded_over_all_connections():
    with apus_serve({"half": HALF}, "--max-bytes-in-flight=1000000") as server:
        server.wait_until_ready()
        address = ("127.0.0.1", server.rest_port)
        head = b"POST /v1/models/half:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"

        def refused(holder):
            answer = requests.post(server.rest_url + "/v1/models/half:predict", data=b" " * 600_000, timeout=LONG)
            # The body that came later may have been the holder's.
            return answer.status_code == 429 or bool(select.select([holder], [], [], 0)[0])

        def hold():
            holder = socket.create_connection(address, timeout=LONG)
            holder.sendall(head + b" " * 700_000)
            eventually(lambda: refused(holder), "one of two large bodies to be refused")
            if not select.select([holder], [], [], 0)[0]:
                return holder
            assert holder.recv(1000).startswith(b"HTTP/1.1 429")
            holder.close()

        with eventually(hold, "a large body that is being received"):
            assert requests.post(server.rest_url + "/v1/models/half:predict", data=b" " * 600_000, timeout=LONG).status_code == 429
            large = predict_request("half", {"x": numpy.zeros(200_000, numpy.float32)})
            stub = server.prediction()
            assert code(stub.Predict, large, timeout=LONG) == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert predict(server) == [3.0], "small requests are served on"
            chunks = (b" " * 100_000 for _ in range(8))
            answer = requests.post(server.rest_url + "/v1/models/half:predict", data=chunks, timeout=LONG)
            assert answer.status_code == 429
            packed = gzip.compress(json.dumps({"instances": [1.0] * 80_000}).encode())
            fields = {"Content-Encoding": "gzip"}
            assert server.post("/v1/models/half:predict", packed, headers=fields).status_code == 429

        def served():
            response = stub.Predict(large, timeout=LONG)
            return len(array(response.outputs["y"])) == 200_000

        eventually(lambda: try_call(served), "the memory to come back")
        for _ in range(20):
            assert served(), "each answer gives its memory back"
        assert server.post("/v1/models/half:predict", packed, headers=fields).status_code == 200


def try_call(function):
    try:
        return function()
    except grpc.RpcError as error:
        raise NotYet(error)


def test_the_largest_rest_body_is_a_flag():
    port = free_port()
    with tensorflow_model_server(
        f"--port={port}", f"--rest_api_port={free_port()}", f"--model_base_path={HALF}", "--rest_api_max_body_bytes=1000"
    ) as server:
        server.wait_for("default", 1)
        assert server.post("/v1/models/default:predict", BODY).status_code == 200
        assert server.post("/v1/models/default:predict", b" " * 1001).status_code == 413


# ---- The circuit breaker ----


def test_a_model_without_failures_never_rests():
    with apus_serve({"half": HALF}, "--breaker-failures=3", "--breaker-failure-share=0.5") as server:
        server.wait_until_ready()
        for _ in range(50):
            answer = server.post("/v1/models/half:predict", {"instances": ["no number"]})
            assert answer.status_code == 400, "what callers do wrong is no failure of the model"
        assert predict(server) == [3.0]
        page = server.get("/v1/models/half/scheduler").json()
        assert page["circuit_breaker"] == {"state": "closed"}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--control-port=70000"], "expected a number from 0 to 65535"),
        (["--control-port=8500"], "which is another port, too"),
        (["--breaker-failure-share=2"], "expected 0 to 1"),
        (["--max-rest-body=0"], "expected 1 or more"),
    ],
)
def test_values_that_cannot_be(arguments, message):
    done = run_program("apus", "serve", f"--model=half={HALF}", *arguments)
    assert done.returncode != 0 and message in done.stderr
