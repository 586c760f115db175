#!/usr/bin/env python3
"""Writes a warm-up file for a version of half_plus_two: calls that a server makes before the version is available.

    .venv/bin/python Examples/warm_up/write_warm_up.py models/half_plus_two/1

Needs TensorFlow (the writer of TFRecord files) and tensorflow-serving-api (the messages).
"""
import pathlib
import sys

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

version = pathlib.Path(sys.argv[1])
path = version / "assets.extra" / "tf_serving_warmup_requests"
path.parent.mkdir(exist_ok=True)
with tf.io.TFRecordWriter(str(path)) as writer:
    # One record for each size of request that clients send: TensorFlow prepares itself for what it sees.
    for rows in [1, 8, 32]:
        request = predict_pb2.PredictRequest()
        request.model_spec.signature_name = "serving_default"  # its model and version do not matter
        request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0] * rows, dtype=tf.float32))
        log = prediction_log_pb2.PredictionLog()
        log.predict_log.request.CopyFrom(request)
        writer.write(log.SerializeToString())
print(path)
