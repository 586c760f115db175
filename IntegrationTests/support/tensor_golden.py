"""Tensors as clients may write them, beside what TensorFlow makes of them; the unit tests read the file.

    python IntegrationTests/support/tensor_golden.py    writes Tests/Golden/tensors.pb

The file is a PredictRequest: of each case, input `NAME` is the tensor as written and input `NAME/expected` the one that
TensorFlow parsed from it and wrote with every element.
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow.core.framework import tensor_pb2  # noqa: E402
from tensorflow_serving.apis import predict_pb2  # noqa: E402

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "Tests/Golden/tensors.pb"

# The typed field of each type and values that do not fit narrower ones.
TYPED = {
    tf.float32: ("float_val", [1.5, -2.0, 3.25]),
    tf.float64: ("double_val", [1.5, -2.0, 1e300]),
    tf.int32: ("int_val", [1, -1, 2**31 - 1]),
    tf.uint8: ("int_val", [300, -1, 7]),
    tf.int16: ("int_val", [-32768, 32767, 70000]),
    tf.int8: ("int_val", [-128, 127, 300]),
    tf.string: ("string_val", [b"a", b"", b"\xff" * 40]),
    tf.complex64: ("scomplex_val", [1, 2, 3, 4, 5]),
    tf.int64: ("int64_val", [-(2**63), 2**63 - 1, -1]),
    tf.bool: ("bool_val", [True, False, True]),
    tf.qint8: ("int_val", [-1, 2, 3]),
    tf.quint8: ("int_val", [255, 2, 3]),
    tf.qint32: ("int_val", [-5, 2, 3]),
    tf.bfloat16: ("half_val", [0x3F80, 0xFF80, 1]),
    tf.qint16: ("int_val", [-2, 2, 3]),
    tf.quint16: ("int_val", [65535, 2, 3]),
    tf.uint16: ("int_val", [65535, 65536, 3]),
    tf.complex128: ("dcomplex_val", [1, 2, 3, 4]),
    tf.float16: ("half_val", [0x3C00, 0xC000, 1]),
    tf.uint32: ("uint32_val", [2**32 - 1, 2, 3]),
    tf.uint64: ("uint64_val", [2**64 - 1, 2, 3]),
}


def typed(dtype, field, values, shape):
    message = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    for size in shape:
        message.tensor_shape.dim.add(size=size)
    getattr(message, field).extend(values)
    return message


def cases():
    for dtype, (field, values) in TYPED.items():
        for count, shape in [(0, [2]), (1, [2, 2]), (2, [3]), (3, [3]), (3, [2]), (3, []), (3, [0, 4])]:
            values_used = values[:count] if "complex" not in field else values[: 2 * count]
            name = f"{dtype.name} {len(values_used)} values for {shape}"
            yield name, dtype, typed(dtype, field, values_used, shape)
        if dtype.is_floating or dtype.is_integer or dtype.is_complex or dtype == tf.bool:
            yield f"{dtype.name} array", dtype, tf.make_tensor_proto(np.array([[1, 0], [1, 2]]), dtype=dtype)
    words = tf.make_tensor_proto([[b"a", b""], [b"long " * 9, "ä".encode()]])
    yield "string array", tf.string, words
    content = typed(tf.string, "string_val", [], [3])
    content.tensor_content = b"\x01\x00\x02abb"
    yield "string content", tf.string, content


# Quantised types have no kernel that writes them; their bits are those of integers.
SAME_BITS = {tf.qint8: tf.int8, tf.quint8: tf.uint8, tf.qint16: tf.int16, tf.quint16: tf.uint16, tf.qint32: tf.int32}


def written_by_tensorflow(tensor):
    """`tensor` as a TensorProto with every element."""
    same_bits = SAME_BITS.get(tensor.dtype)
    plain = tensor if same_bits is None else tf.bitcast(tensor, same_bits)
    message = tensor_pb2.TensorProto.FromString(tf.io.serialize_tensor(plain).numpy())
    message.dtype = tensor.dtype.as_datatype_enum
    return message


def golden():
    """The bytes of the golden file."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "golden"
    for name, dtype, message in cases():
        parsed = tf.io.parse_tensor(message.SerializeToString(), dtype)
        request.inputs[name].CopyFrom(message)
        request.inputs[f"{name}/expected"].CopyFrom(written_by_tensorflow(parsed))
    return request.SerializeToString(deterministic=True)


if __name__ == "__main__":
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    GOLDEN.write_bytes(golden())
