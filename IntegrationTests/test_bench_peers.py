"""The parts of `make bench-peers` that need no peer: what is read, computed and written."""
import json
import math
import os
import subprocess
import sys

import numpy
import pytest

from support.paths import ROOT

sys.path[:0] = [str(ROOT / "Benchmarks/peers"), str(ROOT / "Benchmarks")]

import figures
import goodput
import h2load
import machine
import measuring
import report
import wire
from adapters import PEERS
from adapters.peer import Bench, DidNotStart, Endpoint, Peer
from closed_loop import Sample

SUMMARY = """
finished in 1.02s, 3812.75 req/s, 1.20MB/s
requests: 4000 total, 4000 started, 3990 done, {} succeeded, {} failed, 10 errored, 0 timeout
status codes: 3990 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 1.22MB (1280000) total, 390.00KB (399360) headers (space savings 0.00%), 78.13KB (79800) data
                     min         max         mean         sd        +/- sd
"""


def test_h2load_summary():
    outcome = h2load.parse(SUMMARY.format(3990, 0))
    assert outcome == h2load.Outcome(made=4000, failed=10, bytes=79800, seconds=1.02)
    assert h2load.parse(SUMMARY.format(3960, 30)).failed == 40
    assert h2load.parse(SUMMARY.format(3990, 0).replace("1.02s", "650.5ms")).seconds == pytest.approx(0.6505)
    with pytest.raises(ValueError, match="no summary"):
        h2load.parse("could not connect")


def test_answers_without_a_body_are_wrong():
    # gRPC's errors have status 200 and no message: the bytes tell.
    outcome = h2load.Outcome(made=100, failed=0, bytes=90 * 20, seconds=1)
    assert h2load.wrong_answers(outcome, 20) == 10
    assert h2load.wrong_answers(h2load.Outcome(100, 0, 2000, 1), 20) == 0


def test_h2load_log():
    assert h2load.parse_log(["17\t200\t900\n", "18\t503\t5\n", "19\t-1\t7\n", "20\t200\t40\n", "\n"]) == [40, 900]


def test_h2load_command():
    load = h2load.Load("http://127.0.0.1:1/x", "JSON", None, 16, 1)
    command = load.command(500, 0, (2, 3), "log")
    assert command[:3] == ["taskset", "-c", "2,3"] and "--h1" in command and command[-1] == load.url
    assert command[command.index("-n") + 1] == "500" and command[command.index("-t") + 1] == "2"
    one = h2load.Load("http://127.0.0.1:1/x", "gRPC", "body", 1, 16).command(0, 1.5, (2, 3), "log")
    assert "--h1" not in one and one[one.index("-D") + 1] == "1500ms" and one[one.index("-t") + 1] == "1"


@pytest.mark.parametrize(("share", "expected"), [(0.5, 5), (0.99, 10), (0.1, 1), (1, 10), (0.11, 2)])
def test_percentile(share, expected):
    assert figures.percentile(list(range(1, 11)), share) == expected


def test_figures():
    assert math.isnan(figures.percentile([], 0.5)) and figures.spread([]) == "–"
    assert [figures.number(value) for value in (1234.5, 123.4, 12.34, 1.234, math.nan)] == ["1,234", "123", "12.3", "1.23", "–"]
    assert figures.spread([30, 10, math.nan, 20]) == "20.0 (10.0 to 30.0)"
    assert figures.ratio(31, 10) == "3.1 ×" and figures.ratio(31, math.nan) == "–"
    assert figures.table(["a", "b"], [["x", 1]]).splitlines() == ["| a | b |", "| --- | ---: |", "| x | 1 |"]


def test_the_page_keeps_the_prose_around_the_tables():
    page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    once = report.replace_between(page, "new\n")
    assert once == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"
    assert report.replace_between(once, "new") == once
    for broken in ("none", f"{report.END}{report.BEGIN}", page + page):
        with pytest.raises(ValueError, match="needs one line"):
            report.replace_between(broken, "new")


def test_the_committed_page_has_the_markers():
    assert report.replace_between((ROOT / "docs/performance.md").read_text(), "x")


def sample(cpu, bad=0, p50=100.0):
    return Sample(cpu=cpu, rate=1000.0, p50=p50, p99=5000.0, asked=500, bad=bad, foreign=0.1)


def test_closed_loop_table():
    results = {
        ("Apus", "m", "JSON", 1): [sample(10.0), sample(12.0)],
        ("Apus", "m", "JSON", 16): [sample(5.0), sample(5.0)],
        ("Other", "m", "JSON", 1): [sample(40.0, p50=250.0)],
        ("Other", "m", "JSON", 16): [sample(20.0, bad=3)],
        ("Other", "m", "gRPC", 16): [sample(1.0)],
    }
    head, _, ours, other = report.closed_loop(results, "m", "JSON").splitlines()
    assert "CPU µs, 16 in flight" in head and "errors" in head
    assert [cell.strip() for cell in ours.split("|")[1:-1]] == [
        "Apus", "100 (100 to 100)", "11.0 (10.0 to 12.0)", "5.00 (5.00 to 5.00)", "1.0 ×", "1,000", "5.00", "2,000", "0"]
    assert [cell.strip() for cell in other.split("|")[1:-1]] == [
        "Other", "250", "40.0", "20.0", "4.0 ×", "1,000", "5.00", "1,000", "3"]


def test_open_loop_result():
    document = {"results": [{"offered": 100, "ok": 70, "good": 50, "goodput": 50.0, "errors": [
        {"what": "HTTP 429", "count": 20}, {"what": "no answer", "count": 10}]}]}
    taken = goodput.parse(document, cpu_seconds=0.01)
    assert (taken.in_time_share, taken.cpu) == (0.5, pytest.approx(200))
    assert goodput.sum_of([taken, taken]) == "40 HTTP 429, 40 late, 20 no answer"
    document["results"][0] |= {"offered": 0, "ok": 0, "good": 0, "errors": []}
    nothing = goodput.parse(document, 0.01)
    assert math.isnan(nothing.cpu) and math.isnan(nothing.in_time_share) and goodput.sum_of([nothing]) == "none"


@pytest.mark.parametrize(("cores", "expected"), [
    ({0}, ((0,), (0,))), ({0, 1}, ((0,), (1,))), ({1, 2, 5}, ((1,), (2,))), (range(4), ((0, 1), (2, 3))),
    (range(64), ((0, 1), (2, 3)))])
def test_cores_are_shared_out(cores, expected):
    assert machine.cores_for(cores) == expected


def test_others_on_the_machine():
    text = "cpu  100 0 50 1000 30 0 10 40 0 0\ncpu0 1 1 1 1\n"
    assert machine.busy_seconds(text) == pytest.approx(200 / os.sysconf("SC_CLK_TCK"))
    assert "cores" in machine.describe()


def test_cpu_time_of_a_process_with_children():
    script = ("import subprocess, sys, time; sum(range(10**6)); "
              "subprocess.run([sys.executable, '-c', 'sum(range(10**6)); print(1, flush=True); input()'])")
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        tree = measuring.process_tree(process.pid)
        assert len(tree) == 2 and tree[0] == process.pid
        assert measuring.tree_cpu_seconds(process.pid) > measuring.cpu_seconds(process.pid) > 0
        process.stdin.close()


# --- bytes ------------------------------------------------------------------------------------------------------

ROWS = numpy.array([[0.25, 1e-9]], "f4")


def test_json_bodies():
    assert json.loads(wire.json_request("tfs", "x", ROWS))["instances"] == [[0.25, pytest.approx(1e-9)]]
    (asked,) = json.loads(wire.json_request("oip", "x", ROWS))["inputs"]
    assert (asked["name"], asked["shape"], asked["datatype"], asked["data"][0]) == ("x", [1, 2], "FP32", 0.25)
    assert wire.json_answer("rows", '{"predictions": [[1, 2]]}').tolist() == [1, 2]
    assert wire.json_answer("oip", '{"outputs": [{"data": [1, 2]}]}').tolist() == [1, 2]


def test_grpc_bodies():
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest.FromString(wire.grpc_request("tfs", "m", "x", ROWS))
    assert request.model_spec.name == "m" and list(request.inputs) == ["x"]
    asked = dict(wire.fields(wire.grpc_request("oip", "m", "x", ROWS)))
    assert asked[1] == b"m" and asked[7] == ROWS.tobytes()
    assert dict(wire.fields(asked[5])) == {1: b"x", 2: b"FP32", 3: b"\x01\x02"}
    assert wire.framed(b"abc") == b"\0\0\0\0\3abc"


def test_oip_answers_raw_and_typed():
    raw = ROWS.tobytes()
    typed = wire.field(5, wire.field(1, b"y") + wire.field(5, wire.field(6, raw)))
    for message in (wire.field(1, b"m" * 200) + wire.field(6, raw), typed):
        assert wire.oip_answer(message).tolist() == ROWS.ravel().tolist()


# --- the peers' arithmetic and life ---------------------------------------------------------------------------------


def test_the_peers_run_the_same_perceptron(tmp_path):
    folder = ROOT / "Benchmarks/peers/compute"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", tmp_path / "libperceptron.so", folder / "perceptron.c", "-lm"],
                   check=True)
    random = numpy.random.default_rng(1)
    sizes = [(784, 70), (70, 10)]
    layers = [(random.normal(0, 0.1, size).astype("f4"), random.normal(0, 0.1, size[1]).astype("f4")) for size in sizes]
    numpy.savez(tmp_path / "perceptron.npz", **{f"weights{i}": w for i, (w, _) in enumerate(layers)},
                **{f"bias{i}": b for i, (_, b) in enumerate(layers)})
    rows = random.random((8, 784), "f4")
    numpy.save(tmp_path / "rows.npy", rows)
    script = ("import sys, numpy; from peer_models import MODELS; m = MODELS['perceptron'](); rows = numpy.load(sys.argv[1]); "
              "numpy.save(sys.argv[2], numpy.concatenate([m.run(rows[:n]) for n in (1, 2, 3, 8)])); "
              "print(MODELS['half_plus_two']().run(rows[:1, :1] * 0 + 1))")
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "rows.npy", tmp_path / "out.npy"], check=True, text=True,
                          capture_output=True, env=os.environ | {"PEERS_COMPUTE": str(tmp_path), "PYTHONPATH": str(folder)})
    assert done.stdout.strip() == "[[2.5]]"
    hidden = numpy.maximum(rows @ layers[0][0] + layers[0][1], 0)
    scores = numpy.exp(hidden @ layers[1][0] + layers[1][1])
    expected = scores / scores.sum(1, keepdims=True)
    parts = numpy.concatenate([expected[:n] for n in (1, 2, 3, 8)])
    numpy.testing.assert_allclose(numpy.load(tmp_path / "out.npy"), parts, rtol=1e-4, atol=1e-6)


class Scripted(Peer):
    """A peer that is a few lines of Python."""

    name = "Scripted"
    script = ""

    def command(self):
        return [sys.executable, "-c", self.script, self.port]

    def endpoints(self, model):
        return [Endpoint("JSON", "rows", f"http://127.0.0.1:{self.port}/{model}")]


ANSWERING = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"predictions": [[ANSWER]]}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def bench(tmp_path):
    questions = {"half_plus_two": ("x", "y", numpy.array([[1]], "f4"), numpy.array([2.5], "f4"))}
    (core, *_) = os.sched_getaffinity(0)
    return Bench(ROOT, tmp_path, ROOT / ".venv/bin/python", ROOT / ".build/debug", (core,), questions)


def test_a_peer_starts_answers_costs_and_stops(bench):
    peer = Scripted(bench)
    peer.script = ANSWERING.replace("ANSWER", "2.5")
    assert peer.start() > 0
    process = peer.process
    assert peer.cpu_seconds() > 0 and peer.memory()[1] == 1
    peer.stop()
    assert process.poll() is not None


def test_a_peer_that_does_not_start_says_why(bench):
    peer = Scripted(bench)
    peer.script = "raise SystemExit('the licence has expired')"
    with pytest.raises(DidNotStart, match="status 1: the licence has expired"):
        peer.start()


def test_a_peer_that_ends_is_started_again_and_remembered(bench):
    peer = Scripted(bench)
    peer.script = ANSWERING.replace("ANSWER", "2.5")
    peer.start()
    assert not peer.restart_if_ended() and report.ends(peer) == ""
    peer.process.kill()
    peer.process.wait()
    assert peer.restart_if_ended() and peer.ends == [-9] and peer.process.poll() is None
    assert "ended by itself once" in report.ends(peer) and "status -9" in report.ends(peer)
    peer.script = "raise SystemExit(3)"
    peer.process.kill()
    peer.process.wait()
    assert peer.restart_if_ended() and peer.process is None and peer.cpu_seconds() == 0 and peer.restart_if_ended()


def test_a_wrong_answer_is_seen(bench):
    peer = Scripted(bench)
    peer.script = ANSWERING.replace("ANSWER", "2.4")
    peer.wait_until_right = lambda deadline: Peer.wait_until_right(peer, deadline - 58)
    with pytest.raises(DidNotStart, match=r"answered \[2.4\], not \[2.5\]"):
        peer.start()


def test_every_peer_is_described():
    for name, kind in PEERS.items():
        assert name == kind.name and kind.engine
        # Ours is never tuned, all others are.
        assert bool(kind.grid) == (name != "Apus")
