"""More models than memory: known, loaded when they are asked for, evicted for others, found in a repository."""

import concurrent.futures

import grpc
import numpy
import pytest
from tensorflow_serving.apis import get_model_metadata_pb2

from support.health import SERVING, Health
from support.metrics import scrape
from support.paths import MODELS
from support.processes import anonymous
from support.server import apus_serve, free_port, run_program, tensorflow_model_server
from support.tensors import array, predict_request
from support.versions import publish, settle
from support.waiting import LONG, eventually

PIXELS = {"image": numpy.zeros((1, 784), "float32")}
MB = 1 << 20


def copy(model, base, version=1):
    """A folder with a demo model's version in it."""
    base.mkdir(exist_ok=True)
    publish(model, base, version)
    return base


def remembering_nothing(limit, *arguments):
    """Most models here have the same files under several names, and are to count by themselves."""
    return [f"--model-memory-limit={limit}", "--model-cache-state=none", "--no-share-weights", *arguments]


def cache(server):
    answer = server.get("/v1/cache")
    assert answer.status_code == 200, answer.text
    return answer.json()


def states(server):
    return {version["model"]: version["state"] for version in cache(server)["versions"]}


def resident(server):
    return {name for name, state in states(server).items() if state == "RESIDENT"}


def ask(server, name, timeout=LONG, stub=None):
    return (stub or server.prediction()).Predict(predict_request(name, PIXELS), timeout=timeout)


@pytest.fixture(scope="module")
def perceptrons(tmp_path_factory):
    """Ten models of 2.7 MB each."""
    folder = tmp_path_factory.mktemp("perceptrons")
    return {f"p{number}": copy("perceptron", folder / f"p{number}") for number in range(10)}


@pytest.fixture(scope="module")
def shared(perceptrons):
    half = copy("half_plus_two", perceptrons["p0"].parent / "half")
    with apus_serve({**perceptrons, "half": half}, *remembering_nothing(24 * MB)) as server:
        server.wait_until_ready()
        yield server
        server.check_running()


def test_known_models_are_ready_and_say_that_they_rest(perceptrons):
    with apus_serve(perceptrons, *remembering_nothing("60%")) as server:
        server.wait_until_ready()
        assert Health(server.channel()).check("p1") == SERVING
        assert server.get("/v2/models/p1/ready").status_code == 200
        status = server.version_status("p1", 1)
        assert (status.state, status.status.error_code) == (10, 0), "START: known, and nothing was done yet"
        assert "at rest" in status.status.error_message
        told = server.get("/v1/models/p1").json()["model_version_status"][0]
        assert told["state"] == "START" and "at rest" in told["status"]["error_message"]
        assert set(states(server).values()) == {"AT_REST"}, "to ask how a model stands does not load it"


@pytest.mark.parametrize("by", ["grpc", "rest", "metadata", "rest metadata"])
def test_a_request_loads_its_model(shared, by):
    name = {"grpc": "p1", "rest": "p2", "metadata": "p3", "rest metadata": "p4"}[by]
    if by == "grpc":
        assert array(ask(shared, name).outputs["probabilities"]).shape == (1, 10)
    elif by == "rest":
        answer = shared.post(f"/v1/models/{name}:predict", {"instances": [[0.0] * 784]})
        assert answer.status_code == 200, answer.text
    elif by == "metadata":
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = name
        answer = shared.prediction().GetModelMetadata(request, timeout=LONG)
        assert answer.model_spec.version.value == 1
    else:
        assert shared.get(f"/v1/models/{name}/metadata").status_code == 200
    assert shared.versions(name) == {1: "AVAILABLE"}
    # Its time was the load's.
    def waited():
        calls = shared.get(f"/v1/debug/requests?model={name}").json()["requests"]
        return [call for call in calls if "load" in call["stages_us"]]

    (call,) = eventually(waited, f"the record of the request that loaded {name}")
    assert call["stages_us"]["load"] > 0.5 * call["duration_us"], call


def test_one_load_for_all_who_ask(shared):
    stub = shared.prediction()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: ask(shared, "p9", stub=stub), range(48)))
    assert len(answers) == 48
    version = next(version for version in cache(shared)["versions"] if version["model"] == "p9")
    assert version["loads"] == 1 and 1 <= version["misses"] <= 48


def test_the_budget_holds_and_memory_goes_back(perceptrons):
    with apus_serve(perceptrons, *remembering_nothing(24 * MB)) as server:
        server.wait_until_ready()
        stub = server.prediction()
        ask(server, "p0", stub=stub)
        one = anonymous(server.process.pid)
        for _ in range(3):
            for name in perceptrons:
                ask(server, name, stub=stub)
                now = cache(server)
                assert now["resident_bytes"] + now["loading_bytes"] + now["unloading_bytes"] <= now["budget_bytes"]
        assert 2 <= len(resident(server)) < 10
        report = cache(server)
        assert report["evictions"] and report["last_evictions"][0]["reason"] in {"demand", "headroom"}
        grown = anonymous(server.process.pid) - one
        assert grown < 24, f"the process grew by {grown} MB under a budget of 24 MB"
        page = scrape(server).samples
        assert page["apus_cache_budget_bytes", ()] == 24 * MB
        assert page["apus_cache_misses_total", ()] == report["misses"]
        assert sum(page["apus_cache_evictions_total", (("reason", reason),)] for reason in report["evictions"]) >= 1
        evicted = report["last_evictions"][0]["model"]
        assert server.versions(evicted) in ({1: "START"}, {1: "AVAILABLE"}), "it rests again"


def test_what_is_larger_than_the_budget_is_refused_by_name_with_both_figures(perceptrons):
    models = {"big": MODELS / "big_variables", "p0": perceptrons["p0"]}
    with apus_serve(models, *remembering_nothing(20 * MB)) as server:
        server.wait_until_ready()
        with pytest.raises(grpc.RpcError) as caught:
            ask(server, "big")
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        details = caught.value.details()
        assert "{name: big version: 1} needs 10" in details and f"may use {20 * MB} bytes (20.0 MiB)" in details
        answer = server.post("/v1/models/big:predict", {"instances": [1.0]})
        assert answer.status_code == 429 and answer.json()["error"] == details
        assert server.version_status("big", 1).status.error_message == details
        assert server.get("/v2/models/big/ready").status_code == 503
        assert array(ask(server, "p0").outputs["probabilities"]).shape == (1, 10), "the others are served"


def test_who_cannot_wait_is_refused_with_when_to_come_again(tmp_path):
    state = tmp_path / "costs"
    models = {"big": MODELS / "big_variables"}
    with apus_serve(models, "--model-memory-limit=60%", f"--model-cache-state={state}") as server:
        server.wait_until_ready()
        assert server.get("/v1/models/big/metadata").status_code == 200
        first = cache(server)["versions"][0]
    assert state.read_text().startswith("apus model costs 2\n"), "written at the end at the latest"

    with apus_serve(models, "--model-memory-limit=60%", f"--model-cache-state={state}") as server:
        server.wait_until_ready()
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = "big"
        with pytest.raises(grpc.RpcError) as caught:
            server.prediction().GetModelMetadata(request, timeout=first["load_ms"] / 1000 / 3)
        assert caught.value.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
        if caught.value.code() == grpc.StatusCode.UNAVAILABLE:
            assert "is being loaded, which is expected to take" in caught.value.details()
        server.wait_for("big", 1)
        version = cache(server)["versions"][0]
        assert version["bytes"] >= 100 * MB, "the load that nobody waited for went on"


def test_a_waiting_call_ends_at_its_deadline(tmp_path):
    models = {"big": MODELS / "big_variables"}
    with apus_serve(models, *remembering_nothing("60%"), "--rest-timeout=1") as server:
        server.wait_until_ready()
        # Nobody knows yet how long it takes, so it waits.
        answer = server.get("/v1/models/big/metadata")
        assert answer.status_code == 504 and "that goes on" in answer.json()["error"]
        server.wait_for("big", 1)
        assert server.get("/v1/models/big/metadata").status_code == 200


def test_a_failed_load_is_told_to_those_who_wait_and_not_repeated_at_once(tmp_path):
    folder = tmp_path / "broken" / "1"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"no model")
    settle(tmp_path / "broken")
    with apus_serve({"broken": tmp_path / "broken"}, *remembering_nothing("60%")) as server:
        eventually(lambda: server.versions("broken") == {1: "START"}, "the version to be known")
        for _ in range(3):
            with pytest.raises(grpc.RpcError) as caught:
                ask(server, "broken")
            assert caught.value.code() not in {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.NOT_FOUND}
        assert server.output.count("A try to load a version failed") == 1


def test_pinned_by_the_configuration(perceptrons, tmp_path):
    file = tmp_path / "models.config"
    file.write_text(
        "model_config_list {\n"
        + "".join(
            f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow"'
            + (" apus { pinned: true }" if name == "p3" else "")
            + " }\n"
            for name, path in perceptrons.items()
        )
        + "}\n"
    )
    with apus_serve({}, f"--config={file}", *remembering_nothing(14 * MB)) as server:
        server.wait_for("p3", 1)
        assert resident(server) == {"p3"}, "loaded before anybody asked"
        stub = server.prediction()
        for name in perceptrons:
            ask(server, name, stub=stub)
        assert "p3" in resident(server) and len(resident(server)) < 10
        assert next(version for version in cache(server)["versions"] if version["model"] == "p3")["pinned"] is True


def test_what_nobody_asks_for_is_unloaded_after_its_time(perceptrons):
    models = {name: perceptrons[name] for name in ["p0", "p1"]}
    with apus_serve(models, *remembering_nothing("60%"), "--model-idle-seconds=1") as server:
        server.wait_until_ready()
        ask(server, "p0")
        assert resident(server) == {"p0"}
        eventually(lambda: states(server) == {"p0": "AT_REST", "p1": "AT_REST"}, "p0 to be unloaded")
        assert cache(server)["evictions"] == {"idle": 1}
        ask(server, "p0")


def test_a_new_version_of_a_model_in_use_takes_over(tmp_path):
    copy("perceptron", tmp_path / "m", 1)
    with apus_serve({"m": tmp_path / "m"}, *remembering_nothing("60%")) as server:
        server.wait_until_ready()
        assert ask(server, "m").model_spec.version.value == 1
        copy("perceptron", tmp_path / "m", 2)
        server.wait_for("m", 2)
        assert ask(server, "m").model_spec.version.value == 2
        server.wait_for("m", 1, "END")


def test_without_a_budget_everything_is_as_it_was(perceptrons):
    with apus_serve({"p0": perceptrons["p0"]}) as server:
        server.wait_for("p0", 1)
        answer = server.get("/v1/cache")
        assert answer.status_code == 400 and "no memory budget" in answer.json()["error"]


@pytest.mark.parametrize("limit", ["0", "-1", "0%", "101%", "much"])
def test_a_limit_that_is_none_is_refused_at_start(limit):
    done = run_program("apus", "serve", f"--model=m={MODELS}/half_plus_two", f"--model-memory-limit={limit}")
    assert done.returncode != 0 and "expected a number of bytes above 0, or a share like 60%" in done.stderr


def test_the_flag_of_the_drop_in(perceptrons):
    ports = [f"--port={free_port()}", f"--rest_api_port={free_port()}"]
    model = ["--model_name=p0", f"--model_base_path={perceptrons['p0']}"]
    flags = ["--total_model_memory_limit_bytes=50%", "--model_cache_state=none"]
    with tensorflow_model_server(*ports, *model, *flags) as server:
        eventually(lambda: server.versions("p0") == {1: "START"}, "the version to be known", check=server.check_running)
        assert array(ask(server, "p0").outputs["probabilities"]).shape == (1, 10)


# ---- A repository alone ----


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in ["a", "b"]:
        copy("perceptron", folder / name)
    return folder


def known(server):
    return {entry["name"] for entry in server.post("/v2/repository/index", "").json() if entry.get("state") == "READY"}


def test_a_repository_is_served_as_it_comes_and_goes(repository):
    with apus_serve({}, f"--model-repository={repository}", *remembering_nothing("60%")) as server:
        server.wait_until_ready()
        eventually(lambda: known(server) == {"a", "b"}, "both models to be known")
        ask(server, "a")
        copy("perceptron", repository / "c")
        eventually(lambda: known(server) == {"a", "b", "c"}, "c to be found", check=server.check_running)
        ask(server, "c")
        (repository / "a").rename(repository.parent / "gone")
        eventually(lambda: known(server) == {"b", "c"}, "a to go", check=server.check_running)
        with pytest.raises(grpc.RpcError) as caught:
            ask(server, "a")
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
        repository.rename(repository.parent / "elsewhere")
        server.line("the folder cannot be read, and its models stay as they are")
        assert known(server) == {"b", "c"}, "a failed look takes nothing away"
        ask(server, "c")


def test_garbage_in_a_repository_is_told_one_by_one(repository):
    (repository / "file").write_text("no folder")
    (repository / "empty").mkdir()
    (repository / "words" / "one").mkdir(parents=True)
    (repository / "circle").symlink_to("circle")
    (repository / "itself").symlink_to(".")
    (repository / "outside").symlink_to(MODELS / "half_plus_two")
    (repository / "inside").symlink_to("a")
    (repository / "with:colon" / "1").mkdir(parents=True)
    (repository / "bell\a" / "1").mkdir(parents=True)
    (repository / ".hidden" / "1").mkdir(parents=True)
    broken = repository / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "saved_model.pb").write_bytes(b"no model")
    (repository / "knot" / "1").mkdir(parents=True)
    (repository / "knot" / "1" / "saved_model.pb").write_bytes(b"x")
    (repository / "knot" / "1" / "loop").symlink_to(".")
    for name in ["broken", "knot"]:
        settle(repository / name)
    with apus_serve({}, f"--model-repository={repository}", *remembering_nothing("60%")) as server:
        for name, reason in [
            ("file", "it is not a folder"),
            ("empty", "it has no versions"),
            ("words", "it has no versions"),
            ("circle", "it leads nowhere, or in a circle"),
            ("itself", "it leads to the repository itself"),
            ("outside", "it leads out of the repository"),
            ("with:colon", "its name has a colon"),
        ]:
            server.line(f"{name}: {reason}")
        server.line("its name has characters that are no text")
        assert ".hidden" not in server.output
        eventually(lambda: {"a", "b", "inside", "broken", "knot"} <= known(server), "the models to be known")
        for name in ["a", "b", "inside"]:
            assert array(ask(server, name).outputs["probabilities"]).shape == (1, 10)
        for name in ["broken", "knot"]:
            with pytest.raises(grpc.RpcError):
                ask(server, name)
        ask(server, "a")


def test_a_repository_that_is_not_there_is_a_mistake(tmp_path):
    done = run_program("apus", "serve", f"--model-repository={tmp_path}/nowhere", "--port=0")
    assert done.returncode != 0 and "cannot read the model repository" in done.stderr + done.stdout


def test_without_a_budget_a_repository_is_loaded(repository):
    with apus_serve({}, f"--model-repository={repository}") as server:
        for name in ["a", "b"]:
            server.wait_for(name, 1)


# ---- Control ----


@pytest.fixture(scope="module")
def controlled(perceptrons):
    models = {name: perceptrons[name] for name in ["p0", "p1", "p2", "p3", "p4", "p5"]}
    with apus_serve(models, "--enable-control", *remembering_nothing(14 * MB)) as server:
        server.wait_until_ready()
        yield server
        server.check_running()


def act(server, action, name, dry_run=False):
    return server.post(f"/v2/repository/models/{name}/{action}", {"parameters": {"dry_run": dry_run}})


def test_a_pinned_model_stays_until_it_is_unpinned(controlled):
    for _ in range(2):
        assert act(controlled, "pin", "p0").status_code == 200, "to pin what is pinned changes nothing"
    assert "p0" in resident(controlled)
    stub = controlled.prediction()
    for name in ["p1", "p2", "p3", "p4", "p5"]:
        ask(controlled, name, stub=stub)
    assert "p0" in resident(controlled) and len(resident(controlled)) < 6
    for _ in range(2):
        assert act(controlled, "unpin", "p0").status_code == 200
    assert not any(version.get("pinned") for version in cache(controlled)["versions"])


def test_a_dry_run_says_what_would_be_done_and_does_nothing(controlled):
    stub = controlled.prediction()
    for name in ["p0", "p1", "p2", "p3", "p4", "p5"]:
        ask(controlled, name, stub=stub)
    eventually(lambda: set(states(controlled).values()) <= {"RESIDENT", "AT_REST"}, "evictions to be done")
    before = states(controlled)
    name = next(name for name, state in before.items() if state == "AT_REST")
    plan = act(controlled, "load", name, dry_run=True).json()
    assert plan["model"] == name and plan["action"] == "load" and plan["dry_run"] is True
    assert plan["loads"] == [f"{name}/1"] or plan["evictions"]
    there = next(name for name, state in before.items() if state == "RESIDENT")
    assert act(controlled, "pin", there, dry_run=True).json()["loads"] == []
    assert act(controlled, "unload", there, dry_run=True).json()["evictions"] == [f"{there}/1"]
    assert states(controlled) == before


def test_load_brings_a_model_into_memory_and_unload_serves_it_no_longer(controlled):
    for _ in range(2):
        assert act(controlled, "load", "p3").status_code == 200
    assert controlled.versions("p3") == {1: "AVAILABLE"}
    for _ in range(2):
        assert act(controlled, "unload", "p3").status_code == 200
    with pytest.raises(grpc.RpcError) as caught:
        ask(controlled, "p3")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    assert act(controlled, "pin", "p3").status_code == 404
    assert act(controlled, "load", "p3").status_code == 200
    ask(controlled, "p3")


def test_prefetch_waits_for_nothing(perceptrons):
    with apus_serve({"p0": perceptrons["p0"]}, "--enable-control", *remembering_nothing("60%")) as server:
        server.wait_until_ready()
        assert act(server, "prefetch", "p0").status_code == 200
        server.wait_for("p0", 1)
        assert act(server, "prefetch", "p0").status_code == 200
        assert act(server, "prefetch", "nobody").status_code == 404
        assert cache(server)["misses"] == 0


def test_the_same_over_grpc(controlled):
    client = pytest.importorskip("tritonclient.grpc")
    from tritonclient.grpc import service_pb2, service_pb2_grpc

    assert client
    stub = service_pb2_grpc.GRPCInferenceServiceStub(controlled.channel())
    request = service_pb2.RepositoryModelLoadRequest(model_name="p2")
    request.parameters["pin"].bool_param = True
    stub.RepositoryModelLoad(request, timeout=LONG)
    assert next(version for version in cache(controlled)["versions"] if version["model"] == "p2")["pinned"] is True
    request.parameters["pin"].bool_param = False
    stub.RepositoryModelLoad(request, timeout=LONG)
    request.model_name = "nobody"
    request.parameters["dry_run"].bool_param = True
    with pytest.raises(grpc.RpcError) as caught:
        stub.RepositoryModelLoad(request, timeout=LONG)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_the_command_line(controlled):
    def models(*arguments):
        return run_program("apus", "models", *arguments, f"--server=127.0.0.1:{controlled.rest_port}")

    assert '"p1"' in models("list").stdout
    assert '"budget_bytes"' in models("list", "--cache").stdout
    for action in ["load", "pin", "unpin", "prefetch", "unload", "load"]:
        done = models(action, "p1")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert f'"action": "{action}"' in models(action, "p1", "--dry-run").stdout
    done = models("load", "nobody")
    assert done.returncode != 0 and "404" in done.stderr and "nobody" in done.stderr


def test_control_that_is_off_and_actions_without_a_budget(shared, perceptrons):
    assert act(shared, "pin", "p1").status_code == 403
    with apus_serve({"p0": perceptrons["p0"]}, "--enable-control") as server:
        server.wait_for("p0", 1)
        answer = act(server, "pin", "p0")
        assert answer.status_code == 400 and "no memory budget" in answer.json()["error"]
