"""Requests as the bytes that go over the wire, and answers read back from such bytes.

Three languages: "tfs" (TensorFlow Serving's REST rows or PredictRequest), "oip" (Open Inference Protocol, JSON or
ModelInferRequest with raw contents) and "rows" (the same JSON as TensorFlow Serving's rows, at a path of the peer's).
"""
import json
import struct

import numpy


def json_request(language, tensor, rows):
    """The JSON body for float32 `rows` of shape [n, columns]."""
    if language == "oip":
        data = [float(f"{value:.9g}") for value in rows.ravel()]
        inputs = [{"name": tensor, "shape": list(rows.shape), "datatype": "FP32", "data": data}]
        return json.dumps({"inputs": inputs}).encode()
    # A row of one value is the value itself for ours; the peers take the same bytes as everybody's arrays of arrays.
    return json.dumps({"instances": [[float(f"{value:.9g}") for value in row] for row in rows]}).encode()


def json_answer(language, body):
    """The rows of an answer, as a flat float32 array."""
    answer = json.loads(body)
    values = answer["outputs"][0]["data"] if language == "oip" else answer["predictions"]
    return numpy.asarray(values, "f4").ravel()


# --- gRPC ------------------------------------------------------------------------------------------------------

METHODS = {"tfs": "/tensorflow.serving.PredictionService/Predict", "oip": "/inference.GRPCInferenceService/ModelInfer"}


def framed(message):
    """A message as gRPC puts it into DATA frames: not compressed, with its length."""
    return struct.pack(">BI", 0, len(message)) + message


def grpc_request(language, model, tensor, rows):
    """The bytes of the request message, without gRPC's frame."""
    return oip_request(model, tensor, rows) if language == "oip" else tfs_request(model, tensor, rows)


def grpc_answer(language, message, tensor):
    return oip_answer(message) if language == "oip" else tfs_answer(message, tensor)


def tfs_request(model, tensor, rows):
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.inputs[tensor].CopyFrom(tf.make_tensor_proto(rows))
    return request.SerializeToString()


def tfs_answer(message, tensor):
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    return tf.make_ndarray(predict_pb2.PredictResponse.FromString(message).outputs[tensor]).ravel()


# inference.ModelInferRequest and ModelInferResponse have a handful of fields; writing them here saves a second set of
# generated code. Fields of the request: 1 model_name, 5 inputs {1 name, 2 datatype, 3 shape}, 7 raw_input_contents.
# Fields of the response: 5 outputs {5 contents {6 fp32_contents}}, 6 raw_output_contents.


def varint(value):
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def field(number, content):
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def fields(message):
    """(number, content) of each length-delimited field, in order; varints are passed over."""
    at = 0

    def read():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = read()
        if key & 7 == 2:
            length = read()
            yield key >> 3, message[at : at + length]
            at += length
        elif key & 7 == 0:
            read()
        else:
            raise ValueError(f"a field of wire type {key & 7}")


def oip_request(model, tensor, rows):
    shape = b"".join(varint(size) for size in rows.shape)
    described = field(1, tensor.encode()) + field(2, b"FP32") + field(3, shape)
    return field(1, model.encode()) + field(5, described) + field(7, numpy.ascontiguousarray(rows, "<f4").tobytes())


def oip_answer(message):
    parts = list(fields(message))
    raw = [content for number, content in parts if number == 6]
    if not raw:
        output = next(content for number, content in parts if number == 5)
        contents = next(content for number, content in fields(output) if number == 5)
        raw = [content for number, content in fields(contents) if number == 6]
    return numpy.frombuffer(raw[0], "<f4")
