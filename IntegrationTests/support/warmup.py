"""Warm-up files, as users write them: a TFRecord of PredictionLogs in a version's assets.extra."""

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

LOG_FIELDS = {
    "PredictRequest": "predict_log",
    "ClassificationRequest": "classify_log",
    "RegressionRequest": "regress_log",
    "MultiInferenceRequest": "multi_inference_log",
    "SessionRunRequest": "session_run_log",
}


def log(request):
    """The PredictionLog that records a request."""
    record = prediction_log_pb2.PredictionLog()
    getattr(record, LOG_FIELDS[type(request).__name__]).request.CopyFrom(request)
    return record


def warm_up_path(version_folder):
    return version_folder / "assets.extra" / "tf_serving_warmup_requests"


def write_warm_up(version_folder, records):
    """`records`: PredictionLogs, requests, or bytes as they are."""
    path = warm_up_path(version_folder)
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            if not isinstance(record, (bytes, prediction_log_pb2.PredictionLog)):
                record = log(record)
            writer.write(record if isinstance(record, bytes) else record.SerializeToString())
    return path
