"""HandleReloadConfigRequest with TensorFlow Serving's own stubs: models come, go and change while the server runs."""

import threading

import grpc
import numpy
import pytest
from google.protobuf import any_pb2
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc

from support.health import NOT_SERVING, SERVING, Health
from support.model_config import model, publish, reload, reload_text, specific
from support.paths import MODELS
from support.server import apus_serve
from support.tensors import array, predict_request
from support.waiting import LONG, eventually

HALF = model("half", MODELS / "half_plus_two")


@pytest.fixture(scope="module")
def shared():
    with apus_serve({"half": MODELS / "half_plus_two"}, "--load-retries=0", "--load-retry-seconds=0") as server:
        server.wait_for("half", 1)
        yield server
        server.check_running()


@pytest.fixture
def server(shared):
    """One server for all; every test leaves it with the model it began with."""
    yield shared
    reload(shared, HALF)
    assert Health(shared.channel()).check() == SERVING


def error(call, *arguments, **options):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **options)
    return caught.value.code(), caught.value.details()


def ask(server, name, version=None, label=None):
    request = predict_request(name, {"x": numpy.float32([2])}, version=version)
    if label:
        request.model_spec.version_label = label
    response = server.prediction().Predict(request, timeout=LONG)
    return array(response.outputs["y"]).tolist(), response.model_spec.version.value


def test_a_list_of_too_many_models_is_refused(server):
    many = [model(f"m{number}", "/nowhere") for number in range(10_001)]
    assert error(reload, server, *many) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "The configuration lists 10001 models; at most 10000 are served",
    )


def test_models_come_and_go(server):
    answer = reload(server, HALF, model("other", MODELS / "half_plus_two_tf2"))
    assert answer.HasField("status") and answer.status.error_code == 0 and answer.status.error_message == ""
    assert server.versions("other") == {1: "AVAILABLE"}, "the call returns when the new model answers"
    assert ask(server, "other") == ([3.0], 1)

    reload(server, model("other", MODELS / "half_plus_two_tf2"))
    server.wait_for("half", 1, "END")
    assert error(ask, server, "half") == (
        grpc.StatusCode.NOT_FOUND,
        "Servable not found for request: Latest(half)",
    )
    assert server.get("/v1/models/half").json()["model_version_status"][0]["state"] == "END", "listed for ever"
    health = Health(server.channel())
    assert health.check() == SERVING, "a model that was taken away is not missing"
    assert server.get("/v2/health/ready").status_code == 200
    assert error(health.check, "half")[0] == grpc.StatusCode.NOT_FOUND

    reload(server, HALF)
    assert ask(server, "half") == ([3.0], 1)
    server.wait_for("other", 1, "END")


def test_an_empty_list_unloads_everything(server):
    reload(server)
    server.wait_for("half", 1, "END")
    assert Health(server.channel()).check() == SERVING, "no model is missing where none is wanted"


def test_requests_go_on_while_other_models_change(server, tmp_path):
    failures, answers = [], []
    done = threading.Event()

    def keep_asking():
        while not done.is_set():
            try:
                answers.append(ask(server, "half"))
            except Exception as problem:
                failures.append(problem)
                return

    callers = [threading.Thread(target=keep_asking) for _ in range(3)]
    for caller in callers:
        caller.start()
    base = publish(tmp_path / "m", 1)
    for _ in range(5):
        reload(server, HALF, model("m", base))
        reload(server, HALF)
    done.set()
    for caller in callers:
        caller.join()
    assert not failures and len(answers) > 10 and set(map(str, answers)) == {"([3.0], 1)"}


def test_version_policies_change_while_the_model_serves(server, tmp_path):
    base = publish(tmp_path / "m", 1, 2, 3)
    reload(server, HALF, model("policies", base))
    assert server.versions("policies") == {3: "AVAILABLE"}
    everything = "model_version_policy { all {} }"
    reload(server, HALF, model("policies", base, everything))
    for version in 1, 2, 3:
        server.wait_for("policies", version)
    reload(server, HALF, model("policies", base, specific(1, 9)))
    server.wait_for("policies", 3, "END")
    server.wait_for("policies", 2, "END")
    assert ask(server, "policies") == ([3.0], 1)
    reload(server, HALF, model("policies", base, "model_version_policy { latest { num_versions: 2 } }"))
    server.wait_for("policies", 1, "END")
    eventually(
        lambda: server.versions("policies") == {3: "AVAILABLE", 2: "AVAILABLE", 1: "END"}, "the two latest versions"
    )


def test_another_base_path_is_looked_at_from_then_on(server, tmp_path):
    first = publish(tmp_path / "first", 1)
    second = publish(tmp_path / "second", 2)
    reload(server, HALF, model("moving", first))
    reload(server, HALF, model("moving", second))
    server.wait_for("moving", 2)
    server.wait_for("moving", 1, "END")
    publish(first, 5)
    publish(second, 3)
    server.wait_for("moving", 3)
    assert 5 not in server.versions("moving")
    # As in TensorFlow Serving a version that is loaded is known by its number, not by its path.
    third = publish(tmp_path / "third", 3, 4)
    reload(server, HALF, model("moving", f"file://{third}"))
    server.wait_for("moving", 4)
    assert ask(server, "moving") == ([3.0], 4)


def test_a_model_that_cannot_load_fails_the_call_and_the_others_serve(server):
    code, details = error(
        reload, server, HALF, model("broken", MODELS / "broken_signature"), model("m", MODELS / "half_plus_two_tf2")
    )
    versions = server.versions("broken")
    if versions == {1: "AVAILABLE"}:
        pytest.fail("the model of this test is not broken")
    assert code == grpc.StatusCode.UNKNOWN
    assert details.startswith("1 model(s) did not become available: {{{name: broken version: 1} due to error: ")
    assert details.endswith("}, }")
    assert ask(server, "m") == ([3.0], 1)


def test_a_new_model_without_versions_waits_until_the_deadline_and_holds_up_nobody(server, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert error(reload, server, HALF, model("empty", empty), timeout=0.5) == (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "Deadline Exceeded",
    )
    assert Health(server.channel()).check("empty") == NOT_SERVING, "the change itself went on"
    reload(server, HALF, model("empty", empty), model("m", MODELS / "half_plus_two_tf2"))
    assert ask(server, "m") == ([3.0], 1)
    publish(empty, 1)
    server.wait_for("empty", 1)


def test_a_waiting_call_ends_when_its_model_is_taken_away(server, tmp_path):
    (tmp_path / "empty").mkdir()
    stub = model_service_pb2_grpc.ModelServiceStub(server.channel())
    failures = []
    waiting = threading.Thread(
        target=lambda: failures.append(
            error(reload, server, HALF, model("empty", tmp_path / "empty"), stub=stub)
        )
    )
    waiting.start()
    health = Health(server.channel())
    eventually(lambda: known(health, "empty"), "the reload to be taken over")
    reload(server, HALF)
    waiting.join(LONG)
    assert failures == [
        (
            grpc.StatusCode.UNKNOWN,
            "1 model(s) did not become available: {{{name: empty} due to error: "
            "ABORTED: a later configuration removed the model}, }",
        )
    ]


def known(health, name):
    try:
        return health.check(name) is not None
    except grpc.RpcError:
        return False


RELATIVE = "Expected model m to have an absolute path or URI; got base_path()=models/m"


@pytest.mark.parametrize(
    "models, code, details",
    [
        ([HALF, HALF], "INVALID_ARGUMENT", "Illegal to list model half multiple times in config list"),
        ([model("m", "models/m")], "INVALID_ARGUMENT", RELATIVE),
        (
            ['config { name: "m" base_path: "/m" }'],
            "INVALID_ARGUMENT",
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            "ModelServerConfig::model_platform, model name is m",
        ),
        (
            [model("m", "/m", "model_type: TENSORFLOW")],
            "INVALID_ARGUMENT",
            "Illegal setting both ModelServerConfig::model_type (deprecated) and "
            "ModelServerConfig::model_platform, model name is m",
        ),
        ([model("m", "/m", platform="onnx")], "INVALID_ARGUMENT", "Model m requests unsupported platform onnx"),
        (
            [model("half", "/m", platform="onnx")],
            "INVALID_ARGUMENT",
            "Illegal to change a model's platform. For model half platform was tensorflow and new platform requested "
            "is onnx",
        ),
        (
            [model("m", "hdfs://host/m")],
            "UNIMPLEMENTED",
            "Model m has its versions at hdfs://host/m, and this server has no access to file systems of the kind "
            "hdfs://; expected an absolute path, or file://, s3://, gs://, http:// or https://",
        ),
        (
            [model("m", "models/m"), model("m", "/m", platform="onnx")],
            "INVALID_ARGUMENT",
            f"Illegal to list model m multiple times in config list; {RELATIVE}; "
            "Model m requests unsupported platform onnx",
        ),
    ],
)
def test_what_cannot_be_served_changes_nothing(server, models, code, details):
    assert error(reload, server, *models) == (grpc.StatusCode[code], details)
    assert ask(server, "half") == ([3.0], 1)


def test_deprecated_model_type_stands_for_the_platform(server):
    reload(server, f'config {{ name: "half" base_path: "{MODELS / "half_plus_two"}" model_type: TENSORFLOW }}')
    assert ask(server, "half") == ([3.0], 1)


@pytest.mark.parametrize("kind", ["none", "custom"])
def test_only_lists_are_supported(server, kind):
    request = model_management_pb2.ReloadConfigRequest()
    if kind == "custom":
        request.config.custom_model_config.CopyFrom(any_pb2.Any())
    stub = model_service_pb2_grpc.ModelServiceStub(server.channel())
    assert error(stub.HandleReloadConfigRequest, request, timeout=LONG) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported",
    )


def test_a_logging_config_of_an_unknown_collector_changes_nothing(server):
    collector = 'log_collector_config { type: "x" filename_prefix: "/logs/m" }'
    logged = model("m", MODELS / "half_plus_two", "logging_config { %s }" % collector)
    assert error(reload, server, HALF, logged) == (
        grpc.StatusCode.NOT_FOUND,
        'Cannot find LogCollector::Factory for type: x (model m); expected "tfrecord"',
    )
    assert "AVAILABLE" not in server.versions("m").values()


def test_metrics_that_grow_meanwhile_are_counted(server):
    graph_runs = "/tensorflow/core/graph_runs"
    answer = reload(server, HALF, metrics=["/no/such/metric", graph_runs, graph_runs])
    assert [(metric.name, metric.int64_value_increase) for metric in answer.metric] == [
        ("/no/such/metric", 0),
        (graph_runs, 0),
    ]


def test_many_reloads_at_once_leave_the_last_one(server, tmp_path):
    bases = [publish(tmp_path / f"m{number}", 1) for number in range(4)]
    problems = []

    def change(number):
        try:
            reload(server, HALF, model(f"m{number}", bases[number]))
        except grpc.RpcError as problem:
            # Another one took its model away before it was there.
            if "a later configuration removed the model" not in problem.details() and "CANCELLED" not in problem.details():
                problems.append(problem)

    threads = [threading.Thread(target=change, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert not problems and not any(thread.is_alive() for thread in threads)
    reload(server, HALF)
    for number in range(4):
        eventually(
            lambda: set(server.versions(f"m{number}").values()) <= {"END"}, f"m{number} to be unloaded"
        )


def test_text_of_the_official_documentation(server):
    text = """
model_config_list: {
  config: {
    name: "half",
    base_path: "%s",
    model_platform: "tensorflow",
    model_version_policy: { specific: { versions: 1 } }
  }
}""" % (MODELS / "half_plus_two")
    assert reload_text(server, text).status.error_code == 0
