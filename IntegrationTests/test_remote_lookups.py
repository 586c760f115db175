"""Entries whose shards other servers have: asked over gRPC, by routes of a file. The servers are shared by all tests."""

import collections
import contextlib
import signal
import socket
import threading

import grpc
import numpy
import pytest

from support.embedding_shards import Table, multi_shard
from support.entry_models import SHARDS, TABLES, row, rows, write_entry
from support.metrics import Page
from support.server import apus_serve
from support.tensors import array, predict_request
from support.versions import settle
from support.waiting import LONG, eventually

IDS = numpy.int64([1, 7, 1, -4, 2**62, 5])

Servers = collections.namedtuple("Servers", "kept killed hung entry hedging routes silent")


def shard_names(*models):
    return [f"{model}:ps_{index}" for model in models for index in range(SHARDS)]


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """An entry for each model, and one folder that serves as any shard."""
    folder = tmp_path_factory.mktemp("exports")
    for model in ["rec", "pair", "hung", "lost", "silent"]:
        write_entry(folder / model / "1", model=model)
    write_entry(folder / "short" / "1", model="short", limit=200)
    tables = [
        Table(name, width, {int(id): row(name, id).tolist() for id in IDS if id != 2**62})
        for name, width in TABLES.items()
    ]
    settle(multi_shard(folder / "shard" / "1", tables))
    return folder


@pytest.fixture(scope="module")
def servers(exports, tmp_path_factory):
    folder = tmp_path_factory.mktemp("servers")

    def serve(name, entries, shards, *arguments):
        models = {f"{entry}:entry": exports / entry for entry in entries}
        models |= {shard: exports / "shard" for shard in shards}
        return apus_serve(models, f"--embedding-cache-dir={folder / name}", *arguments)

    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(contextlib.closing(socket.create_server(("127.0.0.1", 0))))
        others = [
            stack.enter_context(serve(name, [], shard_names("rec", "pair", "hung")))
            for name in ["kept", "killed", "hung"]
        ]
        routes = Routes(folder / "routes", *others, silent)
        arguments = [f"--remote-routes={routes.path}", "--engine-threads=2"]
        entry = serve("entry", ["rec", "pair", "lost", "silent", "short"], ["rec:ps_1"], *arguments)
        stack.enter_context(entry)
        hedging = serve("hedging", ["hung", "silent"], [], *arguments, "--remote-hedge-ms=20", "--remote-timeout-ms=300")
        stack.enter_context(hedging)
        for server in [*others, entry, hedging]:
            server.wait_until_ready()
        yield Servers(*others, entry, hedging, routes, silent)
        entry.check_running()
        hedging.check_running()


class Routes:
    """The file, which is replaced, as whoever writes one should."""

    def __init__(self, path, kept, killed, hung, silent):
        self.path = path
        silent = f"127.0.0.1:{silent.getsockname()[1]}"
        self.addresses = {name: [kept.grpc_address] for name in shard_names("rec", "lost")}
        # What a server has itself is not asked elsewhere, and names of hosts are resolved.
        self.addresses["rec:ps_1"] = [silent]
        self.addresses["rec:ps_2"] = [f"localhost:{kept.grpc_port}"]
        self.addresses |= {name: [kept.grpc_address, killed.grpc_address] for name in shard_names("pair")}
        self.addresses |= {name: [kept.grpc_address, hung.grpc_address] for name in shard_names("hung")}
        self.addresses |= {name: [silent] for name in shard_names("silent", "short")}
        self.write()

    def text(self):
        return "# shards\n" + "".join(f"route {name} {' '.join(replicas)}\n" for name, replicas in self.addresses.items())

    def write(self, extra=""):
        part = self.path.with_suffix(".part")
        part.write_text(self.text() + extra)
        part.rename(self.path)


def ask(server, model, stub=None, timeout=LONG):
    stub = stub or server.prediction()
    answer = stub.Predict(predict_request(f"{model}:entry", {"mov": IDS, "uid": IDS}), timeout=timeout)
    numpy.testing.assert_array_equal(array(answer.outputs["flat"]), [*rows("mov", IDS), *rows("uid", IDS)])


def refused(server, model, **options):
    with pytest.raises(grpc.RpcError) as error:
        ask(server, model, **options)
    return error.value


def remote(server, name, replica, model):
    """The sum over all shards of a model of a metric of one replica."""
    samples = Page(server.get("/metrics").text).samples.items()
    return sum(
        value
        for (sample, labels), value in samples
        if sample == f"apus_remote_{name}"
        and dict(labels)["replica"] == replica
        and dict(labels)["model"].startswith(f"{model}:")
    )


def test_shards_of_this_server_and_of_others_answer_together(servers):
    ask(servers.entry, "rec")
    assert remote(servers.entry, "requests_total", servers.kept.grpc_address, "rec") == 1
    assert remote(servers.entry, "requests_total", f"localhost:{servers.kept.grpc_port}", "rec") == 1
    assert remote(servers.entry, "requests_total", servers.routes.addresses["rec:ps_1"][0], "rec") == 0


def test_routes_are_shown_with_the_health_of_each_replica(servers):
    ask(servers.entry, "rec")
    shown = {route["model"]: route["replicas"] for route in servers.entry.get("/v1/routes").json()["routes"]}
    assert {name: [replica["address"] for replica in replicas] for name, replicas in shown.items()} == (
        servers.routes.addresses
    )
    (replica,) = shown["rec:ps_0"]
    assert replica["state"] == "GOOD" and replica["outstanding"] == 0 and replica["requests"] >= 1
    assert replica["failures"] == replica["ejections"] == 0
    answer = servers.kept.get("/v1/routes")
    assert answer.status_code == 400 and "no routes" in answer.json()["error"]


def test_the_earliest_of_all_deadlines_counts(servers):
    silent = servers.routes.addresses["silent:ps_0"][0]
    # The caller's.
    assert refused(servers.entry, "silent", timeout=0.2).code() == grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(
        lambda: remote(servers.entry, "failures_total", silent, "silent") == SHARDS
        and remote(servers.entry, "outstanding_requests", silent, "silent") == 0,
        "the calls of the shards to end",
    )
    # The node's, and the server's own.
    for server, model in [(servers.entry, "short"), (servers.hedging, "silent")]:
        error = refused(server, model)
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert "did not answer in time" in error.details()


def test_a_hung_replica_is_ejected_though_another_answers_in_its_place(servers):
    hedging, hung, stub = servers.hedging, servers.hung, servers.hedging.prediction()

    def asked():
        ask(hedging, "hung", stub)
        return remote(hedging, "requests_total", hung.grpc_address, "hung")

    eventually(asked, "both replicas to be asked")
    hung.signal(signal.SIGSTOP)
    try:
        eventually(
            lambda: ask(hedging, "hung", stub)
            or remote(hedging, "ejections_total", hung.grpc_address, "hung") >= SHARDS,
            "the hung replica to be ejected for each shard",
        )
    finally:
        hung.signal(signal.SIGCONT)
    assert sum(
        value for (name, _), value in Page(hedging.get("/metrics").text).samples.items() if name == "apus_remote_hedges_total"
    )
    eventually(
        lambda: ask(hedging, "hung", stub) or remote(hedging, "replica_good", hung.grpc_address, "hung") == SHARDS,
        "the replica to be taken back",
    )


def test_shards_that_nobody_has_are_named(servers):
    error = refused(servers.entry, "lost")
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert 'TfServingRemotePredict: "lost:ps_' in error.details()


def test_routes_that_are_wrong_are_refused_and_those_before_stay(servers):
    line = len(servers.routes.text().splitlines()) + 1
    servers.routes.write("route rec:ps_1\n")
    servers.entry.line(rf"line {line}: expected: route NAME ADDRESS.*The new routes are refused")
    ask(servers.entry, "rec")
    assert f"line {line}: expected: route NAME" in servers.entry.get("/v1/routes").json()["error"]


def test_no_request_fails_when_one_of_two_replicas_is_killed(servers):
    entry, killed, late = servers.entry, servers.killed.grpc_address, servers.hung.grpc_address
    stub = entry.prediction()
    ask(entry, "pair", stub)
    errors, counts, stopping = [], [0] * 8, threading.Event()

    def load(number):
        while not stopping.is_set():
            try:
                ask(entry, "pair", stub)
            except (grpc.RpcError, AssertionError) as error:
                errors.append(error)
            counts[number] += 1

    threads = [threading.Thread(target=load, args=[number]) for number in range(len(counts))]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: min(counts) > 5, "requests before")
        servers.killed.signal(signal.SIGKILL)
        servers.killed.wait()
        eventually(lambda: remote(entry, "ejections_total", killed, "pair") >= SHARDS, "the replica to be ejected")
        at = list(counts)
        eventually(lambda: min(new - old for new, old in zip(counts, at)) > 5, "requests after")
        # Another takes its place.
        servers.routes.addresses |= {name: [servers.kept.grpc_address, late] for name in shard_names("pair")}
        servers.routes.write()
        eventually(lambda: remote(entry, "requests_total", late, "pair") > 5, "the new replica to be asked")
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert remote(entry, "outstanding_requests", servers.kept.grpc_address, "pair") == 0


def test_a_file_of_routes_with_a_fault_is_an_error_at_start(tmp_path):
    (tmp_path / "routes").write_text("route rec:ps_0 nowhere\n")
    with apus_serve({"m": tmp_path}, f"--remote-routes={tmp_path / 'routes'}") as entry:
        assert entry.wait() != 0
        assert 'line 1: "nowhere" is no address; expected HOST:PORT' in entry.output
