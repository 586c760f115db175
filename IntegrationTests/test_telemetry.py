"""What the server tells of its requests: the recorder, metrics by version and signature, access log, logs and traces."""

import json
import os
import signal
import socket
import ssl

import grpc
import numpy
import pytest
from opentelemetry.proto.trace.v1 import trace_pb2

from support import certificates
from support.collector import Collector, attributes
from support.metrics import scrape
from support.paths import MODELS
from support.server import apus_serve, free_port, run_program, tensorflow_model_server
from support.tensors import predict_request
from support.waiting import LONG, eventually

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
STAGES = ["receive", "parse", "queue", "run", "encode"]


def serve(*options, **settings):
    return apus_serve({"half_plus_two": MODELS / "half_plus_two"}, *options, **settings)


def half_plus_two(value=1.0):
    return predict_request("half_plus_two", {"x": numpy.float32([value])})


@pytest.fixture
def own():
    with serve() as server:
        yield server.wait_until_ready()


@pytest.fixture(scope="module")
def untraced():
    """A server for tests that count nothing, of which no caller keeps a trace."""
    with serve() as server:
        yield server.wait_until_ready()


def recorded(server, query=""):
    answer = server.get(f"/v1/debug/requests{query}")
    assert answer.status_code == 200
    return answer.json()["requests"]


def sample(page, name, **labels):
    """The sum of the samples that have these labels, among others."""
    return sum(value for (found, pairs), value in page.samples.items() if found == name and labels.items() <= dict(pairs).items())


# ---- The recorder ----


def test_recorded_requests_tell_what_happened(own):
    stub = own.prediction()
    stub.Predict(predict_request("half_plus_two", {"x": numpy.float32([1, 2, 3])}), timeout=LONG)
    assert own.post("/v1/models/half_plus_two:predict", {"instances": [1.0, 2.0]}).status_code == 200
    with pytest.raises(grpc.RpcError):
        stub.Predict(predict_request("nobody", {}), timeout=LONG)
    refused, rest, call = recorded(own)
    assert (call["entry"], call["api"], call["model"], call["version"]) == ("grpc", "Predict", "half_plus_two", 1)
    assert (call["signature"], call["status"], call["rows"]) == ("serving_default", "OK", 3)
    assert (call["batch_rows"], call["batch_requests"]) == (3, 1)
    assert list(call["stages_us"]) == STAGES
    assert sum(call["stages_us"].values()) == pytest.approx(call["duration_us"], abs=0.01)
    assert call["request_bytes"] > 0 and call["answer_bytes"] > 0
    assert call["peer"] == "127.0.0.1"
    assert "trace_id" not in call
    assert (rest["entry"], rest["api"], rest["http_status"], rest["rows"]) == ("rest", "Predict", 200, 2)
    assert (refused["model"], refused["status"], refused["failed"]) == ("nobody", "NOT_FOUND", True)
    assert "Latest(nobody)" in refused["error"] and "version" not in refused


def test_filters_of_the_recorder(own):
    for model in ["half_plus_two", "nobody", "half_plus_two"]:
        own.post(f"/v1/models/{model}:predict", {"instances": [1.0]})
    assert len(recorded(own)) == 3
    assert {request["model"] for request in recorded(own, "?model=half_plus_two")} == {"half_plus_two"}
    assert [request["model"] for request in recorded(own, "?status=NOT_FOUND&limit=5")] == ["nobody"]
    assert [request["model"] for request in recorded(own, "?kept=failed")] == ["nobody"]
    assert len(recorded(own, "?kept=slow")) == 3
    assert len(recorded(own, "?limit=2")) == 2
    assert recorded(own, "?api=Classify") == []
    for query, text in [
        ("limit=0", "expected a number from 1"),
        ("status=BAD", "expected one of OK, CANCELLED"),
        ("kept=all", "expected one of slow, failed"),
        ("color=red", "unknown parameter \"color\""),
    ]:
        answer = own.get(f"/v1/debug/requests?{query}")
        assert answer.status_code == 400
        assert text in answer.json()["error"]


def test_failed_requests_outlive_those_that_went_well():
    with serve("--flight-recorder-size=16") as server:
        server.wait_until_ready()
        server.post("/v1/models/nobody:predict", {"instances": [1.0]})
        stub = server.prediction()
        for _ in range(40):
            stub.Predict(half_plus_two(), timeout=LONG)
            server.post("/v1/models/half_plus_two:predict", {"instances": [1.0]})
        assert "nobody" in {request["model"] for request in recorded(server, "?kept=failed")}
        assert len(recorded(server, "?limit=1000")) < 81


def test_everything_can_be_turned_off():
    with serve("--flight-recorder-size=0", "--no-request-metrics") as server:
        server.wait_until_ready()
        server.prediction().Predict(half_plus_two(), timeout=LONG)
        answer = server.get("/v1/debug/requests").json()
        assert (answer["enabled"], answer["requests"]) == (False, [])
        page = scrape(server)
        assert page("request_count", model_name="half_plus_two", status="OK") == 1
        assert not [name for name in page.types if name.startswith("apus_request")]


# ---- Metrics ----


def test_requests_are_counted_as_they_were_made(own):
    stub = own.prediction()
    for _ in range(5):
        stub.Predict(half_plus_two(), timeout=LONG)
    for _ in range(3):
        own.post("/v1/models/half_plus_two:predict", {"instances": [1.0]})
    with pytest.raises(grpc.RpcError):
        stub.Predict(predict_request("half_plus_two", {"y": numpy.float32([1])}), timeout=LONG)
    with pytest.raises(grpc.RpcError):
        stub.Predict(predict_request("nobody", {}), timeout=LONG)
    page = scrape(own)
    known = {"model": "half_plus_two", "version": "1", "signature": "serving_default", "api": "Predict"}
    count = "apus_request_duration_seconds_count"
    assert page.types["apus_request_duration_seconds"] == "histogram"
    assert sample(page, count, **known, entry="grpc", status="OK") == 5
    assert sample(page, count, **known, entry="rest", status="OK") == 3
    assert sample(page, count, model="half_plus_two", version="", status="INVALID_ARGUMENT") == 1
    assert sample(page, count, model="nobody", version="", status="NOT_FOUND") == 1
    assert sample(page, count) == 10
    assert 0 < sample(page, "apus_request_duration_seconds_sum") < 60
    assert sample(page, "apus_request_duration_seconds_bucket", **known, entry="grpc", le="+Inf") == 5
    for stage in STAGES:
        assert sample(page, "apus_request_stage_seconds_count", model="half_plus_two", version="1", stage=stage) == 8
    assert sample(page, "apus_batch_requests_sum", model="half_plus_two") == 8
    assert sample(page, "apus_batch_rows_sum", model="half_plus_two") == 8
    assert sample(page, "apus_request_bytes_total", model="half_plus_two") > 0
    assert sample(page, "apus_model_state", model="half_plus_two", version="1", state="AVAILABLE") == 1
    assert sample(page, "apus_queue_requests", model="half_plus_two") == 0
    assert sample(page, "apus_model_load_memory_bytes", model="half_plus_two") > 0
    assert sample(page, "apus_process_resident_memory_bytes") > 10e6
    # The one that asks.
    assert sample(page, "apus_requests_in_flight") == 1


def test_made_up_models_share_a_bounded_number_of_series(own):
    stub = own.prediction()
    calls = [stub.Predict.future(predict_request(f"made-up-{number}", {}), timeout=LONG) for number in range(400)]
    assert {call.code() for call in calls} == {grpc.StatusCode.NOT_FOUND}
    page = scrape(own)
    counts = {pairs: value for (name, pairs), value in page.samples.items() if name == "apus_request_duration_seconds_count"}
    assert sum(counts.values()) == 400
    assert len(counts) == 257
    # Mistakes in requests to our own models are told apart all the same.
    with pytest.raises(grpc.RpcError):
        stub.Predict(predict_request("half_plus_two", {"y": numpy.float32([1])}), timeout=LONG)
    page = scrape(own)
    assert sample(page, "apus_request_duration_seconds_count", model="half_plus_two", status="INVALID_ARGUMENT") == 1


# ---- Access log and logs ----


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_access_log_has_a_line_for_each_request(tmp_path):
    log = tmp_path / "access.log"
    with serve(f"--access-log={log}") as server:
        server.wait_until_ready()
        server.prediction().Predict(half_plus_two(), timeout=LONG)
        answer = server.post(
            "/v1/models/half_plus_two:predict",
            {"instances": [1.0]},
            headers={"traceparent": f"00-{TRACE}-{PARENT}-00"},
        )
        assert answer.status_code == 200
        server.post("/v1/models/half_plus_two:predict", "no json")
        server.get("/nowhere")
        eventually(lambda: log.read_text().count('"api":"Unknown"') == 1, "the last line")
        grpc_call, rest_call, bad, nowhere = [line for line in lines(log) if line["api"] in ("Predict", "Unknown")]
        assert (grpc_call["entry"], grpc_call["status"], grpc_call["model"]) == ("grpc", "OK", "half_plus_two")
        assert (rest_call["trace_id"], rest_call["sampled"]) == (TRACE, False)
        assert (bad["status"], bad["http_status"]) == ("INVALID_ARGUMENT", 400) and bad["error"]
        assert nowhere["http_status"] == 404
        # SIGHUP opens the path anew, as after a rotation.
        log.rename(tmp_path / "old.log")
        server.signal(signal.SIGHUP)
        server.line("The access log was opened anew")
        server.get("/v1/models/half_plus_two")
        eventually(lambda: log.exists() and "GetModelStatus" in log.read_text(), "a line in the new file")
        server.get("/v1/models/half_plus_two/metadata")
    # The end waits for what is not written yet.
    assert lines(log)[-1]["api"] == "GetModelMetadata"


def test_a_full_disk_costs_lines_and_nothing_else():
    with serve("--access-log=/dev/full") as server:
        server.wait_until_ready()
        stub = server.prediction()
        for _ in range(20):
            stub.Predict(half_plus_two(), timeout=LONG)

        def lost():
            page = scrape(server)
            assert sample(page, "apus_access_log_lines_total", outcome="written") == 0
            return sample(page, "apus_access_log_lines_total", outcome="lost") >= 20

        eventually(lost, "lost lines")


def test_an_access_log_that_cannot_be_opened_ends_the_start(tmp_path):
    with serve(f"--access-log={tmp_path}/no/such/folder") as server:
        assert server.wait() == 1
        assert "cannot open the access log" in server.output


def test_logs_are_json_when_asked_for():
    with tensorflow_model_server(
        f"--port={free_port()}",
        "--model_name=m",
        f"--model_base_path={MODELS / 'half_plus_two'}",
        "--log_format=json",
        "--access_log=-",
        "--flight_recorder_size=10",
        "--slow_request_ms=5",
        "--request_metrics=false",
        "--trace_sampling=0.5",
    ) as server:
        server.line("AVAILABLE")
        messages = [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]
        assert all({"time", "level", "logger", "message"} <= set(line) for line in messages if "api" not in line)
        assert any(line.get("state") == "AVAILABLE" and line["model"] == "m" for line in messages)


@pytest.mark.parametrize(
    "option, text",
    [
        ("--log_format=xml", "log_format"),
        ("--trace_sampling=2", "trace_sampling"),
        ("--flight_recorder_size=-1", "flight_recorder_size"),
        ("--slow_request_ms=-1", "slow_request_ms"),
        ("--otlp_endpoint=localhost:4318", "expected a URL like http://localhost:4318"),
    ],
)
def test_options_that_make_no_sense_end_the_start(option, text):
    model = [f"--port={free_port()}", "--model_name=m", f"--model_base_path={MODELS / 'half_plus_two'}"]
    with tensorflow_model_server(*model, option) as server:
        assert server.wait() != 0
        assert text in server.output


# ---- Traces ----


def check_spans(spans, parent):
    """The spans of one request: one of the server, and inside of it its stages one after the other."""
    (root,) = [span for span in spans if span.kind == trace_pb2.Span.SPAN_KIND_SERVER]
    assert root.parent_span_id.hex() == parent
    children = sorted((span for span in spans if span is not root), key=lambda span: span.start_time_unix_nano)
    for child in children:
        assert child.parent_span_id == root.span_id and len(child.span_id) == 8
        assert root.start_time_unix_nano <= child.start_time_unix_nano <= child.end_time_unix_nano <= root.end_time_unix_nano
    for before, after in zip(children, children[1:]):
        assert before.end_time_unix_nano == after.start_time_unix_nano
    return root, [child.name for child in children]


def test_a_callers_trace_goes_on_over_grpc_and_rest():
    with Collector() as collector, serve(f"--otlp-endpoint={collector.url}", "--trace-sampling=0") as server:
        server.wait_until_ready()
        other = "4bf92f3577b34da6a3ce929d0e0e4736"
        metadata = [("traceparent", f"00-{TRACE}-{PARENT}-01"), ("tracestate", "vendor=opaque")]
        server.prediction().Predict(half_plus_two(), metadata=metadata, timeout=LONG)
        headers = {"traceparent": f"00-{other}-{PARENT}-01"}
        answer = server.post("/v1/models/half_plus_two:predict", {"instances": [1.0]}, headers=headers)
        assert answer.status_code == 200 and "traceparent" not in answer.headers
        # Neither a caller who does not keep the trace nor one without any is exported, at a sampling of 0.
        server.prediction().Predict(half_plus_two(), metadata=[("traceparent", f"00-{'1' * 32}-{PARENT}-00")], timeout=LONG)
        server.prediction().Predict(half_plus_two(), timeout=LONG)
        traces = collector.traces(2)
        assert set(traces) == {TRACE, other}
        root, names = check_spans(traces[TRACE], PARENT)
        assert names[-4:] == ["parse", "queue", "run", "encode"]
        assert root.name == "Predict" and root.trace_state == "vendor=opaque"
        found = attributes(root)
        assert (found["rpc.system"], found["rpc.grpc.status_code"], found["apus.model"]) == ("grpc", 0, "half_plus_two")
        assert (found["apus.version"], found["apus.signature"], found["apus.batch.rows"]) == (1, "serving_default", 1)
        root, names = check_spans(traces[other], PARENT)
        assert names == ["parse", "queue", "run", "encode"]
        assert attributes(root)["http.response.status_code"] == 200
        assert collector.paths[0] == "/v1/traces"
        assert collector.resources[0]["service.name"] == "apus"


def test_sampling_and_failures():
    with Collector() as collector, serve(f"--otlp-endpoint={collector.url}", "--trace-sampling=1") as server:
        server.wait_until_ready()
        with pytest.raises(grpc.RpcError):
            server.prediction().Predict(predict_request("nobody", {}), timeout=LONG)
        (spans,) = collector.traces().values()
        root, names = check_spans(spans, "")
        assert names[-1] == "parse" and "run" not in names
        assert attributes(root)["apus.status"] == "NOT_FOUND"
        # A mistake of the caller is no error of the server.
        assert root.status.code == trace_pb2.Status.STATUS_CODE_UNSET


def test_a_collector_that_recovers_gets_what_it_refused():
    with Collector(statuses=[503]) as collector, serve(f"--otlp-endpoint={collector.url}", "--trace-sampling=1") as server:
        server.wait_until_ready()
        server.prediction().Predict(half_plus_two(), timeout=LONG)
        collector.traces(1)
        assert collector.requests == 2

        def exported():
            return sample(scrape(server), "apus_traced_requests_total", outcome="exported") == 1

        eventually(exported, "a request that counts as exported")


def test_a_collector_may_ask_for_tls_of_both_sides(tmp_path):
    authority = certificates.make(tmp_path, "authority", certificates.AUTHORITY, common_name="test authority")
    own = certificates.make(tmp_path, "collector", certificates.SERVER, authority)
    client = certificates.make(tmp_path, "client", certificates.CLIENT, authority)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.certificate_path)
    context.load_cert_chain(own.certificate_path, own.key_path)
    context.verify_mode = ssl.CERT_REQUIRED
    with Collector(tls=context) as collector:
        options = [f"--otlp-endpoint={collector.url}", "--trace-sampling=1"]
        trust = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(authority.certificate_path)}
        mutual = {
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(client.certificate_path),
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": str(client.key_path),
        }
        # The first does not know the authority of the collector, which does not know the second.
        with (
            serve(*options) as stranger,
            serve(*options, environment=trust) as unknown,
            serve(*options, environment={**trust, **mutual}) as server,
        ):
            for each in [stranger, unknown, server]:
                each.wait_until_ready().prediction().Predict(half_plus_two(), timeout=LONG)
            (spans,) = collector.traces().values()
            check_spans(spans, "")
            for each in [stranger, unknown]:
                each.line("The trace collector takes no spans; they are lost")
        assert len(collector.spans) == len(spans)


@pytest.mark.parametrize(
    "environment, message",
    [
        ({"OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere.pem"}, "/nowhere.pem; No such file"),
        ({"OTEL_EXPORTER_OTLP_CERTIFICATE": __file__}, "is not what was expected in PEM"),
        ({"OTEL_EXPORTER_OTLP_CLIENT_KEY": "key.pem"}, "expected both or none"),
    ],
)
def test_files_for_tls_with_the_collector_that_cannot_be_used_end_the_start(environment, message):
    done = run_program(
        "apus",
        *["serve", f"--model=m={MODELS / 'half_plus_two'}", "--port=0", "--otlp-endpoint=https://localhost"],
        environment=environment,
    )
    assert done.returncode == 1 and message in done.stderr


def test_a_collector_that_hangs_costs_spans_and_nothing_else():
    with Collector() as collector:
        collector.hold.clear()
        with serve(f"--otlp-endpoint={collector.url}", "--trace-sampling=1") as server:
            server.wait_until_ready()
            stub = server.prediction()
            stub.Predict(half_plus_two(), timeout=LONG)
            eventually(lambda: collector.requests, "a request that the collector holds")
            calls = [stub.Predict.future(half_plus_two(), timeout=LONG) for _ in range(2500)]
            assert {call.code() for call in calls} == {grpc.StatusCode.OK}
            page = scrape(server)
            # What waits is bounded; the rest is counted.
            assert sample(page, "apus_traced_requests_total", outcome="lost") == 2500 - 2048
            assert sample(page, "apus_request_duration_seconds_count", status="OK") == 2501
            server.signal(signal.SIGTERM)
            # The end waits two seconds for a collector, not ten.
            assert server.wait(30) == 0


def test_a_collector_that_is_away_is_told_once():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with serve(f"--otlp-endpoint=http://127.0.0.1:{closed.getsockname()[1]}", "--trace-sampling=1") as server:
            server.wait_until_ready()
            server.prediction().Predict(half_plus_two(), timeout=LONG)
            server.line("The trace collector takes no spans; they are lost")
            eventually(
                lambda: sample(scrape(server), "apus_traced_requests_total", outcome="lost") == 1, "a lost request"
            )


@pytest.mark.parametrize(
    "header", ["", "00-", f"00-{TRACE}-{PARENT}-1", f"00-{'0' * 32}-{PARENT}-01", "x" * 5000, f"00-{TRACE.upper()}-{PARENT}-01"]
)
def test_a_traceparent_that_is_none_is_no_reason_to_refuse(untraced, header):
    before = untraced.get("/v1/debug/requests?limit=1").json()["ended"]
    answer = untraced.post("/v1/models/half_plus_two:predict", {"instances": [1.0]}, headers={"traceparent": header})
    assert answer.status_code == 200
    untraced.prediction().Predict(half_plus_two(), metadata=[("traceparent", header)], timeout=LONG)
    assert untraced.get("/v1/debug/requests?limit=1").json()["ended"] > before
    assert all("trace_id" not in request for request in recorded(untraced))


def test_a_pipe_nobody_reads_from_costs_lines_only(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with serve(f"--access-log={pipe}") as server:
            server.wait_until_ready()
            stub = server.prediction()
            calls = [stub.Predict.future(half_plus_two(), timeout=LONG) for _ in range(1000)]
            assert {call.code() for call in calls} == {grpc.StatusCode.OK}
            eventually(
                lambda: sample(scrape(server), "apus_access_log_lines_total", outcome="lost") > 0, "lost lines"
            )
    finally:
        os.close(reader)
