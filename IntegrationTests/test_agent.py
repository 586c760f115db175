"""`apus agent`: containers of a deployment that find each other by a real ZooKeeper, asked by TensorFlow Serving's client."""

import contextlib
import json
import os
import shutil
import signal

import grpc
import numpy
import pytest

from support.agents import REST_OF_THE_DOCUMENT, Agent, AgentServiceClient, ids, write_export
from support.entry_models import rows
from support.metrics import Page
from support.paths import ROOT
from support.server import free_port, run_program
from support.tensors import array, predict_request
from support.waiting import LONG, NotYet, eventually
from support.zookeeper import ZooKeeper

FIRST = "layout_filters entry; True\nlayout_filters ps_{i}; i % 2 == 1 # ps_1"
SECOND = "layout_filters ps_{i}; i % 2 == 0 # ps_0 and ps_2"
NAMES = {"rec:entry", "rec:ps_0", "rec:ps_1", "rec:ps_2"}


@pytest.fixture(scope="module")
def zookeeper(tmp_path_factory):
    with ZooKeeper(tmp_path_factory.mktemp("zookeeper")) as server:
        yield server


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    return write_export(tmp_path_factory.mktemp("export"))


def write_conf(path, *lines):
    path.write_text("\n".join(lines) + REST_OF_THE_DOCUMENT)
    return path


def ask(server, stub=None, model="rec:entry", seed=1):
    mov, uid = ids(20, seed), ids(20, seed + 1000)
    stub = stub or server.prediction()
    answer = stub.Predict(predict_request(model, {"mov": mov, "uid": uid}), timeout=LONG)
    numpy.testing.assert_array_equal(array(answer.outputs["flat"]), [*rows("mov", mov), *rows("uid", uid)])
    return answer


def until_answered(server):
    def look():
        try:
            return ask(server)
        except grpc.RpcError as error:
            raise NotYet(error.details()) from error

    return eventually(look, "the entry to reach all shards", check=server.check_running)


def cluster(zookeeper, command, *arguments, namespace="layouts"):
    servers = [f"--zk-servers={zookeeper.address}", f"--bzid={namespace}", "--layout=main"]
    done = run_program("apus", "cluster", command, *arguments, *servers)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# ---- The document's two machines: the folder says what there is ----


@pytest.fixture(scope="module")
def machines(zookeeper, export, tmp_path_factory):
    folder = tmp_path_factory.mktemp("machines")
    common = ["bzid monolith_serving_test # namespace", f"zk_servers {zookeeper.address}", f"base_path {export}"]
    first = write_conf(folder / "machine1.conf", *common, FIRST)
    second = write_conf(folder / "machine2.conf", *common, SECOND)
    with Agent(first, folder) as one, Agent(second, folder, host="127.0.0.2") as two:
        one.wait_until_ready()
        two.wait_until_ready()
        until_answered(one)
        yield one, two
        one.check_running()
        two.check_running()


def test_the_documents_two_machines_answer_together(machines):
    one, two = machines
    ask(one)
    assert set(one.cluster()["served"]) == {"rec:entry", "rec:ps_1"}
    assert set(two.cluster()["served"]) == {"rec:ps_0", "rec:ps_2"}
    assert one.routes() == {
        "rec:entry": [one.grpc_address],
        "rec:ps_0": [two.grpc_address],
        "rec:ps_1": [one.grpc_address],
        "rec:ps_2": [two.grpc_address],
    }
    samples = Page(one.get("/metrics").text).samples
    asked = {dict(labels)["model"] for (name, labels) in samples if name == "apus_remote_requests_total"}
    assert {"rec:ps_0", "rec:ps_2"} <= asked
    assert samples[("apus_cluster_store_connected", ())] == 1


def test_servables_answer_to_the_names_of_version_1_too(machines):
    one, two = machines
    ask(one, model="entry")
    assert one.post("/v1/models/entry:predict", {"inputs": {"mov": [1], "uid": [2]}}).json()["outputs"]["flat"] == [
        *rows("mov", [1]),
        *rows("uid", [2]),
    ]
    assert one.versions("ps_1") == {1: "AVAILABLE"}
    assert one.versions("ps_0") == {}
    assert two.cluster()["aliases"] == {"ps_0": "rec:ps_0", "ps_2": "rec:ps_2"}


def test_entries_of_others_are_told_where_replicas_are(machines):
    one, two = machines
    client = AgentServiceClient(one.channel(one.agent_address))
    for kind in (0, 1, 2):
        beat = client.HeartBeat(server_type=kind)
        assert {key: list(value.address) for key, value in beat.addresses.items()} == one.routes()
    replicas = client.GetReplicas(server_type=0, task=2, model_name="rec")
    assert list(replicas.address_list.address) == [two.grpc_address]
    assert list(client.GetReplicas(server_type=1).address_list.address) == [one.grpc_address]
    assert list(client.GetReplicas(server_type=0, task=7, model_name="rec").address_list.address) == []
    resource = client.GetResource()
    assert resource.address == one.agent_address and resource.shard_id == -1
    assert resource.memory > 1 << 20 and resource.cpu == resource.work_load == -1
    with pytest.raises(grpc.RpcError) as error:
        client.HeartBeat(server_type=9)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    # Each port has its own.
    with pytest.raises(grpc.RpcError) as error:
        AgentServiceClient(one.channel()).GetResource()
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    with pytest.raises(grpc.RpcError) as error:
        ask(one, one.prediction(one.channel(one.agent_address)))
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_file_of_nodes_stands_in_for_zookeeper(machines, export, tmp_path):
    _, two = machines
    nodes = tmp_path / "nodes"

    def write(names):
        lines = [f"/file/layouts/main/{name}" for name in sorted(names)]
        lines += [
            f"/file/saved_models/rec/{name.split(':')[1]} "
            + json.dumps({"model_base_path": str(export / name.split(":")[1]), "version_policy": "latest"})
            for name in sorted(NAMES)
        ]
        lines += [f"/file/binding/rec/{name}:c:static" for name in ["ps_0", "ps_2"]]
        lines.append(f"/file/container_service/c:static {json.dumps({'grpc': two.grpc_address})}")
        part = tmp_path / "part"
        part.write_text("\n".join(lines) + "\n")
        part.rename(nodes)

    write(NAMES)
    conf = write_conf(tmp_path / "file.conf", "bzid file", "layout_pattern main", FIRST)
    with Agent(conf, tmp_path, f"--nodes-file={nodes}", host="127.0.0.3") as agent:
        agent.wait_for("rec:entry", 1)
        agent.wait_for("rec:ps_1", 1)
        until_answered(agent)
        write(NAMES - {"rec:ps_1"})
        eventually(lambda: agent.cluster()["served"] == ["rec:entry"], "the shard to go")
        nodes.write_text("nonsense\n")
        eventually(lambda: not agent.cluster()["store"]["connected"], "the file to be refused")
        assert f"{nodes}:1: expected PATH" in agent.cluster()["store"]["problem"]
        assert agent.cluster()["served"] == ["rec:entry"]


# ---- Layouts ----


@pytest.fixture(scope="module")
def layout(zookeeper, export, tmp_path_factory):
    """Folder of configurations, and a way to start agents of one deployment."""
    folder = tmp_path_factory.mktemp("layout")
    ports = {f"127.0.0.{number}": free_port() for number in (1, 2, 3)}

    def start(host, filters):
        conf = write_conf(
            folder / f"{host}.conf",
            "bzid layouts",
            f"zk_servers {zookeeper.address}",
            "layout_pattern main",
            f"tfs_port_grpc {ports[host]}",
            filters,
        )
        return Agent(conf, folder, host=host)

    return start


def test_a_deployment_lives_through_what_happens(zookeeper, export, layout, tmp_path):
    """One after the other, as starting a deployment takes its time."""
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(layout("127.0.0.1", FIRST))
        two = stack.enter_context(layout("127.0.0.2", SECOND))

        # Nothing is published yet.
        eventually(lambda: one.cluster()["store"]["connected"], "ZooKeeper", check=one.check_running)
        ready = one.get("/v2/health/ready")
        assert ready.status_code == 503 and ready.json()["reason"] == "The server waits for the layout"

        # Published while it serves.
        cluster(zookeeper, "publish", export)
        one.wait_until_ready()
        two.wait_until_ready()
        until_answered(one)
        shown = cluster(zookeeper, "status")
        assert f"rec:ps_2  latest_once  {export}/ps_2\n    {two.grpc_address}\n" in shown
        asked = run_program("apus", "cluster", "status", f"--server={one.rest_url.removeprefix('http://')}")
        assert f"ZooKeeper {zookeeper.address} is connected" in asked.stdout
        assert f"rec:ps_2  {two.grpc_address}" in asked.stdout

        # One that is wrong leaves the others alone, and what it was before goes on.
        (tmp_path / "ps_1").mkdir()
        cluster(zookeeper, "publish", os.path.relpath(tmp_path, ROOT), "--model=rec")
        one.line(r"rec:ps_1: Expected model rec:ps_1 to have an absolute path or URI;.*; it stays as it was")
        assert "absolute path" in one.cluster()["warnings"][0]
        ask(one)
        cluster(zookeeper, "publish", export)
        eventually(lambda: one.cluster()["warnings"] == [], "it to be mended")

        # Taken back and published again.
        cluster(zookeeper, "unpublish", "rec:ps_0")
        eventually(lambda: "rec:ps_0" not in one.routes(), "the shard to go")
        assert two.cluster()["served"] == ["rec:ps_2"]
        with pytest.raises(grpc.RpcError) as error:
            ask(one)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE
        cluster(zookeeper, "publish", export)
        until_answered(one)

        # A second replica comes, and is killed.
        three = stack.enter_context(layout("127.0.0.3", SECOND))
        both = sorted([two.grpc_address, three.grpc_address])
        eventually(lambda: one.routes().get("rec:ps_0") == both, "both replicas", check=three.check_running)
        three.signal(signal.SIGKILL)
        three.wait()
        stub = one.prediction()
        for seed in range(20):
            ask(one, stub, seed=seed)
        eventually(lambda: one.routes()["rec:ps_0"] == [two.grpc_address], "its nodes to go")
        assert three.grpc_address not in cluster(zookeeper, "status")

        # ZooKeeper goes; what was known counts.
        zookeeper.kill()
        eventually(lambda: not one.cluster()["store"]["connected"], "one to notice")
        one.line("The store of the deployment is away")
        ask(one)
        store = one.cluster()["store"]
        assert store["known_age_seconds"] > 0 and store["state_seconds"] > 0
        assert Page(one.get("/metrics").text).samples[("apus_cluster_store_connected", ())] == 0
        eventually(lambda: "is away" in one.get("/v1/routes").json().get("error", ""), "the routes to say so")
        # Also for a container that starts now, at its old address.
        two.stop()
        two = stack.enter_context(layout("127.0.0.2", SECOND))
        two.wait_for("rec:ps_0", 1)
        two.wait_for("rec:ps_2", 1)
        until_answered(one)

        # It comes back, and has forgotten everything.
        shutil.rmtree(zookeeper.folder / "data")
        zookeeper.start()
        for agent in (one, two):
            eventually(lambda: agent.cluster()["store"]["layout_stale"], "the layout to be missed")
            eventually(lambda: len(agent.cluster()["store"]["registered"]) == 3, "it to be registered again")
        ask(one)
        cluster(zookeeper, "publish", export)
        eventually(lambda: not one.cluster()["store"]["layout_stale"], "the new layout")
        eventually(lambda: not any(route["stale"] for route in one.cluster()["routes"]), "the routes to be new")
        assert "error" not in one.get("/v1/routes").json()
        ask(one)

        # An end in order is seen at once.
        two.stop()
        assert two.grpc_address not in cluster(zookeeper, "status")
        one.check_running()


# ---- What cannot be served ----


@pytest.mark.parametrize(
    "lines, error",
    [
        (
            "layout_filters entry; True\nlayout_filters ps_{i}; j == 1",
            '{conf}:4: layout_filters "ps_{{i}}; j == 1": the condition asks for j, and the pattern has only i',
        ),
        ("layout_filters ps_{i", '{conf}:3: layout_filters "ps_{{i": the pattern "ps_{{i": a group is'),
        ("version_policy newest", '{conf}:3: version_policy is "newest"; expected latest, latest_once, all or specific'),
        ("fetch_ps_timeout_ms 1", "{conf}:8: fetch_ps_timeout_ms is given again, after {conf}:3"),
        ("layout_pattern main", "layout_pattern is given without zk_servers"),
        ("zk_servers 127.0.0.1:x", "zk_servers"),
    ],
)
def test_a_configuration_that_is_wrong_is_told_with_its_line(export, tmp_path, lines, error):
    conf = write_conf(tmp_path / "wrong.conf", "bzid wrong", f"base_path {export}", lines)
    done = run_program("apus", "agent", f"--conf={conf}")
    assert done.returncode != 0
    assert error.format(conf=conf) in done.stderr, done.stderr


def test_versions_of_agents_that_are_none_are_refused(tmp_path):
    conf = tmp_path / "agent.conf"
    conf.write_text("agent_version 2\ndeploy_type unified\nbase_path /nowhere\n")
    done = run_program("apus", "agent", f"--conf={conf}")
    assert done.returncode != 0 and "agent_version is 2, which was never finished; expected 1 or 3" in done.stderr


# ---- Version 1 ----


def test_a_container_that_is_alone_serves_all_parts_of_an_export(export, tmp_path):
    port = free_port()
    conf = tmp_path / "alone.conf"
    lines = ["agent_version 1", "stand_alone_serving true", "base_name rec", f"base_path {export}", "num_ps 3"]
    conf.write_text("\n".join([*lines, f"tfs_ps_port {port}", "fetch_ps_timout_ms 1"]) + "\n")
    with Agent(conf, tmp_path, environment={"SHARD_ID": "0"}) as agent:
        agent.wait_until_ready()
        agent.line(rf"{conf}:7: the key fetch_ps_timout_ms is not known, and without effect")
        ask(agent, model="entry")
        # What training pushes to has a port of its own.
        shard = agent.prediction(agent.channel(f"127.0.0.1:{port}"))
        request = predict_request("ps_1", {"id": numpy.int64([1, 4]), "id_split": numpy.int64([0, 2, 2])}, "raw_lookup")
        assert array(shard.Predict(request, timeout=LONG).outputs["flat_emb"]).tolist() == [*rows("mov", [1, 4])]
        assert agent.cluster()["routes"] == [
            {"name": name, "addresses": [f"127.0.0.1:{agent.grpc_port if name == 'entry' else port}"], "stale": False}
            for name in ["entry", "ps_0", "ps_1", "ps_2"]
        ]
        assert "store" not in agent.cluster()


def test_version_1_registers_its_replicas(zookeeper, export, tmp_path):
    def conf(name, *lines):
        common = ["bzid v1", "base_name rec", "agent_version 1", f"base_path {export}", "num_ps 3"]
        path = tmp_path / name
        path.write_text("\n".join([*common, f"zk_servers {zookeeper.address}", *lines]) + "\n")
        return path

    ps, entry = conf("ps.conf", "deploy_type ps", "num_shard 1"), conf("entry.conf", "deploy_type entry")
    shard = {"SHARD_ID": "0", "MY_POD_NAME": "pod-1"}
    with Agent(ps, tmp_path, host="127.0.0.2", environment=shard) as shards, Agent(entry, tmp_path) as server:
        for name in ("ps_0", "ps_1", "ps_2"):
            shards.wait_for(name, 1)
        server.wait_for("entry", 1)

        def look():
            try:
                return ask(server, model="entry")
            except grpc.RpcError as error:
                raise NotYet(error.details()) from error

        eventually(look, "the entry to reach all shards")
        ask(server, model="rec:entry")
        beat = AgentServiceClient(server.channel(server.agent_address)).HeartBeat(server_type=0)
        assert {key: list(value.address) for key, value in beat.addresses.items()} == {
            f"ps:{index}": [shards.grpc_address] for index in range(3)
        }
        registered = shards.cluster()["store"]["registered"]
        assert [path.rsplit("/", 1)[0] for path in registered] == [f"/v1/service/rec/ps:{index}" for index in range(3)]
