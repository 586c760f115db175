"""How versions are loaded and unloaded: threads, tries, order, what cannot be a model, what becomes of their files."""

import ctypes
import mmap
import os
import re
import shutil

import numpy
import pytest

from support.paths import MODELS
from support.server import apus_serve, run_program, tensorflow_model_server
from support.tensors import array, predict_request
from support.versions import publish, settle
from support.waiting import LONG, NotYet, eventually
from support.warmup import write_warm_up

QUICK = ["--load-retries=0", "--load-retry-seconds=0"]


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    return folder


def states(server, model="model"):
    """(version, state) in the order of the log, debug level included."""
    pattern = re.compile(rf"model={model} state=(\w+) version=(\d+)")
    return [(int(found[2]), found[1]) for line in server.lines if (found := pattern.search(line))]


def slow(folder):
    """A warm-up that takes a while: so that a version stays in LOADING as long as a test needs it to."""
    request = predict_request("", {"steps": numpy.int64(5_000)})
    write_warm_up(folder, [request, request])
    return settle(folder)


# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transition", ["availability-preserving", "resource-preserving"])
def test_the_order_of_a_version_change_is_the_one_asked_for(base, transition):
    publish("half_plus_two", base, 1)
    with apus_serve({"model": base}, f"--version-transition={transition}", "--log-level=debug") as server:
        server.wait_for("model", 1)
        publish("half_plus_two", base, 2)
        server.wait_for("model", 2)
        server.wait_for("model", 1, "END")
        order = [entry for entry in states(server) if entry[1] in ("AVAILABLE", "END", "LOADING")]
    change = order[2:6]
    if transition == "availability-preserving":
        assert change == [(2, "LOADING"), (2, "AVAILABLE"), (1, "END")]
    else:
        assert change == [(1, "END"), (2, "LOADING"), (2, "AVAILABLE")]


def test_several_models_load_one_after_the_other_with_one_thread(tmp_path):
    names = [f"m{index}" for index in range(4)]
    for name in names:
        (tmp_path / name).mkdir()
        publish("half_plus_two_tf2", tmp_path / name, 1)
    with apus_serve({name: tmp_path / name for name in names}, "--load-threads=1") as server:
        server.wait_until_ready()
        log = [found[1] for line in server.lines if (found := re.search(r"state=(LOADING|AVAILABLE)", line))]
    assert log == ["LOADING", "AVAILABLE"] * 4


def test_the_first_models_load_at_the_same_time(tmp_path):
    for name in ["slow", "quick"]:
        (tmp_path / name).mkdir()
    publish("loop", tmp_path / "slow", 1)
    slow(tmp_path / "slow" / "1")
    publish("half_plus_two", tmp_path / "quick", 1)
    with apus_serve({name: tmp_path / name for name in ["slow", "quick"]}, "--load-threads=2", "--drain-grace=0") as server:
        server.wait_for("quick", 1)
        assert server.versions("slow") == {1: "LOADING"}


def test_a_load_that_nobody_wants_any_more_is_dropped_as_cancelled(base):
    publish("loop", base, 1)
    slow(base / "1")
    with apus_serve({"model": base}) as server:
        server.wait_for("model", 1, "LOADING")
        publish("half_plus_two", base, 2)
        server.wait_for("model", 1, "END")
        assert server.versions("model")[2] == "AVAILABLE"
        status = server.version_status("model", 1).status
        assert (status.error_code, status.error_message) == (1, "Loading of servable cancelled")


def test_a_version_that_is_not_wanted_any_more_is_not_retried(base):
    folder = base / "1"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"\xff" * 100)
    settle(folder)
    with apus_serve({"model": base}, "--load-retries=1000", "--load-retry-seconds=1000") as server:
        server.line("A try to load a version failed")
        assert server.versions("model") == {1: "LOADING"}
        shutil.rmtree(folder)
        server.wait_for("model", 1, "END")


def test_a_version_wanted_again_while_it_unloads_comes_back_when_it_is_gone(base):
    """A run that takes long keeps the old life of the version until its answer is written."""
    publish("loop", base, 1)
    with apus_serve({"model": base}) as server:
        server.wait_for("model", 1)
        stub = server.prediction()
        call = stub.Predict.future(predict_request("model", {"steps": numpy.int64(8_000)}), timeout=LONG)
        eventually(lambda: call.running(), "the call to run")
        away = base / ".away"
        (base / "1").rename(away)
        server.wait_for("model", 1, "UNLOADING")
        away.rename(base / "1")
        eventually(lambda: server.output.count('versions=["1"]') == 2, "the version to be found again")
        assert not call.done() and server.versions("model") == {1: "UNLOADING"}
        assert array(call.result().outputs["steps_done"]) == 8_000
        eventually(lambda: states(server).count((1, "AVAILABLE")) == 2, "the second life of the version")
        life = [state for _, state in states(server)]
        assert life == ["LOADING", "AVAILABLE", "END", "LOADING", "AVAILABLE"]


def test_tries_are_counted_and_spaced_by_the_flags(base):
    folder = base / "1"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"\xff" * 100)
    settle(folder)
    arguments = ["--port=0", f"--grpc_socket_path={base}/s", "--model_name=model", f"--model_base_path={base}"]
    tries = ["--max_num_load_retries=3", "--load_retry_interval_micros=-1"]
    with tensorflow_model_server(*arguments, *tries) as server:
        server.line("state=END")
        assert server.output.count("A try to load a version failed") == 4


@pytest.mark.parametrize("flag", ["--max_num_load_retries=-1", "--num_load_threads=-1", "--num_unload_threads=100000"])
def test_numbers_that_make_no_sense_are_refused_at_start(flag):
    run = run_program("tensorflow_model_server", "--port=0", "--grpc_socket_path=/nowhere/s", f"--model_base_path={MODELS}/loop", flag)
    assert run.returncode == 255
    assert "Failed to start server. Error: INVALID_ARGUMENT: The number of " in run.stdout


# ---- What is no model ----


def not_a_model(folder):
    pass


def session_bundle(folder):
    (folder / "export.meta").write_bytes(b"")


NO_MODELS = [
    (
        not_a_model,
        5,
        "Specified file path does not appear to contain a SavedModel bundle (should have a file called "
        "`saved_model.pb`)\nSpecified file path: {folder}",
    ),
    (session_bundle, 12, "Session Bundle is deprecated and removed."),
]


@pytest.mark.parametrize("make, code, message", NO_MODELS, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_no_model_ends_with_the_words_of_the_stock_server(base, make, code, message):
    folder = base / "1"
    folder.mkdir()
    make(folder)
    settle(folder)
    with apus_serve({"model": base}, *QUICK) as server:
        server.wait_for("model", 1, "END")
        status = server.version_status("model", 1).status
        assert (status.error_code, status.error_message) == (code, message.format(folder=folder))
        assert status.error_message.split("\n")[0] in server.output


def test_wrong_tags_end_the_model_with_those_there_are(base):
    publish("half_plus_two", base, 1)
    with apus_serve({"model": base}, "--tags=gpu,serve", *QUICK) as server:
        server.wait_for("model", 1, "END")
        status = server.version_status("model", 1).status
        assert status.error_code == 5
        assert "Could not find meta graph def matching supplied tags: { serve gpu }" in status.error_message
        assert "Could not find meta graph def matching supplied tags" in server.output


# ---- The page cache ----


def cached_pages(path):
    """How many pages of a file the system keeps in memory."""
    size = path.stat().st_size
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    pages = (ctypes.c_ubyte * ((size + mmap.PAGESIZE - 1) // mmap.PAGESIZE))()
    with open(path, "rb") as file:
        address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
        libc.mincore(ctypes.c_void_p(address), ctypes.c_size_t(size), pages)
        libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(size))
    return sum(page & 1 for page in pages)


@pytest.mark.parametrize("flag, is_dropped", [("--flush-file-caches", True), ("--no-flush-file-caches", False)])
def test_files_of_a_loaded_version_leave_the_page_cache(base, flag, is_dropped):
    publish("perceptron", base, 1)
    data = base / "1" / "variables" / "variables.data-00000-of-00001"
    with open(data, "rb") as file:
        os.fsync(file.fileno())
        file.read()
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if cached_pages(data) != 0:
        pytest.skip("files of this file system do not leave the page cache (a file system in memory?)")
    with apus_serve({"model": base}, flag) as server:
        server.wait_for("model", 1)

        def look():
            pages = cached_pages(data)
            if (pages == 0) != is_dropped:
                raise NotYet(f"{pages} pages")
            return True

        eventually(look, "the page cache to have (not) the file")
        request = predict_request("model", {"image": numpy.zeros((1, 784), numpy.float32)})
        assert server.prediction().Predict(request, timeout=LONG).outputs["probabilities"].float_val
