"""The command line of tensorflow_model_server, as scripts meet it."""

import pytest

from support.paths import MODELS
from support.server import free_port, run_program, tensorflow_model_server

HALF = MODELS / "half_plus_two"
# Flags that the stock server does not have.
OURS = {
    "--access_log",
    "--adaptive_batching",
    "--console",
    "--api_keys_file",
    "--circuit_breaker_failure_share",
    "--cpu_groups",
    "--devices",
    "--devices_file",
    "--placement",
    "--circuit_breaker_failures",
    "--circuit_breaker_rest_ms",
    "--control_host",
    "--control_port",
    "--embedding_cache_dir",
    "--embedding_huge_pages",
    "--embedding_path_prefixes",
    "--embedding_update_bytes",
    "--embedding_journal_bytes",
    "--embedding_journal_sync",
    "--enable_control",
    "--flight_recorder_size",
    "--isolated_models",
    "--latency_slo",
    "--max_bytes_in_flight",
    "--max_connections",
    "--store_cache_dir",
    "--store_cache_bytes",
    "--model_checksums",
    "--discover_models",
    "--model_cache_state",
    "--model_idle_seconds",
    "--model_min_resident_seconds",
    "--model_repository",
    "--prefetch_models",
    "--share_weights",
    "--total_model_memory_limit_bytes",
    "--model_fetch_bytes",
    "--model_fetch_connections",
    "--model_settle_ms",
    "--model_store_poll_seconds",
    "--log_format",
    "--op_libraries",
    "--otlp_endpoint",
    "--pad_models",
    "--request_log_buffer_megabytes",
    "--request_log_file_megabytes",
    "--request_log_file_seconds",
    "--request_log_files",
    "--rest_api_max_body_bytes",
    "--request_metrics",
    "--rest_ssl_config_file",
    "--write_config_back",
    "--session_target",
    "--session_target_timeout_ms",
    "--slow_request_ms",
    "--trace_sampling",
}


def run(*arguments):
    return run_program("tensorflow_model_server", *arguments)


def test_help_prints_the_usage_on_stdout():
    done = run("--help")
    assert (done.returncode, done.stderr) == (255, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("usage: ") and lines[0].endswith("/tensorflow_model_server")
    assert lines[1] == "Flags:"
    names = {line.strip().split("=")[0] for line in lines[2:]}
    assert OURS < names and len(names - OURS) == 48
    for line in lines[2:]:
        flag, kind, text = line.strip().split("\t")
        assert flag.startswith("--") and "=" in flag
        assert kind in {"int32", "int64", "bool", "float", "string"} and text


@pytest.mark.parametrize(
    "argument, value, flag",
    [
        ("--port=x", "x", "port"),
        ("--port=1 ", "1 ", "port"),
        ("--enable_batching=1", "=1", "enable_batching"),
        ("--enable_batching_please", "_please", "enable_batching"),
        ("--per_process_gpu_memory_fraction=half", "half", "per_process_gpu_memory_fraction"),
    ],
)
def test_a_value_that_does_not_parse(argument, value, flag):
    done = run(argument, f"--model_base_path={HALF}")
    assert done.returncode == 255
    assert done.stdout.startswith("usage: ")
    assert done.stderr == f"Couldn't interpret value {value} for flag {flag}.\n"


@pytest.mark.parametrize("arguments", [["--no_such_flag=1"], ["stray"], ["--", "--port=1"], ["-port", "1"]])
def test_an_unknown_argument_is_named_and_the_server_starts(arguments):
    with tensorflow_model_server(f"--port={free_port()}", f"--model_base_path={HALF}", *arguments) as server:
        server.line(f"^unknown argument: {arguments[0]}$")
        server.line("^usage: ")
        server.wait_for("default", 1)


def test_version():
    done = run("--version", "--port=1")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("TensorFlow ModelServer: ") and lines[1].startswith("TensorFlow Library: 2.")
    assert len(lines) == 2


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--port=0"], "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set."),
        (
            ["--use_alts_credentials", "--ssl_config_file=/nowhere"],
            "Either use_alts_credentials must be false or ssl_config_file must be empty.",
        ),
        ([], "Both server_options.model_base_path and server_options.model_config_file are empty!"),
        (
            ["--model_base_path=relative", "--batching_parameters_file=/nowhere"],
            "server_options.batching_parameters_file is set without setting server_options.enable_batching to true.",
        ),
        (
            [
                "--model_base_path=relative",
                "--tensorflow_session_parallelism=1",
                "--tensorflow_intra_op_parallelism=1",
                "--tensorflow_inter_op_parallelism=1",
            ],
            "Either configure server_options.tensorflow_session_parallelism or "
            "(server_options.tensorflow_intra_op_parallelism, server_options.tensorflow_inter_op_parallelism) "
            "separately. You cannot configure all.",
        ),
        (
            ["--model_base_path=relative"],
            "Expected model default to have an absolute path or URI; got base_path()=relative",
        ),
    ],
)
def test_the_first_check_that_fails_is_told(arguments, message):
    done = run(*arguments)
    assert done.returncode == 255
    assert done.stdout == f"Failed to start server. Error: INVALID_ARGUMENT: {message}\n"


def test_alts_is_refused():
    done = run("--use_alts_credentials", f"--model_base_path={HALF}")
    assert done.returncode == 255
    assert "Failed to start server. Error: UNIMPLEMENTED: use_alts_credentials" in done.stdout


def test_a_flag_without_effect_says_so_once():
    port = free_port()
    arguments = [f"--port={port}", f"--model_base_path={HALF}", "--skip_initialize_tpu", "--mixed_precision=float16"]
    with tensorflow_model_server(*arguments) as server:
        server.wait_for("default", 1)
        assert server.output.count("--skip_initialize_tpu is accepted and has no effect") == 1
        assert server.output.count("mixed_precision is float16; only bfloat16 is supported") == 1
