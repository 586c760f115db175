"""HandleReloadConfigRequest with TensorFlow Serving's own stubs: models come, go and change while the server runs."""

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2

from support.paths import MODELS
from support.server import apus_serve
from support.waiting import LONG


def config(text):
    return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())


def model(name, path, more=""):
    return f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" {more} }}'


def reload(server, *models, metrics=(), timeout=LONG):
    request = model_management_pb2.ReloadConfigRequest(
        config=config(f"model_config_list {{ {' '.join(models)} }}"), metric_names=metrics
    )
    stub = model_service_pb2_grpc.ModelServiceStub(server.channel())
    return stub.HandleReloadConfigRequest(request, timeout=timeout)


HALF = model("half", MODELS / "half_plus_two")


def test_models_come_and_go():
    with apus_serve({"half": MODELS / "half_plus_two"}) as server:
        server.wait_for("half", 1)
        answer = reload(server, HALF, model("other", MODELS / "half_plus_two_tf2"))
        assert answer.status.error_code == 0 and not answer.status.error_message
        assert server.versions("other") == {1: "AVAILABLE"}, "the call waits for the new model"
        reload(server, model("other", MODELS / "half_plus_two_tf2"))
        server.wait_for("half", 1, "END")
