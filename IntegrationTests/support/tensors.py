"""NumPy arrays and the wire."""

import numpy
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

QUANTIZED = {
    "qint8": (types_pb2.DT_QINT8, "int8"),
    "quint8": (types_pb2.DT_QUINT8, "uint8"),
    "qint16": (types_pb2.DT_QINT16, "int16"),
    "quint16": (types_pb2.DT_QUINT16, "uint16"),
    "qint32": (types_pb2.DT_QINT32, "int32"),
}


def proto(array, content=False):
    """`array` as a TensorProto: with typed fields as clients build it by hand, or with tensor_content."""
    array = numpy.asarray(array)
    if content and array.dtype.kind not in "OSU":
        message = tensor_pb2.TensorProto(dtype=tf.as_dtype(array.dtype).as_datatype_enum)
        for size in array.shape:
            message.tensor_shape.dim.add(size=size)
        message.tensor_content = array.tobytes()
        return message
    if content:
        return string_content_proto(array)
    return typed_proto(array)


def typed_proto(array):
    message = tensor_pb2.TensorProto(dtype=tf.as_dtype(array.dtype).as_datatype_enum)
    message.tensor_shape.SetInParent()
    for size in array.shape:
        message.tensor_shape.dim.add(size=size)
    flat = array.reshape(-1)
    name = tf.as_dtype(array.dtype).name
    match name:
        case "half" | "float16" | "bfloat16":
            message.half_val.extend(flat.view("uint16").tolist())
        case "float32":
            message.float_val.extend(flat.tolist())
        case "float64":
            message.double_val.extend(flat.tolist())
        case "complex64":
            message.scomplex_val.extend(flat.view("float32").tolist())
        case "complex128":
            message.dcomplex_val.extend(flat.view("float64").tolist())
        case "int64":
            message.int64_val.extend(flat.tolist())
        case "uint32":
            message.uint32_val.extend(flat.tolist())
        case "uint64":
            message.uint64_val.extend(flat.tolist())
        case "bool":
            message.bool_val.extend(flat.tolist())
        case "string":
            message.string_val.extend(as_bytes(value) for value in flat.tolist())
        case "int8" | "int16" | "int32" | "uint8" | "uint16":
            message.int_val.extend(flat.tolist())
        case _:
            raise ValueError(name)
    return message


def string_content_proto(array):
    """Strings in tensor_content: all lengths as varints, then all bytes."""
    message = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING)
    for size in array.shape:
        message.tensor_shape.dim.add(size=size)
    values = [as_bytes(value) for value in array.reshape(-1).tolist()]
    message.tensor_content = b"".join(varint(len(value)) for value in values) + b"".join(values)
    return message


def as_bytes(value):
    return value if isinstance(value, bytes) else value.encode()


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def array(message):
    """A TensorProto of an answer as an array; strings as bytes objects."""
    return tf.make_ndarray(message)


def predict_request(model, inputs, signature="", version=None, output_filter=(), content=False):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    for name, value in inputs.items():
        message = value if isinstance(value, tensor_pb2.TensorProto) else proto(value, content)
        request.inputs[name].CopyFrom(message)
    request.output_filter.extend(output_filter)
    return request


def assert_equal(actual, expected, what=""):
    """Same type and shape; strings and integers exactly, floats within 1e-6 of their size."""
    actual, expected = numpy.asarray(actual), numpy.asarray(expected)
    if expected.dtype.kind == "S":
        expected = expected.astype(object)  # NumPy keeps the length of a lone string in its type.
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    assert actual.dtype == expected.dtype, f"{what}: type {actual.dtype}, expected {expected.dtype}"
    if expected.dtype.kind in "fc":
        numpy.testing.assert_allclose(actual, expected, rtol=1e-6, atol=0, err_msg=what)
    else:
        numpy.testing.assert_array_equal(actual, expected, err_msg=what)
