"""Strings, images, several outputs, and the state of a model, with the official client.

    .venv/bin/python Examples/many_models/client.py [HOST:PORT]
"""

import sys

import grpc
import numpy
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

address = sys.argv[1] if len(sys.argv) > 1 else "localhost:8500"


def predict(stub, model, inputs, signature="", outputs=()):
    """Answers of one Predict call by output name. `outputs` names those wanted; none means all."""
    request = predict_pb2.PredictRequest(output_filter=outputs)
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    response = stub.Predict(request, timeout=60)
    return {name: tf.make_ndarray(tensor) for name, tensor in response.outputs.items()}


with grpc.insecure_channel(address) as channel:
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    answer = predict(stub, "strings", {"text": ["one", "two", "swift"]}, outputs=["upper", "id"])
    print("strings:", answer["upper"].tolist(), answer["id"].tolist())

    answer = predict(stub, "multi_signature", {"a": [6.0], "b": [7.0]})
    print("multi_signature:", {name: value.tolist() for name, value in sorted(answer.items())})

    # `factor` is not sent: the signature has a default for it.
    answer = predict(stub, "multi_signature", {"x": [1.0, 2.0]}, signature="scale")
    print("multi_signature, scale:", answer["scaled"].tolist())

    image = numpy.random.default_rng(1).random((1, 224, 224, 3), dtype="float32")
    answer = predict(stub, "mobilenet_v2", {"image": image})
    print("mobilenet_v2: class", int(answer["probabilities"].argmax()))

    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "strings"
    for status in model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request).model_version_status:
        state = get_model_status_pb2.ModelVersionStatus.State.Name(status.state)
        print(f"strings, version {status.version}: {state}")
