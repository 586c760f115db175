"""The server under test: `http2-echo` of this checkout, or any HTTP/2 server (without TLS) named by APUS_HTTP2_TARGET."""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import pytest  # noqa: E402

from peer import Peer  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / os.environ.get("APUS_BUILD_DIR", ".build/debug")
TARGET = os.environ.get("APUS_HTTP2_TARGET")


class EchoServer:
    """One http2-echo process; a context manager that ends it."""

    def __init__(self, *options):
        command = [str(BUILD / "http2-echo"), "--port", "0", *map(str, options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening "), f"{command[0]} does not listen: {line!r}"
        self.address = ("127.0.0.1", int(line.split()[1]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    @property
    def authority(self):
        return f"{self.address[0]}:{self.address[1]}"

    def connect(self, **options):
        return Peer(self.address, **options)


@pytest.fixture(scope="session")
def echo():
    """http2-echo, for tests that need to know what a path answers."""
    if TARGET:
        pytest.skip("needs http2-echo; APUS_HTTP2_TARGET names another server")
    with EchoServer() as server:
        yield server
        assert server.process.poll() is None, "the server did not survive the tests"


@pytest.fixture
def start_echo():
    """Starts servers with options of their own."""
    if TARGET:
        pytest.skip("needs http2-echo; APUS_HTTP2_TARGET names another server")
    servers = []

    def start(*options):
        servers.append(EchoServer(*options))
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


@pytest.fixture(scope="session")
def address(request):
    """Where the server under test listens."""
    if not TARGET:
        return request.getfixturevalue("echo").address
    host, port = TARGET.rsplit(":", 1)
    return host, int(port)


@pytest.fixture
def peer(address):
    """A client that has shaken hands."""
    with Peer(address) as peer:
        yield peer


@pytest.fixture
def raw(address):
    """A client that has said nothing."""
    with Peer(address, handshake=False) as peer:
        yield peer
