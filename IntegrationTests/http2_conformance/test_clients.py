"""Whole clients: h2 of PyPI, curl, nghttp and h2load."""

import re
import shutil
import socket
import subprocess

import h2.config
import h2.connection
import h2.events
import pytest


def run(*command, **options):
    if not shutil.which(command[0]):
        pytest.fail(f"{command[0]} is missing; scripts/setup installs it")
    return subprocess.run([str(part) for part in command], capture_output=True, timeout=120, **options)


@pytest.fixture
def body_file(tmp_path):
    def write(size):
        path = tmp_path / "body"
        path.write_bytes(bytes(number * 31 % 256 for number in range(1021)) * (size // 1021 + 1))
        with open(path, "r+b") as file:
            file.truncate(size)
        return path

    return write


@pytest.mark.parametrize("size", [0, 1, 100, 16384, 16385, 1_000_000, 30_000_000])
def test_curl_gets_its_body_back(echo, body_file, tmp_path, size):
    body = body_file(size)
    answer = tmp_path / "answer"
    url = f"http://{echo.authority}/echo"
    result = run("curl", "-sS", "--http2-prior-knowledge", "--data-binary", f"@{body}", "-o", answer, url)
    assert result.returncode == 0, result.stderr
    assert (answer.read_bytes() if answer.exists() else b"") == body.read_bytes()


def test_curl_with_http_1_is_told_so(echo):
    result = run("curl", "-s", "-i", f"http://{echo.authority}/echo", text=True)
    assert result.stdout.startswith("HTTP/1.1 400")


def test_nghttp_with_its_priorities_and_padding(echo, body_file):
    body = body_file(200_000)
    url = f"http://{echo.authority}/echo"
    result = run("nghttp", "-v", "--padding=200", "-d", body, "-H", "te: trailers", url)
    assert result.returncode == 0, result.stderr
    assert b"grpc-status: 0" in result.stdout
    assert b"GOAWAY" not in result.stdout.split(b"END_STREAM")[0]


@pytest.mark.parametrize("connections, streams", [(1, 1), (1, 100), (16, 1), (8, 32)])
def test_h2load_gets_all_its_answers(echo, body_file, connections, streams):
    body = body_file(116)
    count = 20_000 if connections * streams > 1 else 2_000
    url = f"http://{echo.authority}/tensorflow.serving.PredictionService/Predict"
    result = run("h2load", "-n", count, "-c", connections, "-m", streams, "-d", body, url, text=True)
    assert int(re.search(r"(\d+) succeeded", result.stdout)[1]) == count, result.stdout


def test_h2load_with_large_bodies_and_small_windows(echo, body_file):
    body = body_file(2_000_000)
    url = f"http://{echo.authority}/echo"
    result = run("h2load", "-n", 50, "-c", 2, "-m", 5, "-w", 16, "-W", 17, "-d", body, url, text=True)
    assert int(re.search(r"(\d+) succeeded", result.stdout)[1]) == 50, result.stdout


def test_h2_agrees_with_every_frame(echo):
    """The h2 package checks what it receives as strictly as the server does."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    with socket.create_connection(echo.address, timeout=20) as sock:
        connection.initiate_connection()
        paths = ["/echo", "/bytes/70000", "/canned", "/early", "/later/5", "/echo-headers"]
        waiting = {}
        for number in range(60):
            stream = connection.get_next_available_stream_id()
            path = paths[number % len(paths)]
            fields = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "a")]
            connection.send_headers(stream, [*fields, ("te", "trailers"), ("x-number", str(number))])
            connection.send_data(stream, b"x" * number, end_stream=True)
            waiting[stream] = (path, number, bytearray())
        sock.sendall(connection.data_to_send())
        while waiting:
            for event in connection.receive_data(sock.recv(65536)):
                if isinstance(event, h2.events.DataReceived):
                    waiting[event.stream_id][2].extend(event.data)
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    path, number, body = waiting.pop(event.stream_id)
                    expected = {"/echo": number, "/bytes/70000": 70000, "/echo-headers": 0}.get(path, 110)
                    assert len(body) == expected, path
                else:
                    assert not isinstance(event, (h2.events.ConnectionTerminated, h2.events.StreamReset)), event
            sock.sendall(connection.data_to_send())
