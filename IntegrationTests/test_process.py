"""The process: command lines, signals, how it starts and how it ends."""

import signal
import socket
import struct
import threading
import time

import grpc
import numpy
import pytest

from support.health import NOT_SERVING, SERVING, Health
from support.http2 import GRPCConnection
from support.paths import BUILD, MODELS
from support.server import (
    apus_serve,
    free_port,
    run_program,
    short_temporary_folder,
    tensorflow_model_server,
)
from support.tensors import array, predict_request
from support.waiting import LONG, eventually
from test_bad_requests_grpc import PREDICT, framed
from test_deadlines_and_load import FOREVER, steps_of

HALF = MODELS / "half_plus_two"


def ask(server, model):
    response = server.prediction().Predict(predict_request(model, {"x": numpy.float32([2])}), timeout=LONG)
    return array(response.outputs["y"]).tolist()


# ---- tensorflow_model_server ----


def test_the_flags_of_tensorflow_serving_start_a_server():
    port, rest_port = free_port(), free_port()
    with short_temporary_folder() as folder:
        arguments = [
            f"--port={port}",
            f"--rest_api_port={rest_port}",
            "--model_name=half",
            f"--model_base_path={HALF}",
            f"--grpc_socket_path={folder}/s",
            "--rest_api_timeout_in_ms=5000",
            "--rest_api_num_threads=4",
            "--file_system_poll_wait_seconds=1",
            "--tensorflow_intra_op_parallelism=1",
            "--tensorflow_inter_op_parallelism=1",
            "--saved_model_tags=serve",
        ]
        with tensorflow_model_server(*arguments) as server:
            assert server.grpc_port == port and server.rest_port == rest_port
            server.line(rf"Running gRPC ModelServer at UNIX socket {folder}/s \.\.\.")
            server.wait_for("half", 1)
            assert ask(server, "half") == [3.0]
            stub = server.prediction(server.channel(f"unix:{folder}/s"))
            assert stub.Predict(predict_request("half", {"x": numpy.float32([2])}), timeout=LONG)
            answer = server.post("/v1/models/half:predict", {"instances": [2.0]})
            assert answer.json() == {"predictions": [3.0]}


def test_the_model_is_called_default_when_no_name_is_given():
    port = free_port()
    with tensorflow_model_server(f"--port={port}", f"--model_base_path={HALF}") as server:
        server.wait_for("default", 1)
        assert ask(server, "default") == [3.0]


def test_only_a_unix_socket():
    with short_temporary_folder() as folder:
        arguments = ["--port=0", f"--grpc_socket_path={folder}/s", f"--model_base_path={HALF}"]
        with tensorflow_model_server(*arguments) as server:
            server.line("Running gRPC ModelServer at UNIX socket")
            stub = server.prediction(server.channel(f"unix:{folder}/s"))

            def answered():
                try:
                    return stub.Predict(predict_request("default", {"x": numpy.float32([2])}), timeout=LONG)
                except grpc.RpcError as error:
                    assert error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAVAILABLE)
                    return None

            eventually(answered, "an answer over the Unix socket", check=server.check_running)


def test_a_stale_unix_socket_is_replaced():
    with short_temporary_folder() as folder:
        for _ in range(2):
            arguments = ["--port=0", f"--grpc_socket_path={folder}/s", f"--model_base_path={HALF}"]
            with tensorflow_model_server(*arguments) as server:
                server.line("Running gRPC ModelServer at UNIX socket")
                server.signal(signal.SIGKILL)
                server.wait()


@pytest.mark.parametrize(
    "arguments, status, stdout, stderr",
    [
        (["--port=1.5"], 255, "Flags:\n", "Couldn't interpret value 1.5 for flag port."),
        (["--version=1"], 255, "Flags:\n", "Couldn't interpret value =1 for flag version."),
        (["--version"], 0, "TensorFlow ModelServer: ", ""),
        (["--version=true"], 0, "TensorFlow Library: ", ""),
        (
            [],
            255,
            "Failed to start server. Error: INVALID_ARGUMENT: Both server_options.model_base_path and "
            "server_options.model_config_file are empty!",
            "",
        ),
        (
            ["--model_base_path=relative/path"],
            255,
            "Failed to start server. Error: INVALID_ARGUMENT: Expected model default to have an absolute path or URI; "
            "got base_path()=relative/path",
            "",
        ),
        (
            ["--port=0", "--model_base_path=/x"],
            255,
            "Failed to start server. Error: INVALID_ARGUMENT: At least one of server_options.grpc_port or "
            "server_options.grpc_socket_path must be set.",
            "",
        ),
        (
            [
                "--model_base_path=/x",
                "--tensorflow_session_parallelism=1",
                "--tensorflow_intra_op_parallelism=1",
                "--tensorflow_inter_op_parallelism=1",
            ],
            255,
            "Failed to start server. Error: INVALID_ARGUMENT: ",
            "",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_command_lines_that_end_at_once(arguments, status, stdout, stderr):
    done = run_program("tensorflow_model_server", *arguments)
    assert done.returncode == status, done
    assert stdout in done.stdout
    assert stderr in done.stderr


def test_a_port_that_is_taken_ends_the_server_with_a_reason():
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_program("tensorflow_model_server", f"--port={port}", f"--model_base_path={HALF}")
        assert done.returncode not in (0, -signal.SIGABRT, -signal.SIGSEGV, -signal.SIGILL)
        assert str(port) in done.stdout + done.stderr


# ---- apus ----


def test_help_is_for_people():
    done = run_program("apus", "--help")
    assert done.returncode == 0 and "serve" in done.stdout and not done.stderr
    done = run_program("apus", "serve", "--help")
    assert done.returncode == 0 and "--model" in done.stdout and "--rest-port" in done.stdout and "EXAMPLES" in done.stdout


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["serve"], "No model is named"),
        (["serve", "--model", "nopath"], "nopath"),
        (["serve", "--model", "m=/x", "--port", "70000"], "70000"),
        (["serve", "--model", "m=/x", "--model", "m=/y"], "Illegal to list model m multiple times in config list"),
        (["serve", "--model", "m=/x", "--unknown"], "--unknown"),
        (["frobnicate"], "frobnicate"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_on_the_command_line_are_told(arguments, text):
    done = run_program("apus", *arguments)
    assert done.returncode not in (0, -signal.SIGABRT, -signal.SIGSEGV, -signal.SIGILL)
    assert text in done.stderr


def test_relative_model_paths_are_from_here():
    with apus_serve({"half": HALF.relative_to(BUILD.parent.parent)}, cwd=BUILD.parent.parent) as server:
        server.wait_for("half", 1)


# ---- The start ----


def test_ports_are_open_before_models_are_loaded(tmp_path):
    """The port lines come, and both wires answer, while the model does not even exist."""
    with apus_serve({"later": tmp_path}) as server:
        assert server.get("/v2/health/live").status_code == 200
        assert server.get("/v2/health/ready").status_code == 503
        assert server.get("/v1/models/later").status_code in (200, 404)
        answer = server.post("/v1/models/later:predict", {"instances": [1.0]})
        assert answer.status_code == 404
        assert answer.json() == {"error": "Servable not found for request: Latest(later)"}
        assert Health(server.channel()).check() == NOT_SERVING


# ---- The end ----


def running_loop(server, connection, steps):
    """Starts a run of so many steps over a connection of ours; returns its stream once the server works on it."""
    request = framed(predict_request("loop", {"steps": numpy.int64(steps)}).SerializeToString())
    stream = connection.start(PREDICT)
    connection.send(stream, request)
    return stream


def cpu_seconds(process):
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def wait_until_busy(server):
    start = cpu_seconds(server.process)
    eventually(lambda: cpu_seconds(server.process) > start + 0.05, "the run to start", check=server.check_running)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_lets_answers_in_flight_finish(number):
    with apus_serve({"loop": MODELS / "loop", "half": HALF}) as server:
        server.wait_until_ready()
        steps = steps_of(3, server)
        rest_url = server.rest_url
        with GRPCConnection(server.grpc_port) as connection, GRPCConnection(server.grpc_port) as idle:
            watch = Health(server.channel()).watch()
            assert next(watch).status == SERVING
            rest_answers = []
            rest_caller = threading.Thread(
                target=lambda: rest_answers.append(
                    server.post("/v1/models/loop:predict", {"inputs": {"steps": steps}})
                )
            )
            rest_caller.start()
            stream = running_loop(server, connection, steps)
            wait_until_busy(server)
            server.signal(number)

            # Idle connections are told to go, and go; readiness is off for those that watch.
            while idle.read():
                pass
            assert idle.goaway is not None and idle.goaway.error_code == 0
            assert next(watch).status == NOT_SERVING
            # Nobody new is let in.
            def refuses():
                try:
                    socket.create_connection(("127.0.0.1", server.grpc_port), timeout=5).close()
                    return False
                except ConnectionError:
                    return True

            eventually(refuses, "the gRPC port to be closed")
            # The runs in flight are answered.
            status, text = connection.finish(stream)
            assert status == 0, text
            rest_caller.join()
            assert rest_answers[0].status_code == 200, rest_answers[0].text
            while connection.read():
                pass
            assert connection.goaway is not None
        assert server.wait() == 0
        assert rest_url


def test_an_idle_server_ends_at_once():
    with apus_serve({"half": HALF}) as server:
        server.wait_until_ready()
        assert ask(server, "half") == [3.0]
        server.signal(signal.SIGTERM)
        assert server.wait() == 0


def test_a_signal_before_anything_is_loaded(tmp_path):
    with apus_serve({"half": HALF, "nothing": tmp_path}) as server:
        assert server.grpc_port
        server.signal(signal.SIGTERM)
        assert server.wait() == 0


def test_a_second_signal_ends_the_server_fast():
    with apus_serve({"loop": MODELS / "loop"}) as server:
        server.wait_until_ready()
        with GRPCConnection(server.grpc_port) as connection:
            running_loop(server, connection, FOREVER["steps"])
            wait_until_busy(server)
            server.signal(signal.SIGTERM)
            while connection.goaway is None:
                assert connection.read()
            assert server.process.poll() is None, "the first signal waits for the answer in flight"
            start = time.monotonic()
            server.signal(signal.SIGTERM)
            assert server.wait() != 0
            # Far below the grace period of 30 s.
            assert time.monotonic() - start < 10


def test_the_grace_period_ends_the_wait():
    with apus_serve({"loop": MODELS / "loop"}, "--drain-grace=1") as server:
        server.wait_until_ready()
        with GRPCConnection(server.grpc_port) as connection:
            running_loop(server, connection, FOREVER["steps"])
            wait_until_busy(server)
            server.signal(signal.SIGTERM)
            assert server.wait() == 0


def test_calls_that_never_end_their_request_do_not_hold_up_the_end():
    with apus_serve({"half": HALF}, "--drain-grace=1") as server:
        server.wait_until_ready()
        with GRPCConnection(server.grpc_port) as connection:
            stream = connection.start(PREDICT)
            connection.send(stream, b"\0\0\0\0\x10abc", end=False)
            with socket.create_connection(("127.0.0.1", server.rest_port)) as rest:
                rest.sendall(b"POST /v1/models/half:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
                server.signal(signal.SIGTERM)
                assert server.wait() == 0


def test_a_client_that_dies_is_no_matter():
    """Connections cut in the middle of everything; the server goes on."""
    with apus_serve({"half": HALF}) as server:
        server.wait_until_ready()
        body = framed(predict_request("half", {"x": numpy.zeros(15_000, "float32")}, content=True).SerializeToString())
        for cut in [0, 1, 9, 24, 30, 60, 100, 1000, 50_000]:
            connection = GRPCConnection(server.grpc_port)
            stream, head = connection.head(PREDICT)
            data = b"".join(frame.serialize() for frame in [head, *connection.body(stream, body)])
            # Linger 0: the socket is reset, not closed.
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.socket.sendall(data[:cut])
            connection.socket.close()
        assert ask(server, "half") == [3.0]
