"""GetModelStatus and GetModelMetadata over both wires, against the SavedModels' own files."""

import pytest
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from support.paths import MODELS
from support.reference import DEMO_MODELS
from support.waiting import LONG


def definitions(model):
    """The SignatureDefs in the file."""
    saved_model = saved_model_pb2.SavedModel.FromString((MODELS / model / "1/saved_model.pb").read_bytes())
    (graph,) = [graph for graph in saved_model.meta_graphs if "serve" in graph.meta_info_def.tags]
    return graph.signature_def


@pytest.mark.parametrize("model", DEMO_MODELS)
def test_metadata_is_what_the_file_says(prediction, model):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = model
    response = prediction.GetModelMetadata(request, timeout=LONG)
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == (model, 1, "")
    assert list(response.metadata) == ["signature_def"]
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].type_url == "type.googleapis.com/tensorflow.serving.SignatureDefMap"
    assert response.metadata["signature_def"].Unpack(signatures)
    expected = definitions(model)
    assert sorted(signatures.signature_def) == sorted(expected)
    for name, definition in expected.items():
        assert signatures.signature_def[name] == definition, name


@pytest.mark.parametrize("model", DEMO_MODELS)
def test_rest_metadata_is_what_the_file_says(server, model):
    answer = server.get(f"/v1/models/{model}/metadata")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert body["model_spec"] == {"name": model, "signature_name": "", "version": "1"}
    expected = {
        name: json_format.MessageToDict(
            definition, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        for name, definition in definitions(model).items()
    }
    assert body["metadata"] == {"signature_def": {"signature_def": expected}}


def test_a_version_in_the_path(server):
    assert server.get("/v1/models/half_plus_two/versions/1/metadata").json()["model_spec"]["version"] == "1"
    assert server.get("/v1/models/half_plus_two/versions/2/metadata").status_code == 404


def test_status_of_a_model(models):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "half_plus_two"
    (status,) = models.GetModelStatus(request, timeout=LONG).model_version_status
    assert (status.version, status.state) == (1, get_model_status_pb2.ModelVersionStatus.AVAILABLE)
    assert (status.status.error_code, status.status.error_message) == (0, "")


def test_a_label_is_ignored_by_status(models):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "half_plus_two"
    request.model_spec.version_label = "nobody"
    assert len(models.GetModelStatus(request, timeout=LONG).model_version_status) == 1


EXPECTED_STATUS = """{
 "model_version_status": [
  {
   "version": "1",
   "state": "AVAILABLE",
   "status": {
    "error_code": "OK",
    "error_message": ""
   }
  }
 ]
}
"""


@pytest.mark.parametrize("path", ["", "/versions/1", "/labels/anything"])
def test_rest_status(server, path):
    answer = server.get(f"/v1/models/half_plus_two{path}")
    assert answer.status_code == 200 and answer.text == EXPECTED_STATUS


def test_rest_status_of_what_is_not_there(server):
    answer = server.get("/v1/models/nobody")
    assert (answer.status_code, answer.json()) == (404, {"error": "Could not find any versions of model nobody"})
    answer = server.get("/v1/models/half_plus_two/versions/5")
    assert (answer.status_code, answer.json()["error"]) == (404, "Could not find version 5 of model half_plus_two")
