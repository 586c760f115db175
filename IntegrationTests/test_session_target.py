"""Models that run on a TensorFlow cluster: workers that end, come back, or cannot be reached."""

import concurrent.futures
import os
import shutil
import signal
import socket
import subprocess
import time

import grpc
import numpy
import pytest
import tensorflow as tf
from google.protobuf import empty_pb2, unknown_fields
from support.metrics import scrape
from support.model_config import config_list, model
from support.paths import BUILD, MODELS
from support.server import Server, apus_serve, free_port, run_program, tensorflow_model_server
from support.tensors import array, predict_request
from support.versions import settle
from support.waiting import LONG, NotYet, eventually
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.tsl.profiler.protobuf import xplane_pb2

HALF = MODELS / "half_plus_two"
TASK_1 = "/job:worker/replica:0/task:1"


def save(base, weight, device=None, version=1):
    """y = x * weight + 1. Where a device is given, the weight and the product are there."""
    folder = base / str(version)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32, [None], name="x")
        variable = tf.compat.v1.get_variable("weight", initializer=float(weight), use_resource=True)
        y = tf.add(tf.ensure_shape(tf.multiply(x, variable, name="weight_product"), [None]), 1.0, name="y")
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.saved_model.simple_save(session, str(folder), {"x": x}, {"y": y})
    if device:
        file = folder / "saved_model.pb"
        message = saved_model_pb2.SavedModel.FromString(file.read_bytes())
        for node in message.meta_graphs[0].graph_def.node:
            if node.name.startswith("weight"):
                node.device = device
        file.write_bytes(message.SerializeToString())
    settle(folder)
    return base


@pytest.fixture(scope="module")
def spread(tmp_path_factory):
    """Half of it is on the second worker."""
    return save(tmp_path_factory.mktemp("spread"), 3, TASK_1)


class Cluster:
    """Two workers, of which either may be ended and started again."""

    def __init__(self, hosts=("127.0.0.1", "127.0.0.1"), prefixes=((), ())):
        self.addresses = [f"{host}:{free_port()}" for host in hosts]
        self.target = f"grpc://{self.addresses[0]}"
        self.prefixes = prefixes
        self.workers = [None, None]

    def start(self, *tasks):
        for task in tasks:
            command = [*self.prefixes[task], BUILD / "apus", "worker", f"--cluster=worker={','.join(self.addresses)}"]
            self.workers[task] = Server(*command, f"--task={task}", "--intra-op-parallelism=1")
        for task in tasks:
            self.workers[task].line(f"Running TensorFlow worker /job:worker/task:{task} at grpc://{self.addresses[task]}")

    def kill(self, task):
        self.workers[task].signal(signal.SIGKILL)
        self.workers[task].wait()
        self.workers[task].stop()
        self.workers[task] = None

    def __enter__(self):
        self.start(0, 1)
        return self

    def __exit__(self, kind, error, trace):
        for worker in self.workers:
            if worker:
                if error is not None:
                    print(f"--- a worker\n{worker.output}\n---")
                worker.stop()


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as cluster:
        yield cluster


def predict(server, name, value=2.0, timeout=LONG, stub=None):
    request = predict_request(name, {"x": numpy.float32([value])})
    return array((stub or server.prediction()).Predict(request, timeout=timeout).outputs["y"]).tolist()


def refusal(server, name, timeout=LONG):
    with pytest.raises(grpc.RpcError) as caught:
        predict(server, name, timeout=timeout)
    return caught.value


def trouble(server, name):
    """Why the version does not answer, as the status tells it."""
    return server.version_status(name, 1).status.error_message


def answers(server, name, expected):
    """Predicts until that succeeds; meanwhile the model may only be unavailable."""

    def ask():
        try:
            return predict(server, name) == expected
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE, error
            raise NotYet(error.details())

    eventually(ask, f"{name} to answer", check=server.check_running)


def profile(server, run):
    """What TensorFlow says of a run: a plane for each device, with the names of its operations."""
    service = "/tensorflow.ProfilerService/"
    # duration_ms: 60000, emit_xspace
    answer = server.channel().unary_unary(f"{service}Profile").future(b"\x08\xe0\xd4\x03\x48\x01", timeout=LONG)

    def traced():
        run()
        server.channel().unary_unary(f"{service}Terminate")(b"", timeout=LONG)
        return answer.done()

    eventually(traced, "the profile to begin and to end")
    fields = unknown_fields.UnknownFieldSet(empty_pb2.Empty.FromString(answer.result()))
    space = xplane_pb2.XSpace.FromString(next(field.data for field in fields if field.field_number == 8))
    return {
        plane.name: {plane.event_metadata[event.metadata_id].name for line in plane.lines for event in line.events}
        for plane in space.planes
    }


def reconfigure(server, file, *models):
    """The configuration file, written anew and applied: the official messages have no field for our settings."""
    file.write_text(config_list(*models))
    return server.post("/v1/config/reload", b"")


def metric(server, name, model):
    labels = (("model_name", model), ("version", "1"))
    return scrape(server).samples.get((f":apus:cluster_session_{name}", labels))


def test_models_run_on_a_cluster_and_keep_their_variables_apart(cluster, spread, tmp_path):
    # The variables of all these have the same name.
    other = save(tmp_path / "other", 10, TASK_1)
    save(other, 20, TASK_1, version=2)
    config = tmp_path / "models"
    both = "model_version_policy { all {} }"
    config.write_text(
        config_list(
            model("spread", spread),
            model("other", other, both),
            model("here", HALF, 'apus { session_target: "local" }'),
        )
    )
    with apus_serve({}, f"--config={config}", f"--session-target={cluster.target}", "--enable-control") as server:
        server.wait_until_ready()
        server.wait_for("other", 1)
        for _ in range(3):
            assert predict(server, "spread") == [7.0]
            assert predict(server, "other") == [41.0]
            assert predict(server, "here") == [3.0]
        old = predict_request("other", {"x": numpy.float32([2])}, version=1)
        assert array(server.prediction().Predict(old, timeout=LONG).outputs["y"]).tolist() == [21.0]
        answer = server.post("/v1/models/spread:predict", {"instances": [1.0, 2.0]})
        assert answer.json() == {"predictions": [4.0, 7.0]}
        assert metric(server, "up", "spread") == 1
        assert metric(server, "up", "here") is None

        def devices():
            # The run may have been over before the profile began.
            planes = profile(server, lambda: predict(server, "spread"))
            return [name for name, operations in planes.items() if any("weight_product" in text for text in operations)]

        assert eventually(devices, "the run's own trace") == [f"{TASK_1}/device:CPU:0"], "it runs where the graph says"
        assert reconfigure(server, config, model("spread", spread)).status_code == 201
        server.wait_for("other", 2, "END")
        assert predict(server, "spread") == [7.0], "what one session ends is not another's"
        server.signal(signal.SIGTERM)
        assert server.wait() == 0


@pytest.mark.parametrize("limits", [(), ("--model-memory-limit=devices", "--model-cache-state=none")])
def test_the_planner_spreads_models_over_the_workers(cluster, tmp_path, limits):
    """Models without devices are put on those of the workers; all at once, or as they are asked for."""
    workers = [f"/job:worker/replica:0/task:{task}/device:CPU:0" for task in [0, 1]]
    models = {f"m{number}": save(tmp_path / f"m{number}", number) for number in [2, 3]}
    devices = [f"--device={name}=10MB" for name in workers]
    with apus_serve(models, f"--session-target={cluster.target}", *devices, *limits) as server:
        server.wait_until_ready()
        for number in [2, 3]:
            if limits:
                eventually(lambda name=f"m{number}": server.versions(name) == {1: "START"}, "the version to be known")
            else:
                server.wait_for(f"m{number}", 1)
            assert predict(server, f"m{number}") == [2.0 * number + 1]
        places = [server.line(rf"device=(\S+) model=m{number} .*The trace of a run confirms the plan")[1] for number in [2, 3]]
        assert sorted(places) == workers


def test_a_model_without_devices_runs_on_the_worker_that_is_asked(cluster, tmp_path):
    config = tmp_path / "models"
    targets = [f'apus {{ session_target: "grpc://{address}" }}' for address in cluster.addresses]
    config.write_text(
        config_list(model("first", save(tmp_path / "first", 2), targets[0]), model("second", HALF, targets[1]))
    )
    with apus_serve({}, f"--config={config}") as server:
        server.wait_until_ready()
        assert predict(server, "first") == [5.0]
        assert predict(server, "second") == [3.0]
        # Errors of the graph are the caller's, and no reason to make the session anew.
        wrong = predict_request("first", {"x": numpy.float32([[1, 2], [3, 4]])})
        with pytest.raises(grpc.RpcError) as caught:
            server.prediction().Predict(wrong, timeout=LONG)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert not metric(server, "rebuilds", "first")


@pytest.mark.parametrize("lost", [1, 0], ids=["worker", "master"])
def test_a_worker_that_ends_and_comes_back(spread, tmp_path, lost):
    config = tmp_path / "models"
    config.write_text(config_list(model("spread", spread), model("half", HALF, 'apus { session_target: "local" }')))
    with Cluster() as cluster:
        options = [f"--config={config}", f"--session-target={cluster.target}", "--engine-threads=2"]
        with apus_serve({}, *options) as server:
            server.wait_until_ready()
            assert predict(server, "spread") == [7.0]
            cluster.kill(lost)
            if lost == 0:
                eventually(lambda: trouble(server, "spread"), "the loss to be noticed without any request")

            # What was under way when the cluster went has no answer before its deadline.
            def told():
                error = refusal(server, "spread", timeout=None)
                return error if error.code() != grpc.StatusCode.DEADLINE_EXCEEDED else None

            error = eventually(told, "a refusal")
            assert error.code() == grpc.StatusCode.UNAVAILABLE
            assert "The session of version 1 of model spread on " in error.details()
            assert int(dict(error.trailing_metadata())["grpc-retry-pushback-ms"]) >= 1
            eventually(lambda: trouble(server, "spread"), "the status to say so")
            assert "was lost" in trouble(server, "spread")
            assert metric(server, "up", "spread") == 0
            assert server.get("/v2/models/spread/ready").status_code == 503
            started = time.monotonic()
            stub = server.prediction()
            with concurrent.futures.ThreadPoolExecutor(20) as pool:
                # More than there are engine threads.
                waiting = [pool.submit(predict, server, "spread", 2.0, LONG, stub) for _ in range(18)]
                waiting += [pool.submit(server.post, "/v1/models/spread:predict", {"instances": [2.0]}) for _ in range(2)]
                for _ in range(20):
                    assert refusal(server, "spread", timeout=None).code() == grpc.StatusCode.UNAVAILABLE
                    assert predict(server, "half", timeout=5) == [3.0], "others serve on"
                assert time.monotonic() - started < LONG / 2, "who has no deadline does not wait"
                cluster.start(lost)
                answered = [future.result() for future in waiting]
            assert answered[:18] == [[7.0]] * 18, "who has time waits for the session"
            assert [answer.json() for answer in answered[18:]] == [{"predictions": [7.0]}] * 2
            answers(server, "spread", [7.0])
            assert trouble(server, "spread") == ""
            assert metric(server, "up", "spread") == 1 and metric(server, "rebuilds", "spread") >= 1
            assert server.get("/v2/models/spread/ready").status_code == 200
            cluster.kill(lost)
            server.signal(signal.SIGTERM)
            assert server.wait(30) == 0, "a cluster that is gone does not hold up the end"


def test_a_cluster_that_is_not_there_yet(spread):
    cluster = Cluster()
    options = [f"--session-target={cluster.target}", "--load-retries=1000", "--load-retry-seconds=1"]
    with apus_serve({"spread": spread}, *options) as server:
        server.line(f"Nobody answers at {cluster.target}, where version 1 of model spread is to run")
        with cluster:
            server.wait_for("spread", 1)
            assert predict(server, "spread") == [7.0]


def test_wrong_targets_are_told(spread, tmp_path):
    done = run_program("apus", "serve", f"--model=m={spread}", "--session-target=somewhere:1")
    assert done.returncode != 0
    assert 'session_target is "somewhere:1"; expected grpc://HOST:PORT, or local' in done.stderr
    with tensorflow_model_server(f"--port={free_port()}", f"--model_base_path={HALF}", "--session_target_timeout_ms=0") as server:
        assert server.wait() != 0
        assert "session_target_timeout_ms is 0; expected a number from 1" in server.output
    config = tmp_path / "models"
    config.write_text(config_list(model("half", HALF)))
    with apus_serve({}, f"--config={config}", "--enable-control") as server:
        server.wait_until_ready()
        for options, message in [
            ('session_target: "grpc://"', "Model m: session_target is"),
            ('session_target: "grpc://h:1" isolation: PROCESS', "expected one of the two"),
        ]:
            answer = reconfigure(server, config, model("m", spread, f"apus {{ {options} }}"))
            assert answer.status_code == 400 and message in answer.json()["error"]
        assert predict(server, "half") == [3.0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--cluster=worker", "--task=0"], "expected JOB=HOST:PORT,HOST:PORT"),
        (["--cluster=worker=h:0", "--task=0"], "expected JOB=HOST:PORT,HOST:PORT"),
        (["--cluster=worker=h:1", "--task=1"], "The job worker has no task 1; it has tasks 0 to 0"),
        (["--cluster=worker=h:1", "--job=ps", "--task=0"], "The cluster has no job ps; it has worker"),
        (["--cluster=worker=h:1", "--task=0", "--intra-op-parallelism=-1"], "expected a number from 0 to 4096"),
    ],
)
def test_a_worker_of_no_cluster(arguments, message):
    done = run_program("apus", "worker", *arguments)
    assert done.returncode != 0 and message in done.stderr


def test_a_worker_whose_port_is_taken():
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_program("apus", "worker", f"--cluster=worker=127.0.0.1:{port}", "--task=0")
        assert done.returncode == 1
        assert f"Cannot start /job:worker/task:0 of the cluster at 127.0.0.1:{port}" in done.stderr


# ---- Machines of their own ----


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=30)


class Network:
    """A bridge with two network namespaces on it, each with a cable of its own that can be pulled."""

    def __init__(self):
        self.name = f"apus{os.getpid() % 10000}"
        self.spaces = [f"{self.name}n{task}" for task in range(2)]
        self.cables = [f"{self.name}c{task}" for task in range(2)]
        subnet = f"10.231.{os.getpid() % 256}"
        self.hosts = [f"{subnet}.{task + 1}" for task in range(2)]
        self.own = f"{subnet}.254"

    def __enter__(self):
        try:
            ip("link", "add", self.name, "type", "bridge")
            ip("addr", "add", f"{self.own}/24", "dev", self.name)
            ip("link", "set", self.name, "up")
            for space, cable, host in zip(self.spaces, self.cables, self.hosts):
                ip("netns", "add", space)
                ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
                ip("link", "set", cable, "master", self.name, "up")
                ip("-n", space, "addr", "add", f"{host}/24", "dev", "eth0")
                ip("-n", space, "link", "set", "eth0", "up")
                ip("-n", space, "link", "set", "lo", "up")
        except (OSError, subprocess.SubprocessError) as error:
            self.__exit__()
            pytest.skip(f"no network namespaces here: {error}")
        return self

    def cable(self, task, state):
        ip("link", "set", self.cables[task], state)

    def __exit__(self, *_):
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True)
        subprocess.run(["ip", "link", "del", self.name], capture_output=True)


def test_machines_whose_cable_is_pulled(spread):
    if not shutil.which("ip"):
        pytest.skip("there is no ip program")
    with Network() as network:
        prefixes = [("ip", "netns", "exec", space) for space in network.spaces]
        with (
            Cluster(network.hosts, prefixes) as cluster,
            apus_serve({"spread": spread}, f"--session-target={cluster.target}") as server,
        ):
            server.wait_until_ready()
            assert predict(server, "spread") == [7.0]
            # Nobody says no; the deadline ends it, and it goes on when the cable is back.
            network.cable(1, "down")
            error = refusal(server, "spread", timeout=1)
            assert error.code() in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
            network.cable(1, "up")

            def answers_again():
                try:
                    return predict(server, "spread", timeout=5) == [7.0]
                except grpc.RpcError as error:
                    raise NotYet(error.details())

            eventually(answers_again, "an answer with the cable back")
            # The master is looked at: soon requests are refused at once, and the status says why.
            network.cable(0, "down")
            eventually(lambda: trouble(server, "spread"), "the master to be missed")
            assert refusal(server, "spread", timeout=None).code() == grpc.StatusCode.UNAVAILABLE
            network.cable(0, "up")
            eventually(answers_again, "an answer with the master's cable back")
