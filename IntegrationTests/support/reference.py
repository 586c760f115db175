"""The demo models run by Python TensorFlow, and inputs to run them with."""

import dataclasses
import functools

import numpy
import tensorflow as tf

from .paths import MODELS


@dataclasses.dataclass(frozen=True)
class Case:
    """One question to one signature of one demo model."""

    model: str
    signature: str
    inputs: dict
    # Every output has one row for each row of the inputs, so that REST's row form can carry it.
    has_rows: bool = True

    @property
    def id(self):
        return f"{self.model}-{self.signature}"

    @property
    def expected(self):
        return run(self)


@functools.cache
def loaded(model):
    return tf.saved_model.load(str(MODELS / model / "1"))


_results = {}


def run(case):
    """What Python TensorFlow answers, by output name."""
    key = id(case)
    if key not in _results:
        function = loaded(case.model).signatures[case.signature]
        outputs = function(**{name: tf.constant(value) for name, value in case.inputs.items()})
        _results[key] = {name: value.numpy() for name, value in outputs.items()}
    return _results[key]


def example(**features):
    """A serialized tf.Example."""
    message = tf.train.Example()
    for name, value in features.items():
        values = value if isinstance(value, list) else [value]
        feature = message.features.feature[name]
        match values[0]:
            case float():
                feature.float_list.value.extend(values)
            case int():
                feature.int64_list.value.extend(values)
            case _:
                feature.bytes_list.value.extend(values)
    return message.SerializeToString()


def strings(*values):
    return numpy.array(values, dtype=object)


def cases():
    random = numpy.random.default_rng(2026)

    def floats(*shape):
        return random.normal(size=shape).astype("float32")

    return [
        Case("half_plus_two", "serving_default", {"x": numpy.float32([[1.0], [2.0], [5.0]])}),
        Case("half_plus_two_tf2", "serving_default", {"x": numpy.float32([1.0, 2.0, 5.0])}),
        Case("perceptron", "serving_default", {"image": floats(3, 784)}),
        Case("text_classifier", "serving_default", {"tokens": random.integers(0, 20_000, (2, 200)).astype("int32")}),
        Case("mobilenet_v2", "serving_default", {"image": random.random((2, 224, 224, 3), dtype="float32")}),
        Case("strings", "serving_default", {"text": strings(b"two", "zwölf".encode(), b"", b"\x00\xff bytes")}),
        Case("strings", "as_bytes", {"text": strings(b"two", b"\x00\xfe\xff")}),
        Case("strings", "one", {"text": numpy.array(b"just one", dtype=object)}, has_rows=False),
        Case(
            "strings",
            "parse",
            {
                "examples": strings(
                    example(age=41, name=b"Ada", scores=[1.0, 2.5]),
                    example(age=-1, scores=[0.1, 0.2]),
                )
            },
        ),
        Case("multi_signature", "serving_default", {"a": floats(5), "b": floats(5)}),
        Case("multi_signature", "scale", {"x": floats(4), "factor": numpy.float32(-2.5)}, has_rows=False),
        Case("multi_signature", "constant", {}, has_rows=False),
        Case(
            "multi_signature",
            "matmul",
            {"x": random.normal(size=(2, 3)), "y": random.normal(size=(3, 4))},
            has_rows=False,
        ),
        Case(
            "multi_signature",
            "mixed",
            {
                "ids": numpy.int64([-(2**63), 0, 2**62]),
                "values": numpy.int32([[1, 2, 3], [-1, 0, 1], [2**31 - 1, 0, -1]]),
            },
        ),
        Case("multi_signature", "total", {"x": floats(7)}, has_rows=False),
        Case("loop", "serving_default", {"steps": numpy.int64(3)}, has_rows=False),
    ]


CASES = cases()
DEMO_MODELS = sorted({case.model for case in CASES} | {"all_types", "classifier", "example_answers"})
