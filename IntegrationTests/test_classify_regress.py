"""Classify and Regress with TensorFlow Serving's own stubs."""

import grpc
import pytest
import tensorflow as tf

from support.examples import classes, classify_request, floats, regress_request, values
from support.waiting import LONG


def spec(response):
    return response.model_spec.name, response.model_spec.version.value, response.model_spec.signature_name


@pytest.mark.parametrize("model", ["half_plus_two", "half_plus_two_tf2"])
def test_classify_scores(prediction, model):
    response = prediction.Classify(classify_request(model, floats(2, 4), "classify_x_to_y"), timeout=LONG)
    assert classes(response) == [[("", 3.0)], [("", 4.0)]]
    assert spec(response) == (model, 1, "classify_x_to_y")


@pytest.mark.parametrize("model", ["half_plus_two", "half_plus_two_tf2"])
def test_regress(prediction, model):
    response = prediction.Regress(regress_request(model, floats(2, 4), "regress_x_to_y2"), timeout=LONG)
    assert values(response) == [4.0, 5.0]
    assert spec(response) == (model, 1, "regress_x_to_y2")
