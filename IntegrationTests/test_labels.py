"""Version labels: over gRPC and REST, from the file and by reload."""

import grpc
import numpy
import pytest
from tensorflow_serving.apis import get_model_metadata_pb2

from support.model_config import config_list, labels, model, publish, reload, specific
from support.server import apus_serve
from support.tensors import array, predict_request
from support.waiting import LONG


def ask(server, label, name="m"):
    request = predict_request(name, {"x": numpy.float32([2])})
    request.model_spec.version_label = label
    response = server.prediction().Predict(request, timeout=LONG)
    assert array(response.outputs["y"]).tolist() == [3.0]
    assert response.model_spec.WhichOneof("version_choice") == "version", "answers never carry a label"
    return response.model_spec.version.value


def error(call, *arguments, **options):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **options)
    return caught.value.code(), caught.value.details()


def unavailable(version):
    return (
        grpc.StatusCode.FAILED_PRECONDITION,
        f"Request to assign label to version {version} of model m, which is not currently available for inference",
    )


def unknown(label):
    return grpc.StatusCode.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}"


@pytest.fixture
def base(tmp_path):
    return publish(tmp_path / "m", 1, 2)


def test_a_canary_rollout_by_reload(base):
    with apus_serve({"m": base}) as server:
        server.wait_for("m", 2)
        assert error(ask, server, "stable") == unknown("stable")

        # Labels are checked before the models are changed: it takes two configurations.
        both = specific(1, 2)
        assert error(reload, server, model("m", base, f"{both} {labels(stable=1)}")) == unavailable(1)
        assert server.versions("m") == {2: "AVAILABLE"}, "the models are untouched"
        assert error(ask, server, "stable") == unknown("stable")
        reload(server, model("m", base, both))
        server.wait_for("m", 1)
        reload(server, model("m", base, f"{both} {labels(stable=1, canary=2)}"))
        assert ask(server, "stable") == 1 and ask(server, "canary") == 2

        # The same again, then a move; the map is replaced as a whole.
        reload(server, model("m", base, f"{both} {labels(stable=1, canary=2)}"))
        reload(server, model("m", base, f"{both} {labels(stable=2)}"))
        assert ask(server, "stable") == 2
        assert error(ask, server, "canary") == unknown("canary")

        assert error(reload, server, model("m", base, f"{both} {labels(stable=3)}")) == unavailable(3)
        assert ask(server, "stable") == 2, "a refused map leaves the one before"

        # A label whose version goes leads nowhere.
        reload(server, model("m", base, f"{both} {labels(old=1, new=2)}"))
        reload(server, model("m", base, f"{specific(2)} {labels(old=1, new=2)}"))
        server.wait_for("m", 1, "END")
        assert error(ask, server, "old") == (
            grpc.StatusCode.NOT_FOUND,
            "Servable not found for request: Specific(m, 1)",
        )
        assert error(reload, server, model("m", base, f"{specific(2)} {labels(old=1, new=2)}")) == unavailable(1)


def test_rest_routes_with_labels(base):
    with apus_serve({"m": base}) as server:
        server.wait_for("m", 2)
        both = specific(1, 2)
        reload(server, model("m", base, both))
        server.wait_for("m", 1)
        odd = 'version_labels { key: "a b/c:d" value: 1 } version_labels { key: "stable" value: 2 }'
        reload(server, model("m", base, f"{both} {odd}"))

        answer = server.post("/v1/models/m/labels/stable:predict", {"instances": [2.0]})
        assert (answer.status_code, answer.json()) == (200, {"predictions": [3.0]})
        answer = server.post("/v1/models/m/labels/a%20b%2Fc%3Ad:predict", {"instances": [2.0]})
        assert answer.status_code == 200
        answer = server.get("/v1/models/m/labels/stable/metadata")
        assert answer.json()["model_spec"] == {"name": "m", "signature_name": "", "version": "2"}
        answer = server.get("/v1/models/m/labels/nobody")
        assert len(answer.json()["model_version_status"]) == 2, "status ignores the label"

        answer = server.post("/v1/models/m/labels/nobody:predict", {"instances": [2.0]})
        assert (answer.status_code, answer.json()) == (400, {"error": "Unrecognized servable version label: nobody"})
        answer = server.post("/v1/models/none/labels/stable:predict", {"instances": [2.0]})
        assert (answer.status_code, answer.json()) == (400, {"error": "Unrecognized servable version label: stable"})
        answer = server.post("/v1/models/m/versions/1/labels/stable:predict", {"instances": [2.0]})
        assert answer.status_code == 400 and "Malformed request" in answer.json()["error"]

        metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        metadata.model_spec.name = "m"
        metadata.model_spec.version_label = "stable"
        assert server.prediction().GetModelMetadata(metadata, timeout=LONG).model_spec.version.value == 2


def test_labels_of_the_first_file_are_valid_from_the_start(base, tmp_path):
    path = tmp_path / "models.config"
    path.write_text(config_list(model("m", base, f"{specific(1, 2, 3)} {labels(stable=1, next=3)}")))
    with apus_serve({}, f"--config={path}", "--config-poll-seconds=1") as server:
        server.wait_for("m", 1)
        assert ask(server, "stable") == 1
        assert error(ask, server, "next") == (
            grpc.StatusCode.NOT_FOUND,
            "Servable not found for request: Specific(m, 3)",
        )
        publish(base, 3)
        server.wait_for("m", 3)
        assert ask(server, "next") == 3
        assert "failed to ReloadConfig" not in server.output, "polling takes them for what they are"


def test_with_the_flag_a_new_label_may_name_what_is_not_there_yet(base):
    with apus_serve({"m": base}, "--labels-for-unavailable-versions") as server:
        server.wait_for("m", 2)
        reload(server, model("m", base, labels(next=3)))
        assert error(ask, server, "next") == (
            grpc.StatusCode.NOT_FOUND,
            "Servable not found for request: Specific(m, 3)",
        )
        reload(server, model("m", base, labels(next=3)))
        assert error(reload, server, model("m", base, labels(next=4))) == unavailable(4)
        reload(server, model("m", base, labels(next=2)))
        assert ask(server, "next") == 2
        reload(server, model("m", base, labels(next=2, other=1)))
        assert error(ask, server, "other")[0] == grpc.StatusCode.NOT_FOUND
