"""Requests of Classify, Regress and MultiInference."""

import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, inference_pb2, input_pb2, regression_pb2

from .reference import example

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


def example_input(examples, context=None):
    """An Input of serialized examples, and of a context when there is one."""
    message = input_pb2.Input()
    if context is None:
        message.example_list.SetInParent()
        kind = message.example_list
    else:
        kind = message.example_list_with_context
        kind.context.ParseFromString(context)
    for one in examples:
        kind.examples.append(tf.train.Example.FromString(one))
    return message


def floats(*values, name="x"):
    """An example for each value."""
    return [example(**{name: float(value)}) for value in values]


def _request(message, model, examples, signature, context):
    message.model_spec.name = model
    message.model_spec.signature_name = signature
    message.input.CopyFrom(example_input(examples, context))
    return message


def classify_request(model, examples, signature="", context=None):
    return _request(classification_pb2.ClassificationRequest(), model, examples, signature, context)


def regress_request(model, examples, signature="", context=None):
    return _request(regression_pb2.RegressionRequest(), model, examples, signature, context)


def multi_inference_request(model, examples, *tasks, context=None):
    """`tasks` are pairs of signature and method name."""
    message = inference_pb2.MultiInferenceRequest()
    message.input.CopyFrom(example_input(examples, context))
    for signature, method in tasks:
        task = message.tasks.add(method_name=method)
        task.model_spec.name = model
        task.model_spec.signature_name = signature
    return message


def classes(response):
    """Label and score of each class, for each example of a ClassificationResponse (or -Result)."""
    result = getattr(response, "result", response)
    return [[(one.label, one.score) for one in example.classes] for example in result.classifications]


def values(response):
    result = getattr(response, "result", response)
    return [one.value for one in result.regressions]
