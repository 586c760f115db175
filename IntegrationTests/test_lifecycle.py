"""Versions come and go, models are broken, memory comes back; what serves goes on serving."""

import pathlib
import shutil
import threading

import grpc
import numpy
import pytest

from support.health import NOT_SERVING, SERVING, Health
from support.paths import MODELS, ROOT
from support.server import apus_serve
from support.tensors import array, predict_request
from support.waiting import LONG, NotYet, eventually

QUICK = ["--load-retries=0", "--load-retry-seconds=0"]


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    return folder


def publish(model, folder, version):
    """Puts version 1 of a demo model there as another version, as a careful job does: copy beside, then rename."""
    part = folder / f".{version}.part"
    shutil.copytree(MODELS / model / "1", part)
    part.rename(folder / str(version))


def ask(stub, value=2.0, version=None):
    """(answer, version that answered)"""
    response = stub.Predict(predict_request("model", {"x": numpy.float32([value])}, version=version), timeout=LONG)
    return array(response.outputs["y"]).tolist(), response.model_spec.version.value


def test_a_new_version_takes_over_and_the_old_one_is_unloaded(base):
    publish("half_plus_two", base, 1)
    with apus_serve({"model": base}) as server:
        server.wait_for("model", 1)
        stub = server.prediction()
        assert ask(stub) == ([3.0], 1)

        failures, versions = [], set()
        done = threading.Event()

        def keep_asking():
            while not done.is_set():
                try:
                    answer, version = ask(stub)
                    assert answer == [3.0]
                    versions.add(version)
                except Exception as error:
                    failures.append(error)
                    return

        callers = [threading.Thread(target=keep_asking) for _ in range(4)]
        for caller in callers:
            caller.start()
        publish("half_plus_two_tf2", base, 2)
        server.wait_for("model", 2)
        server.wait_for("model", 1, "END")
        eventually(lambda: 2 in versions or failures, "the new version to answer")
        done.set()
        for caller in callers:
            caller.join()
        assert not failures
        assert versions == {1, 2}
        assert ask(stub) == ([3.0], 2)
        assert server.versions("model") == {2: "AVAILABLE", 1: "END"}

        with pytest.raises(grpc.RpcError) as caught:
            ask(stub, version=1)
        assert caught.value.details() == "Servable not found for request: Specific(model, 1)"
        status = server.get("/v1/models/model").json()["model_version_status"]
        assert [entry["version"] for entry in status] == ["2", "1"], "newest first"


def test_a_version_that_disappears_is_unloaded_and_the_older_one_returns(base):
    publish("half_plus_two", base, 3)
    publish("half_plus_two", base, 10)
    with apus_serve({"model": base}) as server:
        server.wait_for("model", 10)
        assert server.versions("model").get(3) is None, "the larger number is served, not the later name"
        shutil.rmtree(base / "10")
        server.wait_for("model", 10, "END")
        server.wait_for("model", 3)
        assert ask(server.prediction()) == ([3.0], 3)


def test_folder_names_are_read_as_numbers(base):
    publish("half_plus_two", base, "00000123")
    for name in ["not-a-number", "7x", "latest"]:
        (base / name).mkdir()
    (base / "README").write_text("not a version")
    with apus_serve({"model": base}) as server:
        server.wait_for("model", 123)
        assert server.versions("model") == {123: "AVAILABLE"}


def test_a_half_copied_version_is_left_alone_until_it_is_whole(base):
    publish("half_plus_two_tf2", base, 1)
    source = MODELS / "half_plus_two_tf2" / "1"
    with apus_serve({"model": base}, *QUICK) as server:
        server.wait_for("model", 1)
        stub = server.prediction()

        # The copy of a job that writes in place, in the worst order: the graph first, its variables last.
        new = base / "2"
        (new / "variables").mkdir(parents=True)
        shutil.copy(source / "saved_model.pb", new)
        shutil.copy(source / "variables/variables.index", new / "variables")
        # Some looks later (a look a second) version 2 is still not touched and 1 still serves.
        publish("half_plus_two", base, 0)
        threading.Event().wait(3)
        assert 2 not in server.versions("model")
        assert ask(stub) == ([3.0], 1)

        shutil.copy(source / "variables/variables.data-00000-of-00001", new / "variables")
        server.wait_for("model", 2)
        assert ask(stub) == ([3.0], 2)


def corrupt_graph(folder):
    (folder / "saved_model.pb").write_bytes(b"\xff" * 1000)


def empty_graph(folder):
    (folder / "saved_model.pb").write_bytes(b"")


def cut_graph(folder):
    graph = folder / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:-100])


def cut_variables(folder):
    data = folder / "variables/variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-4])


def corrupt_index(folder):
    (folder / "variables/variables.index").write_bytes(b"\0" * 100)


BREAKAGES = [corrupt_graph, empty_graph, cut_graph, cut_variables, corrupt_index]


@pytest.mark.parametrize("damage", BREAKAGES, ids=lambda damage: damage.__name__)
def test_a_broken_model_ends_with_its_reason_and_others_serve(base, tmp_path, damage):
    broken = tmp_path / "broken"
    broken.mkdir()
    shutil.copytree(MODELS / "half_plus_two_tf2" / "1", broken / "1")
    damage(broken / "1")
    publish("half_plus_two", base, 1)
    with apus_serve({"model": base, "broken": broken}, *QUICK) as server:
        server.wait_for("broken", 1, "END")
        status = server.version_status("broken", 1).status
        assert status.error_code != 0 and status.error_message, status
        rest = server.get("/v1/models/broken").json()["model_version_status"][0]
        assert rest["state"] == "END" and rest["status"]["error_message"] == status.error_message
        server.wait_for("model", 1)
        assert ask(server.prediction()) == ([3.0], 1)
        health = Health(server.channel())
        assert health.check("model") == SERVING and health.check("broken") == NOT_SERVING
        assert server.get("/v2/health/ready").status_code == 503
        assert server.post("/v1/models/broken:predict", {"instances": [1.0]}).status_code == 404
        assert server.post("/v1/models/model:predict", {"instances": [2.0]}).json() == {"predictions": [3.0]}


def test_a_broken_new_version_leaves_the_old_one_serving(base):
    publish("half_plus_two", base, 1)
    with apus_serve({"model": base}, *QUICK) as server:
        server.wait_for("model", 1)
        part = base / ".2.part"
        shutil.copytree(MODELS / "half_plus_two_tf2" / "1", part)
        corrupt_graph(part)
        part.rename(base / "2")
        server.wait_for("model", 2, "END")
        assert server.version_status("model", 2).status.error_message
        assert server.versions("model")[1] == "AVAILABLE"
        assert ask(server.prediction()) == ([3.0], 1)
        # A third version mends it.
        publish("half_plus_two", base, 3)
        server.wait_for("model", 3)


def test_a_failed_load_is_tried_again(base):
    """The first try finds broken variables; they are mended before the second."""
    part = base / ".1.part"
    shutil.copytree(MODELS / "half_plus_two_tf2" / "1", part)
    good = (part / "saved_model.pb").read_bytes()
    corrupt_graph(part)
    part.rename(base / "1")
    with apus_serve({"model": base}, "--load-retries=1000", "--load-retry-seconds=1") as server:
        server.wait_for("model", 1, "LOADING")
        (base / "1" / "saved_model.pb").write_bytes(good)
        server.wait_for("model", 1)
        assert ask(server.prediction()) == ([3.0], 1)


def test_wrong_tags_end_the_model_with_what_there_is(base):
    publish("half_plus_two", base, 1)
    with apus_serve({"model": base}, "--tags=gpu,serve", *QUICK) as server:
        server.wait_for("model", 1, "END")
        message = server.version_status("model", 1).status.error_message
        assert "gpu" in message and "serve" in message, message


def test_a_base_path_that_appears_later(tmp_path):
    with apus_serve({"model": tmp_path / "later"}) as server:
        assert server.get("/v2/health/ready").status_code == 503
        (tmp_path / "later").mkdir()
        publish("half_plus_two", tmp_path / "later", 1)
        server.wait_for("model", 1)


def test_the_library_that_is_missing_is_named_with_the_way_to_get_it(base, tmp_path):
    publish("half_plus_two", base, 1)
    environment = {"APUS_TENSORFLOW_LIBRARY": str(tmp_path / "nowhere/libtensorflow_cc.so.2")}
    with apus_serve({"model": base}, *QUICK, environment=environment) as server:
        eventually(lambda: "scripts/setup" in server.output, "the message about the library")
        (line,) = {line for line in server.lines if "scripts/setup" in line and "was not found" in line} or {""}
        assert "libtensorflow_cc.so.2" in line and environment["APUS_TENSORFLOW_LIBRARY"] in line, server.output


def test_a_file_that_is_no_library_is_refused(base, tmp_path):
    publish("half_plus_two", base, 1)
    fake = tmp_path / "libtensorflow_cc.so.2"
    fake.write_text("not a library")
    with apus_serve({"model": base}, *QUICK, f"--tensorflow-library={fake}") as server:
        eventually(lambda: str(fake) in server.output, "the message about the library")


def resident(server):
    """Resident memory that is the server's own, in MiB: without the pages of files, TensorFlow's 850 MB among them."""
    for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no RssAnon")


@pytest.fixture(scope="session")
def big_model():
    """100 MB of variables, written only for this test."""
    import subprocess
    import sys

    subprocess.run([sys.executable, ROOT / "scripts/make-models", "big_variables"], check=True, stdout=subprocess.DEVNULL)
    return MODELS / "big_variables" / "1"


def test_memory_comes_back_when_a_version_is_unloaded(base, big_model):
    small = base.parent / "small"
    small.mkdir()
    publish("half_plus_two", small, 1)
    with apus_serve({"small": small, "model": base}) as server:
        server.wait_for("small", 1)
        before = resident(server)
        for version in [1, 2, 3]:
            (base / str(version)).symlink_to(big_model)
            server.wait_for("model", version)
            request = predict_request("model", {"row": numpy.int64([0, 6399])})
            assert server.prediction().Predict(request, timeout=LONG).outputs["sum"].float_val
            assert resident(server) > before + 90, "the meter sees a loaded model"
            (base / str(version)).unlink()
            server.wait_for("model", version, "END")

            def given_back():
                now = resident(server)
                if now > before + 20:
                    raise NotYet(f"{now:.0f} MiB, {before:.0f} MiB before")
                return True

            eventually(given_back, "the memory of the model", timeout=20, check=server.check_running)
