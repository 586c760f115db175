"""`apus bench` against the real server, and against small servers that do as they are told."""

import html.parser
import http.server
import json
import signal
import subprocess
import threading
import xml.etree.ElementTree

import numpy
import pytest

from support.paths import BUILD, MODELS, ROOT
from support.server import apus_serve
from support.tensors import predict_request
from support.waiting import eventually
from support.warmup import write_warm_up

QUICK = ["--warm-up", "50ms", "--duration", "400ms", "--quiet"]


def bench(*arguments, status=0):
    """Runs `apus bench`; returns what it prints."""
    done = subprocess.run(
        [BUILD / "apus", "bench", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == status, f"status {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def report(*arguments, status=0):
    """Runs it with --json; returns the document."""
    done = subprocess.run(
        [BUILD / "apus", "bench", "--json", "-", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == status, f"status {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


def floats(*values):
    return numpy.array(values, "f4")


def rest(server):
    return f"127.0.0.1:{server.rest_port}"


class Plain(http.server.ThreadingHTTPServer):
    """Answers every POST by a function of its number; remembers headers and bodies."""

    daemon_threads = True

    def __init__(self, answer):
        self.seen = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.seen.append((dict(self.headers), body))
                status, text = answer(len(outer.seen))
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.serve_forever, args=[0.05], daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/path?q=1"

    def __exit__(self, *exception):
        self.shutdown()
        super().__exit__(*exception)


# ---- loads ----


def test_closed_loop_of_both_wires_in_turns(server):
    result = report(
        "--grpc", server.grpc_address, "--rest", rest(server), "--model", "half_plus_two", "--rows", 3,
        "--concurrency", "1,8", "--slice", "100ms", *QUICK,
    )  # fmt: skip
    rows = [(row["target"], row["in_flight"]) for row in result["results"]]
    assert rows == [("gRPC", 1), ("REST", 1), ("gRPC", 8), ("REST", 8)]
    for row in result["results"]:
        assert row["ok"] > 10 and row["ok"] == row["good"] == row["offered"] and row["errors"] == []
        latency = row["latency_us"]
        assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["p99.9"] <= latency["max"]
        assert row["server_cpu_us"] > 1 and row["client_cpu_us"] > 1
        assert row["bytes_in"] > row["ok"] * 20 and row["bytes_out"] > row["ok"] * 20
    assert [target["rows_per_request"] for target in result["targets"]] == [3, 3]
    assert f"process {server.process.pid}" in result["targets"][0]["process"]


def test_open_loop_offers_its_rate_and_counts_answers_in_time(server):
    result = report(
        "--grpc", server.grpc_address, "--rest", rest(server), "--model", "half_plus_two",
        "--rate", "200", "--deadline", "10s", "--warm-up", "50ms", "--duration", "1s", "--quiet",
    )  # fmt: skip
    for row in result["results"]:
        # Of 200 arrivals the standard deviation is 14.
        assert 120 < row["offered"] < 280
        assert row["ok"] == row["good"] == row["offered"] and row["errors"] == []
        assert row["lateness_us"]["p50"] >= 0
    assert result["deadline_us"] == 10e6


def test_requests_end_a_load(server):
    result = report("--grpc", server.grpc_address, "-m", "half_plus_two", "-c", 4, "-n", 100, "--threads", 2, *QUICK)
    assert result["results"][0]["offered"] == result["results"][0]["ok"] == 100


def test_recorded_arrivals_and_a_burst(server, tmp_path):
    arrivals = tmp_path / "arrivals.csv"
    arrivals.write_text("time,what\n" + "".join(f"{100 + 0.005 * index:.3f},x\n" for index in range(40)))
    result = report("--grpc", server.grpc_address, "-m", "half_plus_two", "--arrivals", arrivals, *QUICK)
    assert result["results"][0]["offered"] == result["results"][0]["ok"] == 40
    assert 0.19 <= result["results"][0]["seconds"] < 5

    text = bench(
        "--rest", rest(server), "-m", "half_plus_two", "--rate", 100, "--burst", "300ms@3x", "--deadline", "5s", *QUICK
    )
    assert "back to 95 % of answers in time" in text


def test_search_for_the_highest_rate(server):
    result = report(
        "--grpc", server.grpc_address, "-m", "half_plus_two", "--find-rate", "p50<1us", "--duration", "50ms",
        "--warm-up", "0",
    )  # fmt: skip
    assert result["found"] == {"objective": "p50 < 1 µs", "rates": {"gRPC": None}}
    tried = [row["rate"] for row in result["results"]]
    assert len(tried) > 2 and tried == sorted(tried, reverse=True)


# ---- requests ----


def test_requests_from_files(server, tmp_path):
    body = tmp_path / "body.json"
    body.write_text('{"instances": [1.0, 2.0, 5.0]}')
    both = ["--grpc", server.grpc_address, "--rest", rest(server), "-c", 2, "--check-equal", *QUICK]
    result = report(*both, "-m", "half_plus_two", "--data", body)
    assert all(row["ok"] > 0 and not row["errors"] for row in result["results"])
    assert [target["rows_per_request"] for target in result["targets"]] == [3, 3]

    message = tmp_path / "request.pb"
    message.write_bytes(predict_request("half_plus_two", {"x": floats(1, 2)}).SerializeToString())
    result = report(*both, "--data", message)
    assert all(row["ok"] > 0 and not row["errors"] for row in result["results"])

    records = write_warm_up(
        tmp_path, [predict_request("half_plus_two", {"x": floats(row)}) for row in range(3)]
    )
    result = report(*both, "-m", "half_plus_two", "--data", records)
    assert all(row["ok"] > 0 and not row["errors"] for row in result["results"])
    assert "3 requests" in result["targets"][0]["what"]


def test_raw_calls(server, tmp_path):
    body = tmp_path / "frame.bin"
    body.write_bytes(predict_request("half_plus_two", {"x": floats(1)}).SerializeToString())
    method = "/tensorflow.serving.PredictionService/Predict"
    result = report("--grpc", server.grpc_address, "--grpc-method", method, "--body", body, "-c", 2, *QUICK)
    assert result["results"][0]["ok"] > 0
    body = tmp_path / "body.json"
    body.write_text('{"instances": [1.0]}')
    url = f"{server.rest_url}/v1/models/half_plus_two:predict"
    result = report("--url", url, "--body", body, "-c", 2, *QUICK)
    assert result["results"][0]["ok"] > 0


def test_headers_tell_the_server(tmp_path):
    body = tmp_path / "body"
    body.write_bytes(b"abc")
    with Plain(lambda number: (200, b"{}")) as plain:
        report(
            "--url", plain.url, "--body", body, "--content-type", "text/x", "--deadline", "2500ms", "--priority", 7,
            "--tenant", "t", "--header", "X-More: m", "-n", 5, "-c", 1, *QUICK,
        )  # fmt: skip
        headers, sent = plain.seen[-1]
    assert sent == b"abc"
    names = {name.lower(): value for name, value in headers.items()}
    assert names["content-type"] == "text/x" and names["x-request-timeout-ms"] == "2500"
    assert names["x-request-priority"] == "7" and names["x-tenant"] == "t" and names["x-more"] == "m"


# ---- what goes wrong ----


def test_errors_are_counted_by_status_with_the_first_message(tmp_path):
    body = tmp_path / "body"
    body.write_bytes(b"abc")
    with Plain(lambda number: (200, b"{}") if number % 2 else (429, b"queue is full")) as plain:
        result = report("--url", plain.url, "--body", body, "-n", 20, "-c", 1, "--warm-up", "0", "--quiet")
        (row,) = result["results"]
        plain.seen.clear()
        text = bench("--url", plain.url, "--body", body, "-n", 5, "-c", 1, *QUICK)
    assert row["offered"] == 20 and row["ok"] == 10
    assert row["errors"] == [{"what": "HTTP 429", "count": 10, "message": "queue is full"}]
    assert "HTTP 429  queue is full" in text


def test_a_refusal_ends_it_before_the_run(server):
    text = bench("--grpc", server.grpc_address, "--model", "nobody", *QUICK, status=1)
    assert "NOT_FOUND" in text and "nobody" in text
    text = bench("--rest", rest(server), "--model", "nobody", *QUICK, status=1)
    assert "HTTP 404" in text and "nobody" in text
    text = bench("--grpc", server.grpc_address, "--model", "half_plus_two", "--signature", "none", *QUICK, status=1)
    assert 'no signature "none"; it has: ' in text and "serving_default" in text
    text = bench("--grpc", server.grpc_address, "--model", "half_plus_two", "--shape", "y:2", *QUICK, status=1)
    assert 'names an input "y"' in text
    text = bench("--grpc", "127.0.0.1:1", "--model", "m", *QUICK, status=1)
    assert "127.0.0.1:1: connection refused" in text


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ([], "No server is named"),
        (["--grpc", "x", "-m", "m"], "expected HOST:PORT"),
        (["--grpc", "127.0.0.1:1"], "--model"),
        (["--grpc", "127.0.0.1:1", "-m", "m", "-c", "0"], "--concurrency"),
        (["--grpc", "127.0.0.1:1", "-m", "m", "-c", "1", "-r", "1"], "give one of"),
        (["--grpc", "127.0.0.1:1", "-m", "m", "--burst", "1s@3x"], "--burst goes with one --rate"),
        (["--grpc", "127.0.0.1:1", "-m", "m", "--find-rate", "p99"], "expected one as p99<25ms"),
        (["--grpc", "a=127.0.0.1:1", "--rest", "a=127.0.0.1:2", "-m", "m"], 'two servers are named "a"'),
        (["--url", "https://127.0.0.1/", "--body", "/dev/null"], "expected"),
        (["--url", "http://127.0.0.1:1/"], "--body FILE"),
        (["--grpc", "127.0.0.1:1", "-m", "m", "--arrivals", "no such file"], "no such file"),
    ],
)
def test_wrong_arguments_are_named(arguments, expected):
    done = subprocess.run([BUILD / "apus", "bench", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert expected in done.stderr


class Started:
    """A bench that runs."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [BUILD / "apus", "bench", "--json", "-", *arguments],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def in_the_middle(self, server):
        """Waits until the server has worked for a fifth of a second, which is more than the first questions take."""

        def cpu_ticks():
            with open(f"/proc/{server.process.pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        before = cpu_ticks()
        eventually(lambda: cpu_ticks() >= before + 20, "the load", check=self.check_running)

    def check_running(self):
        assert self.process.poll() is None, self.process.communicate()

    def result(self):
        output, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        return json.loads(output)


def test_a_server_that_dies():
    """Answers until the end count, and what follows is counted as errors."""
    with apus_serve({"half": MODELS / "half_plus_two"}) as server:
        server.wait_for("half", 1)
        load = Started("--grpc", server.grpc_address, "-m", "half", "-c", "4", "--warm-up", "0", "--duration", "3s")
        load.in_the_middle(server)
        server.process.kill()
        (row,) = load.result()["results"]
    assert row["ok"] > 0
    assert {error["what"] for error in row["errors"]} == {"connection closed", "connection refused"}


def test_an_interrupt_shows_what_there_is(server):
    load = Started("--rest", rest(server), "-m", "half_plus_two", "-c", "4", "--warm-up", "0", "--duration", "60s")
    load.in_the_middle(server)
    load.process.send_signal(signal.SIGINT)
    result = load.result()
    assert result["interrupted"]
    (row,) = result["results"]
    assert row["ok"] > 0 and row["errors"] == [] and row["seconds"] < 50


# ---- the page ----


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.figures, self.captions, self.cells = 0, [], 0
        self._in_caption = False

    def handle_starttag(self, tag, attributes):
        self.figures += tag == "figure"
        self.cells += tag == "td"
        self._in_caption = tag == "figcaption"
        assert tag not in ("script", "link", "img", "iframe"), "the page needs nothing else"

    def handle_data(self, data):
        if self._in_caption and data.strip():
            self.captions.append(data.strip())

    def handle_endtag(self, tag):
        self._in_caption = False


def test_the_page_has_the_figures(server, tmp_path):
    path = tmp_path / "report.html"
    bench(
        "--grpc", server.grpc_address, "--rest", f"a<b={rest(server)}", "-m", "half_plus_two", "--ramp", "50:200:3",
        "--deadline", "1s", "--html", path, *QUICK,
    )  # fmt: skip
    text = path.read_text()
    page = Page()
    page.feed(text)
    assert page.captions[:3] == ["Goodput: answers within 1 s", "Latency against load", "CPU for each request"]
    assert sum(caption.startswith("Latency by percentile") for caption in page.captions) == 3
    assert page.figures == len(page.captions)
    assert page.cells >= 6 * 10
    root = xml.etree.ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
    assert "a<b" in "".join(root.itertext()), "names are escaped"
    assert "nan" not in text.lower().replace("nano", ""), "no figure has a point that is none"
