"""The ways in of containers: the image's entry script, KServe's flags, and that what the files name is there."""

import os
import re
import shlex
import signal

import pytest
import requests

from support.paths import BUILD, MODELS, ROOT
from support.server import Server, apus_serve, free_port, tensorflow_model_server
from support.waiting import LONG, NotYet, eventually

DEPLOY = ROOT / "deploy"


def predict(rest_port, model):
    """One prediction over REST, as soon as the model is there."""

    def look():
        url = f"http://127.0.0.1:{rest_port}/v1/models/{model}:predict"
        answer = requests.post(url, json={"instances": [2.0]}, timeout=LONG)
        if answer.status_code == 404:
            raise NotYet(answer.text)
        return answer.json()

    return eventually(look, f"{model} to answer")


def entry_script(*arguments, **environment):
    path = f"{BUILD}:{os.environ['PATH']}"
    return Server(DEPLOY / "tf_serving_entrypoint.sh", *arguments, environment={"PATH": path, **environment})


def ports():
    """Behind the script's own, as the last one counts."""
    return [f"--port={free_port()}", f"--rest_api_port={free_port()}"]


def test_the_entry_script_serves_the_model_of_the_environment():
    with entry_script(*ports(), MODEL_NAME="half_plus_two", MODEL_BASE_PATH=str(MODELS)) as server:
        assert predict(server.rest_port, "half_plus_two") == {"predictions": [3.0]}
        # exec: the script's process is the server.
        command = open(f"/proc/{server.process.pid}/cmdline").read().split("\0")
        assert command[0] == "tensorflow_model_server"
        assert command[1:5] == [
            "--port=8500",
            "--rest_api_port=8501",
            "--model_name=half_plus_two",
            f"--model_base_path={MODELS}/half_plus_two",
        ]
        server.signal(signal.SIGTERM)
        assert server.wait() == 0


def test_arguments_of_the_container_come_last_and_win(tmp_path):
    arguments = ["--model_name=two words", f"--model_base_path={MODELS}/half_plus_two", "--rest_api_timeout_in_ms=5000"]
    with entry_script(*ports(), *arguments, MODEL_NAME="other", MODEL_BASE_PATH=str(tmp_path)) as server:
        assert predict(server.rest_port, "two%20words") == {"predictions": [3.0]}


def test_without_an_environment_the_script_serves_models_model(tmp_path):
    """What it would start, shown by a program of the server's name."""
    program = tmp_path / "tensorflow_model_server"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "MODEL_NAME": "", "MODEL_BASE_PATH": ""}
    with Server(DEPLOY / "tf_serving_entrypoint.sh", "--a=b c", environment=environment) as started:
        assert started.wait() == 0
        assert started.lines == [
            *["--port=8500", "--rest_api_port=8501", "--model_name=model", "--model_base_path=/models/model"],
            "--a=b c",
        ]


def test_kserve_s_flags_start_a_server():
    text = (DEPLOY / "kserve-runtime.yaml").read_text()
    arguments = re.findall(r"^ +- (--\S+)$", text, re.MULTILINE)
    assert [argument.split("=")[0] for argument in arguments] == [
        *["--model_name", "--port", "--rest_api_port", "--model_base_path", "--rest_api_timeout_in_ms"]
    ]
    values = {"{{.Name}}": "half", "9000": str(free_port()), "8080": str(free_port()), "/mnt/models": f"{MODELS}/half_plus_two"}
    arguments = [f"{name}={values.get(value, value)}" for name, value in (a.split("=", 1) for a in arguments)]
    with tensorflow_model_server(*arguments) as server:
        assert predict(server.rest_port, "half") == {"predictions": [3.0]}
        assert server.get("/v2/health/ready").status_code == 200
        assert "unknown argument" not in server.output


# ---- What can be said of a container file without an engine ----


def instructions(text):
    """[(instruction, its words)] of a container file, continued lines joined."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [(line.split()[0], shlex.split(line)[1:]) for line in text.splitlines() if line.strip()]


def test_the_container_file_copies_what_is_there_and_pins_what_it_starts_from():
    steps = instructions((DEPLOY / "Dockerfile").read_text())
    stages = set()
    for instruction, words in steps:
        if instruction == "FROM":
            assert re.fullmatch(r"[a-z]+:[a-z0-9.]*(-[a-z]+)+|[a-z]+:[\d.]+(-[a-z]+)+", words[0]), words
            stages |= set(words[2:3])
        if instruction == "COPY" and words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages
        elif instruction == "COPY":
            for source in words[:-1]:
                assert (ROOT / source).exists(), source
    swift = next(words[0] for instruction, words in steps if instruction == "FROM")
    assert swift.startswith("swift:6.3"), "the compiler that the package is built with"
    last = dict(steps)
    assert last["ENTRYPOINT"] == ["[/usr/bin/tf_serving_entrypoint.sh]"]
    assert last["EXPOSE"] == ["8500", "8501"]
    assert last["USER"] == ["10001:10001"], "not root"
    assert last["ENV"] == ["MODEL_NAME=model", "MODEL_BASE_PATH=/models"]


# What the server opens when it is needed, and Debian's package with it.
LIBRARIES = {
    "libarchive.so.13": "libarchive13",
    "libcrypto.so.3": "libssl3",
    "libcurl.so.4": "libcurl4",
    "libexpat.so.1": "libexpat1",
    "libzookeeper_mt.so.2": "libzookeeper-mt2",
}


def test_the_image_has_the_libraries_that_the_server_opens():
    opened = set()
    for file in (ROOT / "Sources").glob("C*/*.c"):
        opened |= set(re.findall(r'(?:dlopen\(|OPEN\(\w+, \w+, )"(lib[^"]+)"', file.read_text()))
    assert opened == set(LIBRARIES)
    steps = instructions((DEPLOY / "Dockerfile").read_text())
    last_stage = max(index for index, (instruction, _) in enumerate(steps) if instruction == "FROM")
    installed = {word for instruction, words in steps[last_stage:] if instruction == "RUN" for word in words}
    assert set(LIBRARIES.values()) <= installed


def test_the_container_file_builds_what_the_package_has():
    text = (DEPLOY / "Dockerfile").read_text()
    package = (ROOT / "Package.swift").read_text()
    for product in re.findall(r"--product (\S+)", text):
        assert f'.executable(name: "{product}"' in package
    folders = set(re.findall(r'path: "(\w+)/', package)) | {"Sources", "Tests"}
    copied = set(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE))
    assert folders <= copied, "SwiftPM needs the folder of every target it knows"
    assert re.search(r"^tensorflow-cpu==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", ["kubernetes.yaml", "kserve-runtime.yaml"])
def test_probes_ask_paths_that_the_server_has(name):
    paths = re.findall(r"path: (/v2/\S+?)[,}]", (DEPLOY / name).read_text())
    assert paths
    with apus_serve({"half": MODELS / "half_plus_two"}) as server:
        server.wait_until_ready()
        for path in paths:
            assert server.get(path).status_code == 200
