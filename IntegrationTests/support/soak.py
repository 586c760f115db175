"""The soak: everything at once for a long time, and nothing is lost and nothing grows.

Rounds of load over both wires, while models, versions, labels and logs change, configurations are wrong, clients cancel
and are killed, and the log's disk fills. After each round the clients end and the server is measured at rest.
"""

import base64
import collections
import json
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import threading
import time

import grpc
import numpy
from tensorflow_serving.apis import model_service_pb2_grpc

from .examples import floats, regress_request
from .metrics import scrape
from .model_config import config_list, labels, model, publish, reload, replace_file, specific
from .paths import BUILD, MODELS
from .processes import anonymous, descriptor_count, thread_count
from .server import Server
from .tensors import predict_request
from .waiting import LONG, NotYet, eventually

CLIENT = pathlib.Path(__file__).with_name("soak_client.py")
STEADY = {"half": "half_plus_two", "half_tf2": "half_plus_two_tf2", "classifier": "classifier"}
KINDS = ["grpc", "rest", "churn", "cancel"]


class Soak:
    """One soak in `folder`; `run` returns its rounds and raises AssertionError for what is wrong."""

    def __init__(self, folder, rounds, seconds, build=BUILD, seed=1, report=print):
        self.folder, self.rounds, self.seconds, self.report = pathlib.Path(folder), rounds, seconds, report
        self.build = build
        self.random = random.Random(seed)
        self.config = self.folder / "models.config"
        self.churned = self.folder / "churned"
        self.logs = self.folder / "logs"
        self.logs.mkdir()
        self.version = 2
        publish(self.churned, 1, 2)
        self.events = collections.Counter()
        self.totals = collections.Counter()
        self.problems = collections.Counter()
        self.measured = []

    # ---- The server and what it is asked ----

    def _logging(self, name):
        collector = f"log_collector_config {{ filename_prefix: '{self.logs / name}' }}"
        return f"logging_config {{ {collector} sampling_config {{ sampling_rate: 0.5 }} }}"

    def _steady(self):
        return [model(name, MODELS / folder, self._logging(name)) for name, folder in STEADY.items()]

    def _churned(self, version, more=""):
        return model("churned", self.churned, f"{specific(version)} {labels(stable=version)} {more}")

    def run(self):
        replace_file(self.config, config_list(*self._steady(), self._churned(self.version)))
        options = ["--config-poll-seconds=1", "--request-log-file-megabytes=1", "--request-log-files=4"]
        ports = ["--host=127.0.0.1", "--port=0", "--rest-port=0"]
        with Server(self.build / "apus", "serve", *ports, f"--config={self.config}", *options) as server:
            self.server = server
            server.wait_until_ready()
            self.models = model_service_pb2_grpc.ModelServiceStub(server.channel())
            self._write_cases()
            for number in range(1, self.rounds + 1):
                self._round(number)
            self.outcomes = self._log_outcomes()
            server.stop()
            assert server.process.returncode == 0, server.output[-2000:]
        self._judge()

    def _write_cases(self):
        """The questions with the answers they get now."""
        x = {"x": numpy.float32([1.0, 2.0, 5.0])}
        asked = [
            ("Predict", predict_request("half", x)),
            ("Predict", predict_request("half_tf2", x)),
            ("Predict", predict_request("classifier", {"x": numpy.zeros((2, 4), "float32")}, "scores"))
            if "scores" in self._signatures("classifier")
            else ("Predict", predict_request("half", {"x": numpy.zeros(5000, "float32")})),
            ("Regress", regress_request("half", floats(1, 2), "regress_x_to_y")),
        ]
        steady = []
        channel = self.server.channel()
        for method, request in asked:
            data = request.SerializeToString()
            answer = channel.unary_unary(f"/tensorflow.serving.PredictionService/{method}")(data, timeout=LONG)
            steady.append({"method": method, "request": _text(data), "answer": _text(answer)})
        for name in ["half", "half_tf2"]:
            path, body = f"/v1/models/{name}:predict", json.dumps({"instances": [1.0, 2.0, 5.0]})
            steady.append({"path": path, "body": body, "text": self.server.post(path, body).text})
        churn = [{"method": "Predict", "request": _text(predict_request("churned", x).SerializeToString())}]
        labelled = predict_request("churned", x)
        labelled.model_spec.version_label = "stable"
        churn.append({"method": "Predict", "request": _text(labelled.SerializeToString())})
        churn.append({"path": "/v1/models/churned:predict", "body": json.dumps({"instances": [1.0]})})
        churn.append({"path": "/v1/models/guest:predict", "body": json.dumps({"instances": [1.0]})})
        for name, cases in [("steady", steady), ("churn", churn)]:
            (self.folder / f"{name}.json").write_text(json.dumps(cases))

    def _signatures(self, name):
        return self.server.get(f"/v1/models/{name}/metadata").json()["metadata"]["signature_def"]["signature_def"]

    # ---- A round ----

    def _client(self, kind):
        cases = self.folder / ("churn.json" if kind == "churn" else "steady.json")
        arguments = [kind, self.server.grpc_address, self.server.rest_url, cases, self.random.randrange(1 << 30)]
        return subprocess.Popen(
            [sys.executable, str(CLIENT), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _round(self, number):
        clients = {kind: self._client(kind) for kind in KINDS}
        try:
            self._trouble()
            results = {kind: self._end(kind, client) for kind, client in clients.items()}
        finally:
            # Those that are left when something went wrong.
            for client in clients.values():
                client.kill()
        for kind, counts in results.items():
            self.totals["asked"] += counts["asked"]
            self.totals["answered"] += counts["answered"]
            self.totals["cancelled"] += counts["outcomes"].get("cancelled", 0)
            self.problems.update({f"{kind}: {text}": count for text, count in counts["problems"].items()})
        self._measure()
        now = self.measured[-1]
        self.report(
            f"soak: round {number} of {self.rounds}: {self.totals['answered']} of {self.totals['asked']} answered, "
            f"{now['memory']:.0f} MiB, {now['threads']} threads, {now['descriptors']} descriptors; "
            + ", ".join(f"{count} {event}" for event, count in sorted(self.events.items()))
        )

    def _trouble(self):
        """All kinds of trouble for the time of a round."""
        over = threading.Event()
        failures = []

        def work(action):
            try:
                while not over.is_set():
                    action(over)
            except Exception as failure:
                failures.append(failure)

        threads = [threading.Thread(target=work, args=[action], daemon=True) for action in [self._change, self._kill, self._fill]]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + self.seconds
        try:
            while time.monotonic() < deadline and not failures:
                self.server.check_running()
                time.sleep(min(0.2, self.seconds))
        finally:
            over.set()
        for thread in threads:
            thread.join(2 * LONG)
        assert not failures, failures

    def _end(self, kind, client):
        output, _ = client.communicate(timeout=2 * LONG)
        assert client.returncode == 0, f"the client {kind} ended with {client.returncode}"
        return json.loads(output)

    def _measure(self):
        """At rest: clients are gone, the models of the round are unloaded."""
        pid = self.server.process.pid
        self._call(*self._steady(), self._churned(self.version))
        previous = None

        def rests():
            nonlocal previous
            now = {
                "threads": thread_count(pid),
                "descriptors": descriptor_count(pid),
                "loaded": sum(state not in ("AVAILABLE", "END") for state in self.server.versions("churned").values()),
            }
            still = now == previous and now["loaded"] == 0
            previous = now
            if not still:
                raise NotYet(str(now))
            return now

        eventually(rests, "the server to rest", interval=0.25, check=self.server.check_running)
        self.measured.append({"memory": anonymous(pid), **previous})

    # ---- Trouble ----

    def _change(self, over):
        """Models, versions, labels and logs change, by file and by call; some configurations are wrong."""
        action = self.random.choice([self._new_version, self._guest, self._wrong_call, self._wrong_file, self._relog])
        action()
        over.wait(self.random.uniform(0.1, 0.5))

    def _call(self, *models):
        # One connection: each of its own would stay open and be counted.
        reload(self.server, *models, stub=self.models)

    def _reload(self, *models):
        try:
            self._call(*models)
            self.events["reloads"] += 1
        except grpc.RpcError as refusal:
            # The file that is polled may take a model away that the call waits for.
            assert refusal.code() != grpc.StatusCode.DEADLINE_EXCEEDED, refusal.details()
            self.events["reloads refused"] += 1

    def _new_version(self):
        self.version += 1
        publish(self.churned, self.version)
        self._reload(*self._steady(), self._churned(self.version))
        for old in self.churned.iterdir():
            if old.name.isdigit() and int(old.name) < self.version - 2:
                shutil.rmtree(old)

    def _guest(self):
        self._reload(*self._steady(), self._churned(self.version), model("guest", MODELS / "half_plus_two"))

    def _relog(self):
        replace_file(self.config, config_list(*self._steady(), self._churned(self.version, self._logging("churned"))))
        self.events["files"] += 1

    def _wrong_call(self):
        wrong = self.random.choice(
            [
                model("half", "relative"),
                model("x", "/x", platform="onnx"),
                model("churned", self.churned, f"{specific(self.version)} {labels(stable=self.version + 1000)}"),
            ]
        )
        try:
            self._call(*self._steady()[1:], wrong)
            raise AssertionError(f"this was accepted: {wrong}")
        except grpc.RpcError as refusal:
            assert refusal.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION), refusal
            self.events["reloads refused"] += 1

    def _wrong_file(self):
        text = self.random.choice(["model_config_list {", "\x00\xff", "no_such_field: 1", config_list(model("a", "b"))])
        replace_file(self.config, text)
        self.events["wrong files"] += 1

    def _kill(self, over):
        """A client in the middle of its calls is killed."""
        victim = self._client(self.random.choice(["grpc", "rest"]))
        over.wait(self.random.uniform(0.5, 2))
        victim.kill()
        victim.communicate()
        self.events["clients killed"] += 1

    def _fill(self, over):
        """The limit on the size of the process's files stands for a full disk, and needs no privileges."""
        limits = [(0, resource.RLIM_INFINITY), (resource.RLIM_INFINITY, resource.RLIM_INFINITY)]
        for limit in limits:
            resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, limit)
            if limit[0] == 0:
                self.events["disks filled"] += 1
            over.wait(self.random.uniform(0.5, 2))
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, limits[1])

    # ---- The end ----

    def _log_outcomes(self):
        samples = scrape(self.server).samples.items()
        outcomes = collections.Counter()
        for (name, sample_labels), value in samples:
            if name == ":tensorflow:serving:request_log_count":
                outcomes[dict(sample_labels)["status_code"]] += int(value)
        return outcomes

    def _judge(self):
        assert not self.problems, self.problems.most_common(10)
        assert self.totals["asked"] == self.totals["answered"] > 0, self.totals
        # It was a soak.
        for event in ["reloads", "reloads refused", "clients killed", "disks filled"]:
            assert self.events[event] > 0, self.events
        assert self.totals["cancelled"] > 0
        assert self.outcomes["OK"] > 0 and self.outcomes["RESOURCE_EXHAUSTED"] > 0, self.outcomes
        # The first round brings what is made once: threads, connections' buffers, TensorFlow's own.
        first, last = self.measured[0], self.measured[-1]
        assert last["threads"] <= first["threads"] + 2, self.measured
        # Each of the four logs has a file open or not, as the disk was when it was last written to.
        assert last["descriptors"] <= first["descriptors"] + 4, self.measured
        assert last["memory"] <= 1.1 * first["memory"] + 16, self.measured
        self.report(
            f"soak: no lost answer of {self.totals['asked']}; memory {first['memory']:.0f} to {last['memory']:.0f} MiB, "
            f"threads {first['threads']} to {last['threads']}, descriptors {first['descriptors']} to "
            f"{last['descriptors']}; log records {dict(self.outcomes)}"
        )


def _text(data):
    return base64.b64encode(data).decode()
