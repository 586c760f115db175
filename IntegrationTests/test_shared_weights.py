"""Versions and names with the same files have one copy in memory between them."""

import os
import shutil
import subprocess
import sys

import numpy
import pytest

from support.metrics import scrape
from support.server import apus_serve
from support.tensors import array, predict_request
from support.versions import publish, settle
from support.waiting import LONG, eventually

PIXELS = {"image": numpy.zeros((1, 784), "float32")}
MB = 1 << 20

COUNTER = """
import sys, tensorflow as tf

class Counter(tf.Module):
    def __init__(self):
        self.n = tf.Variable(0.0)

    @tf.function(input_signature=[tf.TensorSpec([1], tf.float32)])
    def serve(self, x):
        return {"y": x + self.n.assign_add(1.0)}

module = Counter()
tf.saved_model.save(module, sys.argv[1], signatures=module.serve)
"""


def copies(base, model, names):
    for name in names:
        (base / name).mkdir()
        publish(model, base / name, 1)
    return {name: base / name for name in names}


def versions(server):
    return {version["model"]: version for version in server.get("/v1/cache").json()["versions"]}


def ask(server, name):
    answer = server.prediction().Predict(predict_request(name, PIXELS), timeout=LONG)
    return {key: array(value).tolist() for key, value in answer.outputs.items()}


def test_two_names_and_versions_of_the_same_files_are_one_copy(tmp_path):
    models = copies(tmp_path, "perceptron", ["a", "b"])
    linked = tmp_path / "c" / "1"
    shutil.copytree(models["a"] / "1", linked, copy_function=os.link)
    settle(linked)
    models["c"] = tmp_path / "c"
    # A copy takes four: room for one and what the process holds besides, and by far not for three.
    limit = [f"--model-memory-limit={9 * MB}", "--model-cache-state=none"]
    with apus_serve(models, *limit, "--no-prefetch-models") as server:
        server.wait_until_ready()
        answers = [ask(server, name) for name in models]
        assert answers[0] == answers[1] == answers[2]
        report = server.get("/v1/cache").json()
        told = {version["model"]: version for version in report["versions"]}
        assert {name: version["state"] for name, version in told.items()} == dict.fromkeys("abc", "RESIDENT"), report
        assert sorted(other["model"] for other in told["a"]["shares_with"]) == ["b", "c"]
        assert report["resident_bytes"] == max(version["bytes"] for version in told.values()), "the copy counts once"
        assert report["evictions"] == {}
        assert scrape(server).samples["apus_cache_shared_versions", ()] == 3
        server.check_running()


def test_the_copy_stays_until_its_last_version_goes(tmp_path):
    models = copies(tmp_path, "perceptron", ["a", "b"])
    with apus_serve(models, "--poll-seconds=1") as server:
        server.wait_until_ready()
        first = ask(server, "a")
        shutil.rmtree(models["a"] / "1")
        eventually(lambda: not server.get("/v2/models/a/ready").ok, "version 1 to go")
        assert ask(server, "b") == first
        # The one that was loaded is gone, and what is new is compared with what is left.
        publish("perceptron", models["a"], 2)
        server.wait_for("a", 2)
        assert ask(server, "a") == first
        server.check_running()


@pytest.fixture(scope="module")
def counter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counter") / "1"
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", COUNTER, str(folder)], check=True, env=environment, capture_output=True)
    settle(folder)
    return folder


def test_a_model_that_keeps_something_has_a_copy_for_each(counter, tmp_path):
    for name in ["a", "b"]:
        shutil.copytree(counter, tmp_path / name / "1", copy_function=os.link)
        settle(tmp_path / name)
    with apus_serve({name: tmp_path / name for name in ["a", "b"]}) as server:
        server.wait_until_ready()

        def count(name):
            return server.post(f"/v1/models/{name}:predict", {"instances": [0.0]}).json()["predictions"]

        assert [count("a"), count("a"), count("b"), count("a")] == [[1.0], [2.0], [1.0], [3.0]]
