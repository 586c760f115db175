"""An entry whose shards other servers have: asked over gRPC, by routes of a file."""

import signal
import threading

import grpc
import numpy
import pytest

from support.entry_models import SHARDS, rows, write_entry, write_shard
from support.metrics import Page
from support.server import apus_serve
from support.tensors import array, predict_request
from support.waiting import LONG, eventually

IDS = numpy.int64([1, 7, 1, -4, 2**62, 5])
NAMES = [f"rec:ps_{index}" for index in range(SHARDS)]


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    write_entry(folder / "entry" / "1")
    write_shard(folder / "shard" / "1")
    return folder


def shard_server(exports, names=NAMES):
    return apus_serve({name: exports / "shard" for name in names})


def write_routes(path, *servers, names=NAMES):
    """All `servers` have all of `names`. The file is replaced, as whoever writes one should."""
    addresses = " ".join(server.grpc_address for server in servers)
    part = path.with_suffix(".part")
    part.write_text("# shards\n" + "".join(f"route {name} {addresses}\n" for name in names))
    part.rename(path)


def ask(server, stub=None):
    stub = stub or server.prediction()
    answer = stub.Predict(predict_request("rec:entry", {"mov": IDS, "uid": IDS}), timeout=LONG)
    check(answer)


def check(answer):
    numpy.testing.assert_array_equal(array(answer.outputs["flat"]), [*rows("mov", IDS), *rows("uid", IDS)])


def remote(server, name, replica):
    """The sum over all shards of a metric of one replica."""
    samples = Page(server.get("/metrics").text).samples.items()
    return sum(
        value
        for (sample, labels), value in samples
        if sample == f"apus_remote_{name}" and dict(labels)["replica"] == replica.grpc_address
    )


def test_shards_of_this_server_and_of_others_answer_together(exports, tmp_path):
    with shard_server(exports, [NAMES[0], NAMES[2]]) as other:
        other.wait_until_ready()
        write_routes(tmp_path / "routes", other)
        models = {"rec:entry": exports / "entry", NAMES[1]: exports / "shard"}
        with apus_serve(models, f"--remote-routes={tmp_path / 'routes'}") as entry:
            entry.wait_until_ready()
            ask(entry)
            assert remote(entry, "requests_total", other) == 2


def test_no_request_fails_when_one_of_two_replicas_is_killed(exports, tmp_path):
    with shard_server(exports) as kept, shard_server(exports) as killed, shard_server(exports) as late:
        for server in [kept, killed, late]:
            server.wait_until_ready()
        write_routes(tmp_path / "routes", kept, killed)
        with apus_serve({"rec:entry": exports / "entry"}, f"--remote-routes={tmp_path / 'routes'}") as entry:
            entry.wait_until_ready()
            stub = entry.prediction()
            ask(entry, stub)
            errors, counts, stopping = [], [0] * 8, threading.Event()

            def load(number):
                while not stopping.is_set():
                    try:
                        ask(entry, stub)
                    except (grpc.RpcError, AssertionError) as error:
                        errors.append(error)
                    counts[number] += 1

            threads = [threading.Thread(target=load, args=[number]) for number in range(len(counts))]
            for thread in threads:
                thread.start()
            try:
                eventually(lambda: min(counts) > 20, "requests before")
                killed.signal(signal.SIGKILL)
                killed.wait()
                eventually(lambda: remote(entry, "ejections_total", killed) >= SHARDS, "the replica to be ejected")
                at = list(counts)
                eventually(lambda: min(new - old for new, old in zip(counts, at)) > 20, "requests after")
                # Another takes its place.
                write_routes(tmp_path / "routes", kept, late)
                eventually(lambda: remote(entry, "requests_total", late) > 20, "the new replica to be asked")
            finally:
                stopping.set()
                for thread in threads:
                    thread.join()
            assert errors == []
            assert remote(entry, "outstanding_requests", kept) == 0
            entry.check_running()


def test_a_hung_replica_costs_the_hedging_delay_and_nothing_else(exports, tmp_path):
    with shard_server(exports) as kept, shard_server(exports) as hung:
        for server in [kept, hung]:
            server.wait_until_ready()
        write_routes(tmp_path / "routes", kept, hung)
        arguments = [f"--remote-routes={tmp_path / 'routes'}", "--remote-hedge-ms=20", "--remote-timeout-ms=500"]
        with apus_serve({"rec:entry": exports / "entry"}, *arguments) as entry:
            entry.wait_until_ready()
            stub = entry.prediction()
            eventually(lambda: ask(entry, stub) or remote(entry, "requests_total", hung) > 0, "both to be asked")
            hung.signal(signal.SIGSTOP)
            try:
                # The other replica's answer comes after the hedging delay.
                for _ in range(20):
                    ask(entry, stub)
            finally:
                hung.signal(signal.SIGCONT)
            page = Page(entry.get("/metrics").text).samples
            assert sum(value for (name, _), value in page.items() if name == "apus_remote_hedges_total") > 0
            asked = remote(entry, "requests_total", hung)
            eventually(
                lambda: ask(entry, stub) or remote(entry, "requests_total", hung) > asked + SHARDS, "it to be asked again"
            )


def test_routes_that_are_wrong_are_refused_and_those_before_stay(exports, tmp_path):
    with shard_server(exports) as shards:
        shards.wait_until_ready()
        write_routes(tmp_path / "routes", shards)
        with apus_serve({"rec:entry": exports / "entry"}, f"--remote-routes={tmp_path / 'routes'}") as entry:
            entry.wait_until_ready()
            (tmp_path / "routes").write_text("route rec:ps_0 127.0.0.1:1\nroute rec:ps_1\n")
            entry.line(r"line 2: expected: route NAME ADDRESS.*The new routes are refused")
            ask(entry)
            (tmp_path / "routes").unlink()
            entry.line(r"NOT_FOUND.*The new routes are refused")
            ask(entry)


def test_a_file_of_routes_with_a_fault_is_an_error_at_start(exports, tmp_path):
    (tmp_path / "routes").write_text("route rec:ps_0 nowhere\n")
    with apus_serve({"rec:entry": exports / "entry"}, f"--remote-routes={tmp_path / 'routes'}") as entry:
        assert entry.wait() != 0
        assert 'line 1: "nowhere" is no address; expected HOST:PORT' in entry.output


def test_shards_that_nobody_has_are_named(exports, tmp_path):
    with shard_server(exports, NAMES[:1]) as shards:
        shards.wait_until_ready()
        # It has none of the others.
        write_routes(tmp_path / "routes", shards)
        with apus_serve({"rec:entry": exports / "entry"}, f"--remote-routes={tmp_path / 'routes'}") as entry:
            entry.wait_until_ready()
            with pytest.raises(grpc.RpcError) as error:
                ask(entry)
            assert error.value.code() == grpc.StatusCode.UNAVAILABLE
            assert "TfServingRemotePredict: " in error.value.details()
