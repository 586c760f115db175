"""Asks half_plus_two over gRPC with the official client.

    .venv/bin/python Examples/half_plus_two/client.py [HOST:PORT]
"""

import sys

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

address = sys.argv[1] if len(sys.argv) > 1 else "localhost:8500"

request = predict_pb2.PredictRequest()
request.model_spec.name = "half_plus_two"
request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0, 2.0, 5.0]))

with grpc.insecure_channel(address) as channel:
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    response = stub.Predict(request, timeout=5)

print(f"version {response.model_spec.version.value}: {tf.make_ndarray(response.outputs['y']).tolist()}")
