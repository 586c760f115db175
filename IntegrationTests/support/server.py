"""Server processes under test."""

import json
import os
import re
import signal
import subprocess
import tempfile
import threading

import grpc
import requests
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc, prediction_service_pb2_grpc

from .health import SERVING, Health
from .paths import BUILD, ROOT
from .waiting import LONG, NotYet, eventually

STATES = {name: number for name, number in get_model_status_pb2.ModelVersionStatus.State.items()}

# The client's own limit on answers is 4 MiB; tests send and receive more.
CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Channels to one address share their connection otherwise; tests want theirs to be their own.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
]


class Server:
    """One running server; a context manager that ends it."""

    def __init__(self, *command, environment=None, cwd=ROOT):
        self.command = [str(part) for part in command]
        self.lines = []
        self._lines_changed = threading.Condition()
        self.process = subprocess.Popen(
            self.command,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._channels = []

    def _read(self):
        for line in self.process.stdout:
            with self._lines_changed:
                self.lines.append(line.rstrip("\n"))
                self._lines_changed.notify_all()

    @property
    def output(self):
        with self._lines_changed:
            return "\n".join(self.lines)

    def line(self, pattern, timeout=LONG):
        """The first match of `pattern` in what the server has written so far or writes soon."""

        def look():
            for line in list(self.lines):
                found = re.search(pattern, line)
                if found:
                    return found
            return None

        return eventually(look, f"a line like {pattern!r} from {self.command}", timeout, check=self.check_running)

    def check_running(self):
        if self.process.poll() is not None:
            self._reader.join(timeout=5)
            raise AssertionError(f"{self.command} ended with status {self.process.returncode}:\n{self.output}")

    @property
    def grpc_port(self):
        return int(self.line(r"Running gRPC ModelServer at \S*?:(\d+)")[1])

    @property
    def rest_port(self):
        return int(self.line(r"Exporting HTTP/REST API at:\S*?:(\d+)")[1])

    @property
    def grpc_address(self):
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def rest_url(self):
        return f"http://127.0.0.1:{self.rest_port}"

    def channel(self, address=None, options=()):
        channel = grpc.insecure_channel(address or self.grpc_address, options=[*CHANNEL_OPTIONS, *options])
        self._channels.append(channel)
        return channel

    def prediction(self, channel=None):
        return prediction_service_pb2_grpc.PredictionServiceStub(channel or self.channel())

    # ---- What the server says of its models ----

    def versions(self, model, stub=None):
        """{version: state name} by GetModelStatus, empty while the model is not known."""
        stub = stub or model_service_pb2_grpc.ModelServiceStub(self._status_channel())
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        try:
            answer = stub.GetModelStatus(request, timeout=LONG)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                return {}
            raise
        return {
            status.version: get_model_status_pb2.ModelVersionStatus.State.Name(status.state)
            for status in answer.model_version_status
        }

    def version_status(self, model, version):
        stub = model_service_pb2_grpc.ModelServiceStub(self._status_channel())
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        request.model_spec.version.value = version
        return stub.GetModelStatus(request, timeout=LONG).model_version_status[0]

    def _status_channel(self):
        if not hasattr(self, "_kept_status_channel"):
            self._kept_status_channel = self.channel()
        return self._kept_status_channel

    def wait_for(self, model, version, state="AVAILABLE"):
        def look():
            versions = self.versions(model)
            if versions.get(version) != state:
                raise NotYet(f"{model} has {versions}")
            return True

        eventually(look, f"version {version} of {model} to be {state}", check=self.check_running)

    def wait_until_ready(self):
        """Every model answers. Asked of the health service over gRPC, which every server here has."""
        health = Health(self._status_channel())

        def look():
            if health.check() != SERVING:
                raise NotYet("not serving")
            return True

        eventually(look, f"{self.command} to be ready", check=self.check_running)
        return self

    # ---- REST ----

    def get(self, path, **arguments):
        return requests.get(self.rest_url + path, timeout=LONG, **arguments)

    def post(self, path, body, **arguments):
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return requests.post(self.rest_url + path, data=data, timeout=LONG, **arguments)

    # ---- The end ----

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=LONG):
        status = self.process.wait(timeout)
        self._reader.join(timeout=5)
        return status

    def stop(self):
        for channel in self._channels:
            channel.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(LONG)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"{self.command} did not end after SIGTERM:\n{self.output}")
        self._reader.join(timeout=5)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            print(f"--- output of {' '.join(self.command)}\n{self.output}\n---")
        self.stop()


def apus_serve(models, *arguments, **options):
    """`apus serve` on 127.0.0.1 with ports that the system chooses. `models` maps names to folders."""
    named = [f"--model={name}={path}" for name, path in models.items()]
    ports = ["--host=127.0.0.1", "--port=0", "--rest-port=0"]
    return Server(BUILD / "apus", "serve", *ports, *named, *arguments, **options)


def tensorflow_model_server(*arguments, **options):
    return Server(BUILD / "tensorflow_model_server", *arguments, **options)


def run_program(program, *arguments, timeout=LONG, environment=None):
    """Runs a program of ours to its end."""
    return subprocess.run(
        [str(BUILD / program), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def free_port():
    """A TCP port nobody listens on now, for a program that cannot be told to choose one."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def short_temporary_folder():
    """A folder whose path leaves room for the name of a Unix socket (107 bytes in all)."""
    return tempfile.TemporaryDirectory(prefix="apus-")
