"""--model_config_file: what the file may say, what is said of a broken one, and reading it again."""

import grpc
import numpy
import pytest

from support.health import SERVING, Health
from support.model_config import config_list, model, publish, reload, replace_file, specific
from support.paths import MODELS
from support.server import apus_serve, free_port, run_program, tensorflow_model_server
from support.tensors import array, predict_request
from support.waiting import LONG, eventually

HALF = model("half", MODELS / "half_plus_two")
OTHER = model("other", MODELS / "half_plus_two_tf2")


def ask(server, name):
    response = server.prediction().Predict(predict_request(name, {"x": numpy.float32([2])}), timeout=LONG)
    return array(response.outputs["y"]).tolist(), response.model_spec.version.value


@pytest.fixture
def config(tmp_path):
    return tmp_path / "models.config"


def test_the_file_names_the_models(config, tmp_path):
    base = publish(tmp_path / "m", 1, 2, 3)
    config.write_text(
        f"""
# Commas after fields, colons before braces, comments: as the documentation has it.
model_config_list: {{
  config: {{
    name: "half",
    base_path: "{MODELS / "half_plus_two"}",
    model_platform: "tensorflow"
  }},
  config < name: 'two' base_path: '{tmp_path}' '/m' model_platform: "tensorflow"
    model_version_policy {{ latest {{ num_versions: 2 }} }} >
  config {{ name: "every" base_path: "file://{base}" model_type: TENSORFLOW model_version_policy {{ all {{}} }} }}
  config {{ name: "one" base_path: "{base}/" model_platform: "tensorflow" {specific(2, 9)} }}
}}
"""
    )
    port = free_port()
    with tensorflow_model_server(
        f"--port={port}", f"--model_config_file={config}", "--model_name=ignored", "--model_base_path=also/ignored"
    ) as server:
        server.wait_until_ready()
        eventually(lambda: len(server.versions("every")) == 3, "all versions")
        for version in 1, 2, 3:
            server.wait_for("every", version)
        for version in 2, 3:
            server.wait_for("two", version)
        assert server.versions("two") == {3: "AVAILABLE", 2: "AVAILABLE"}
        assert server.versions("one") == {2: "AVAILABLE"}
        assert ask(server, "half") == ([3.0], 1)
        assert server.versions("ignored") == {}


def test_apus_reads_the_same_file(config):
    config.write_text(config_list(HALF))
    with apus_serve({}, f"--config={config}") as server:
        server.wait_until_ready()
        assert ask(server, "half") == ([3.0], 1)


def test_model_and_config_exclude_each_other(config):
    config.write_text(config_list(HALF))
    done = run_program("apus", "serve", f"--config={config}", f"--model=m={MODELS}")
    assert done.returncode == 64 and "--model and --config both name the models" in done.stderr


MISTAKES = "Error parsing text-format tensorflow.serving.ModelServerConfig: "

BROKEN = [
    ("model_config_list {", [f"{MISTAKES}1:20: "]),
    ("model_config_list { config { nmae: 'm' } }", [f"{MISTAKES}1:34: "]),
    ("model_config_list {\n  config { name: 1 }\n  config { wrong: 2 }\n}\nthing: 3\n", ["2:18: ", "3:17: ", "5:6: "]),
    ("model_config_list { config { name: 'm } }", [f"{MISTAKES}1:"]),
    ("\x00\x01", [f"{MISTAKES}1:1: "]),
]


@pytest.mark.parametrize("program", ["tensorflow_model_server", "apus"])
@pytest.mark.parametrize("text, lines", BROKEN)
def test_a_broken_file_ends_the_start(config, program, text, lines):
    config.write_text(text)
    if program == "apus":
        done = run_program("apus", "serve", f"--config={config}", "--port=0", "--host=127.0.0.1")
        assert done.returncode == 1
        assert f"Invalid protobuf file: '{config}'" in done.stderr
    else:
        done = run_program("tensorflow_model_server", f"--port={free_port()}", f"--model_config_file={config}")
        assert done.returncode == 255
        assert done.stdout == f"Failed to start server. Error: INVALID_ARGUMENT: Invalid protobuf file: '{config}'\n"
    for line in lines:
        assert line in done.stderr


@pytest.mark.parametrize(
    "text, message",
    [
        (
            config_list(HALF, HALF, model("m", "m")),
            "INVALID_ARGUMENT: Illegal to list model half multiple times in config list; "
            "Expected model m to have an absolute path or URI; got base_path()=m",
        ),
        (
            config_list(model("m", "/m", "logging_config {}")),
            'INVALID_ARGUMENT: The logging_config of model m has the filename_prefix ""; expected an absolute path',
        ),
        (config_list(model("m", "/m", platform="other")), "INVALID_ARGUMENT: Model m requests unsupported platform other"),
        ("custom_model_config {}", "INVALID_ARGUMENT: custom_model_config is not supported"),
        (config_list(model("m", "hdfs://b/m")), "UNIMPLEMENTED: Model m has its versions at hdfs://b/m"),
    ],
)
def test_models_that_cannot_be_served_end_the_start(config, text, message):
    config.write_text(text)
    done = run_program("tensorflow_model_server", f"--port={free_port()}", f"--model_config_file={config}")
    assert done.returncode == 255
    assert done.stdout.startswith(f"Failed to start server. Error: {message}")


def test_a_missing_file_ends_the_start(tmp_path):
    done = run_program("tensorflow_model_server", f"--port={free_port()}", f"--model_config_file={tmp_path}/none")
    assert done.returncode == 255
    assert done.stdout == f"Failed to start server. Error: NOT_FOUND: {tmp_path}/none; No such file or directory\n"


def test_an_empty_file_serves_nothing_until_models_are_named(config):
    config.write_text("# later\n")
    with apus_serve({}, f"--config={config}", "--config-poll-seconds=1") as server:
        assert Health(server.channel()).check() == SERVING
        reload(server, HALF)
        assert ask(server, "half") == ([3.0], 1)
        # After a configuration an empty file is none.
        server.line("failed to ReloadConfig: Cannot transition to requested config. It is only legal to transition")
        assert ask(server, "half") == ([3.0], 1)


def test_the_file_is_read_again(config, tmp_path):
    base = publish(tmp_path / "m", 1, 2)
    config.write_text(config_list(HALF))
    with apus_serve({}, f"--config={config}", "--config-poll-seconds=1", "--load-retries=0") as server:
        server.wait_until_ready()
        replace_file(config, config_list(HALF, OTHER, model("m", base)))
        server.wait_for("other", 1)
        server.wait_for("m", 2)

        # A broken file is told with all that is wrong with it, and changes nothing.
        replace_file(config, "model_config_list {\n  config { nmae: 'x' }\n  config { name: 5 }\n}\n")
        line = server.line("Failed to read ModelServerConfig file: Invalid protobuf file").string
        assert "2:16: " in line and "3:18: " in line, line
        replace_file(config, config_list(HALF, HALF))
        server.line("failed to ReloadConfig: Illegal to list model half multiple times in config list")
        assert ask(server, "other") == ([3.0], 1) and ask(server, "m") == ([3.0], 2)

        replace_file(config, config_list(HALF, model("m", base, specific(1))))
        server.wait_for("other", 1, "END")
        server.wait_for("m", 1)
        server.wait_for("m", 2, "END")
        assert Health(server.channel()).check() == SERVING

        # What a call changes, the file changes back at its next reading.
        reload(server, OTHER)
        server.wait_for("half", 1)
        server.wait_for("other", 1, "END")

        # One that cannot load, or has no versions, leaves the others as they are.
        (tmp_path / "empty").mkdir()
        replace_file(
            config, config_list(HALF, model("empty", tmp_path / "empty"), model("gone", tmp_path / "gone"), OTHER)
        )
        server.wait_for("other", 1)
        assert ask(server, "half") == ([3.0], 1)
        with pytest.raises(grpc.RpcError) as caught:
            ask(server, "empty")
        assert caught.value.details() == "Servable not found for request: Latest(empty)"
        answer = server.get("/v2/health/ready")
        assert answer.status_code == 503


def test_the_file_is_read_once_without_polling(config):
    config.write_text(config_list(HALF))
    with apus_serve({}, f"--config={config}") as server:
        server.wait_until_ready()
        replace_file(config, config_list(OTHER))
        reload(server, HALF)
        reload(server, HALF)
        assert server.versions("other") == {}


def test_a_folder_name_is_a_version_when_it_is_a_number(tmp_path):
    base = publish(tmp_path / "m", "00000123", "+7", " 5 ", "9223372036854775807", "9223372036854775808", "v1", "1.0")
    (base / "12").write_text("a file, not a folder")
    with apus_serve({"half": MODELS / "half_plus_two"}) as server:
        server.wait_until_ready()
        reload(server, HALF, model("m", base, "model_version_policy { all {} }"))
        eventually(
            lambda: server.versions("m") == dict.fromkeys([9223372036854775807, 123, 7, 5], "AVAILABLE"),
            "exactly the versions whose names are numbers",
        )
