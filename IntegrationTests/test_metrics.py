"""The metrics page, by both entrypoints and both command lines."""

import grpc
import numpy
import pytest
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2

from support.metrics import scrape
from support.paths import MODELS
from support.reference import example
from support.server import apus_serve, free_port, tensorflow_model_server
from support.tensors import predict_request
from support.waiting import LONG

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"


@pytest.fixture
def own():
    """A server of this test alone, so that its numbers are those of its calls."""
    with apus_serve({"half_plus_two": MODELS / "half_plus_two"}, "--metrics-path=/monitoring/p") as server:
        server.wait_until_ready()
        yield server


def half_plus_two(value=1.0):
    return predict_request("half_plus_two", {"x": numpy.float32([value])})


def fill(request, model, signature):
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    request.input.example_list.examples.add().ParseFromString(example(x=1.0))
    return request


def test_who_looks_at_the_server_is_not_counted(own):
    """TensorFlow Serving counts all below /v1/; the console asks for some of it every second."""
    for path in ["/v1/debug/requests", "/v1/debug/requests?limit=0", "/console/about", "/console/states", "/", "/metrics"]:
        own.get(path)
    assert not [key for key in scrape(own).samples if "request_count" in key[0] or "request_latency" in key[0]]


def test_counts_and_times_match_the_calls_made(own):
    stub = own.prediction()
    for _ in range(3):
        stub.Predict(half_plus_two(), timeout=LONG)
    with pytest.raises(grpc.RpcError):
        stub.Predict(predict_request("nobody", {"x": numpy.float32([1])}), timeout=LONG)
    with pytest.raises(grpc.RpcError):
        stub.Predict(predict_request("half_plus_two", {"y": numpy.float32([1])}), timeout=LONG)
    stub.Classify(fill(classification_pb2.ClassificationRequest(), "half_plus_two", "classify_x_to_y"), timeout=LONG)
    stub.Regress(fill(regression_pb2.RegressionRequest(), "half_plus_two", "regress_x_to_y"), timeout=LONG)
    assert own.post("/v1/models/half_plus_two:predict", {"instances": [1.0]}).status_code == 200
    assert own.get("/v1/models/half_plus_two").status_code == 200
    assert own.get("/v1/models/half_plus_two/metadata").status_code == 200
    assert own.get("/v1/models/nobody").status_code == 404
    assert own.get("/v1/models/half_plus_two?x=1").status_code == 404

    page = scrape(own)
    assert page("request_count", model_name="half_plus_two", status="OK") == 8
    assert page("request_count", model_name="half_plus_two", status="INVALID_ARGUMENT") == 1
    assert page("request_count", model_name="nobody", status="NOT_FOUND") == 2
    assert page("request_count", model_name="half_plus_two?x=1", status="NOT_FOUND") == 1
    latencies = {
        ("Predict", "GRPC"): 3,
        ("Classify", "GRPC"): 1,
        ("Regress", "GRPC"): 1,
        ("predict", "REST"): 1,
        ("", "REST"): 2,
    }
    found = {
        (labels["API"], labels["entrypoint"]): value
        for (name, pairs), value in page.samples.items()
        if name == ":tensorflow:serving:request_latency_count" and (labels := dict(pairs))
    }
    assert found == latencies
    for (api, entrypoint), count in latencies.items():
        labels = {"model_name": "half_plus_two", "API": api, "entrypoint": entrypoint}
        assert page("request_latency_bucket", **labels, le="+Inf") == count
        assert 0 < page("request_latency_sum", **labels) < 60e6 or api == ""
    for api, count in {"Predict": 4, "Classify": 1, "Regress": 1}.items():
        labels = {"model_name": "half_plus_two", "API": api, "runtime": "TF1"}
        assert page("runtime_latency_count", **labels) == count
    assert page.samples[(":tensorflow:core:graph_runs", ())] == 6
    assert page.samples[(":tensorflow:core:graph_run_time_usecs", ())] > 0


def test_multi_inference_counts_examples_and_nothing_else(own):
    request = inference_pb2.MultiInferenceRequest()
    for method, signature in [(REGRESS, "regress_x_to_y"), (CLASSIFY, "classify_x_to_y")]:
        task = request.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = "half_plus_two", signature
    for _ in range(3):
        request.input.example_list.examples.add().ParseFromString(example(x=1.0))
    own.prediction().MultiInference(request, timeout=LONG)
    page = scrape(own)
    assert page("request_example_count_total", model="half_plus_two") == 3
    assert page("request_example_counts_bucket", model="half_plus_two", le="2") == 0
    assert page("request_example_counts_bucket", model="half_plus_two", le="4") == 1
    assert page("request_count", model_name="half_plus_two", status="OK") == 0
    assert page.samples[(":tensorflow:core:graph_runs", ())] == 1


def test_loads_are_counted_by_path(own):
    page = scrape(own)
    path = str(MODELS / "half_plus_two" / "1")
    count = ":tensorflow:cc:saved_model:load_attempt_count"
    assert page.samples[(count, (("model_path", path), ("status", "success")))] == 1
    assert page.samples[(":tensorflow:cc:saved_model:load_latency", (("model_path", path),))] > 0
    assert page.samples[(":tensorflow:core:session_created", ())] == 1


def test_made_up_names_do_not_grow_the_page_without_end(own):
    stub = own.prediction()
    names = [f"made-up-{number}" for number in range(600)] + ["x" * 10_000, 'line\nfeed"\\']
    calls = [stub.Predict.future(predict_request(name, {}), timeout=LONG) for name in names]
    assert {call.code() for call in calls} == {grpc.StatusCode.NOT_FOUND}
    page = scrape(own)
    counts = {pairs: value for (name, pairs), value in page.samples.items() if name.endswith(":request_count")}
    assert sum(counts.values()) == 602
    assert len(counts) == 257
    assert page("request_count", model_name="__other__", status="__other__") == 602 - 256
    # A model that is served keeps its own numbers.
    stub.Predict(half_plus_two(), timeout=LONG)
    assert scrape(own)("request_count", model_name="half_plus_two", status="OK") == 1


def test_page_is_at_the_path_of_the_option_too(own):
    assert ":tensorflow:serving:request_count" in scrape(own, "/monitoring/p").types
    refused = own.get("/monitoring/p?a=b")
    assert (refused.status_code, refused.headers["Content-Type"]) == (400, "text/plain")
    assert refused.text == "Unexpected path: /monitoring/p?a=b. Should be /monitoring/p"


@pytest.mark.parametrize(
    "text, path",
    [
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config: {\n  enable: true,\n  path: "/my/page"\n}\n', "/my/page"),
        ("", None),
    ],
    ids=["default path", "own path", "not enabled"],
)
def test_monitoring_config_file(tmp_path, text, path):
    config = tmp_path / "monitoring.config"
    config.write_text(text)
    with tensorflow_model_server(
        f"--port={free_port()}",
        f"--rest_api_port={free_port()}",
        "--model_name=m",
        f"--model_base_path={MODELS / 'half_plus_two'}",
        f"--monitoring_config_file={config}",
    ) as server:
        server.line("Exporting HTTP/REST API")
        if path:
            assert scrape(server, path).types[":tensorflow:serving:request_latency"] == "histogram"
        else:
            assert server.get("/monitoring/prometheus/metrics").status_code == 404


def test_a_broken_monitoring_config_file_stops_the_start(tmp_path):
    config = tmp_path / "monitoring.config"
    config.write_text("prometheus_config { enabled: true }")
    with tensorflow_model_server(
        f"--port={free_port()}",
        f"--rest_api_port={free_port()}",
        "--model_name=m",
        f"--model_base_path={MODELS / 'half_plus_two'}",
        f"--monitoring_config_file={config}",
    ) as server:
        assert server.wait() == 255
        assert f"Invalid protobuf file: '{config}'" in server.output
