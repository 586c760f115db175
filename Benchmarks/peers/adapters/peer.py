"""What all adapters share: starting a server on its cores, knowing that it answers right, what it costs, stopping it."""
import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

import numpy

import wire
from measuring import process_tree, tree_cpu_seconds


class DidNotStart(Exception):
    """A server is not there, ends, never answers, or answers wrongly; the text says which."""


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where and how one model is asked: `protocol` is "JSON" or "gRPC", `language` one of those in wire.py."""

    protocol: str
    language: str
    url: str


@dataclasses.dataclass(frozen=True)
class Bench:
    """What every server gets: folders, cores, the questions and the right answers."""

    root: pathlib.Path
    folder: pathlib.Path
    python: pathlib.Path
    build: pathlib.Path
    server_cores: tuple
    # {model: (name of the input, name of the output, rows asked, flat answer expected)}
    questions: dict

    @property
    def compute(self):
        return self.folder / "compute"

    @property
    def packages(self):
        """The peers' site-packages."""
        return next((self.python.parent.parent / "lib").glob("python3*/site-packages"))


class Peer:
    """A server of one kind with one tuning. Subclasses say the command and the endpoints."""

    name = ""
    # What this peer runs for the models, for the table.
    engine = "the shared C kernel in one thread, NumPy for half_plus_two"
    # The grid that is searched, beside the default {}: what its documentation offers against queues and for batches.
    grid = ()
    # Paths that answer without a model, {what: path}.
    floors = {}

    def __init__(self, bench, tuning=None, label="default"):
        self.bench, self.tuning, self.label = bench, tuning or {}, label
        self.process = None
        # Statuses with which it ended while it was measured.
        self.ends = []
        # Short: some servers put Unix sockets there, whose paths are limited.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name.lower()}-", dir=bench.folder))
        self.log = self.folder / "log.txt"
        self.port = free_port()

    def prepare(self):
        """Writes what the server reads; may raise DidNotStart."""

    def command(self):
        raise NotImplementedError

    def endpoints(self, model):
        raise NotImplementedError

    def environment(self):
        """Python peers: their own packages and ours, one thread for NumPy."""
        here = self.bench.root / "Benchmarks/peers"
        return {
            "PATH": f"{self.bench.python.parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{here / 'compute'}:{here / 'servers'}",
            "PEERS_COMPUTE": str(self.bench.compute),
            "PEERS_TUNING": json.dumps(self.tuning),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }

    def package_version(self, package):
        done = subprocess.run(
            [self.bench.python, "-c", f"import importlib.metadata; print(importlib.metadata.version({package!r}))"],
            capture_output=True, text=True)
        return done.stdout.strip() or "?"

    @property
    def title(self):
        return self.name if self.label == "default" else f"{self.name} ({self.label})"

    # --- life

    def start(self):
        """Starts the server and returns the seconds until every endpoint answered rightly."""
        self.prepare()
        cores = ",".join(map(str, self.bench.server_cores))
        begin = time.monotonic()
        try:
            with open(self.log, "wb") as log:
                self.process = subprocess.Popen(
                    ["taskset", "-c", cores, *map(str, self.command())], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                    cwd=self.folder, env=os.environ | self.environment(), start_new_session=True)
            self.wait_until_right(begin + 60)
        except (OSError, DidNotStart) as error:
            self.stop()
            raise DidNotStart(str(error)) from error
        return time.monotonic() - begin

    def wait_until_right(self, deadline):
        for model in self.bench.questions:
            for endpoint in self.endpoints(model):
                while problem := self.problem_with(endpoint, model):
                    if self.process.poll() is not None:
                        raise DidNotStart(f"ended with status {self.process.returncode}: {self.last_words()}")
                    if time.monotonic() > deadline:
                        raise DidNotStart(f"{endpoint.protocol} {model}: {problem} {self.last_words()}")
                    time.sleep(0.05)

    def restart_if_ended(self):
        """Starts the server again if it has ended by itself; whether it had, or could not be started again."""
        if self.process is not None:
            status = self.process.poll()
            if status is None:
                return False
            self.ends.append(status)
            with contextlib.suppress(DidNotStart):
                self.start()
        return True

    def last_words(self):
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return " / ".join(lines[-2:])[-300:].replace("|", "/")

    def stop(self):
        if self.process is None:
            return
        everyone = process_tree(self.process.pid)
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        # Workers that outlived their parent.
        for process in everyone:
            with contextlib.suppress(ProcessLookupError):
                if process != self.process.pid or self.process.poll() is None:
                    os.kill(process, signal.SIGKILL)
        self.process.wait(10)
        self.process = None

    # --- answers

    def problem_with(self, endpoint, model):
        """What is wrong with the answer to the model's question; None when it is right."""
        tensor, output, rows, expected = self.bench.questions[model]
        try:
            if endpoint.protocol == "gRPC":
                answer = wire.grpc_answer(endpoint.language, self.call_grpc(endpoint, model, tensor, rows), output)
            else:
                answer = wire.json_answer(endpoint.language, self.call_json(endpoint, tensor, rows))
        except Exception as error:  # whatever it is, it is shown
            return f"{type(error).__name__}: {str(error)[:200]}"
        if answer.shape != expected.shape or not numpy.allclose(answer, expected, rtol=1e-3, atol=1e-5):
            return f"answered {answer[:4]}, not {expected[:4]}"
        return None

    def call_json(self, endpoint, tensor, rows):
        url = urllib.parse.urlsplit(endpoint.url)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("POST", url.path, wire.json_request(endpoint.language, tensor, rows),
                               {"content-type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
        if answer.status != 200:
            raise ValueError(f"status {answer.status}: {body[:200].decode(errors='replace')}")
        return body

    def call_grpc(self, endpoint, model, tensor, rows):
        import grpc

        url = urllib.parse.urlsplit(endpoint.url)
        with grpc.insecure_channel(f"{url.hostname}:{url.port}") as channel:
            # Both are the identity: the bytes of the message go as they are.
            call = channel.unary_unary(url.path, request_serializer=bytes, response_deserializer=bytes)
            return call(wire.grpc_request(endpoint.language, model, tensor, rows), timeout=10)

    # --- cost

    def cpu_seconds(self):
        return tree_cpu_seconds(self.process.pid) if self.process else 0.0

    def settle(self):
        """Waits until the server has stopped working on what nobody waits for any more: at most 10 s."""
        deadline = time.monotonic() + 10
        before = self.cpu_seconds()
        while time.monotonic() < deadline:
            time.sleep(0.1)
            now = self.cpu_seconds()
            if now - before < 0.01:
                return
            before = now

    def memory(self):
        """(proportional memory in MB, processes) of the whole tree."""
        total = count = 0
        for process in process_tree(self.process.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                for line in pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
                        count += 1
        return total / 1024, count


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
