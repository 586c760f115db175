"""The standard health service and the REST readiness and liveness of a server whose models serve."""

import grpc
import pytest

from support.health import NOT_SERVING, SERVICE_UNKNOWN, SERVING, Health
from support.paths import MODELS
from support.server import apus_serve
from support.tensors import predict_request
from support.waiting import LONG, eventually

# "" is the server; the short names are TensorFlow Serving's; a model's name is ours.
NAMES = ["", "PredictionService", "ModelService", "tensorflow.serving.PredictionService", "half_plus_two"]


@pytest.mark.parametrize("name", NAMES)
def test_check(channel, name):
    assert Health(channel).check(name) == SERVING


def test_check_of_nobody(channel):
    with pytest.raises(grpc.RpcError) as caught:
        Health(channel).check("nobody")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_watch_answers_at_once_and_lives_until_cancelled(channel):
    stream = Health(channel).watch("half_plus_two")
    assert next(stream).status == SERVING
    stream.cancel()


def test_watch_of_nobody_says_so_and_stays(channel):
    stream = Health(channel).watch("nobody")
    assert next(stream).status == SERVICE_UNKNOWN
    stream.cancel()


def test_readiness_and_liveness(server):
    assert server.get("/v2/health/ready").status_code == 200
    assert server.get("/v2/health/live").status_code == 200


def test_health_follows_a_model_from_nothing_to_serving(tmp_path):
    """The ports are open and tell the truth before there is anything to serve."""
    (tmp_path / "half").mkdir()
    with apus_serve({"half": tmp_path / "half", "other": MODELS / "half_plus_two_tf2"}) as server:
        server.wait_for("other", 1)
        health = Health(server.channel())
        assert health.check("half") == NOT_SERVING
        assert health.check() == NOT_SERVING
        assert health.check("other") == SERVING
        assert server.get("/v2/health/live").status_code == 200
        assert server.get("/v2/health/ready").status_code == 503
        watch, server_watch = health.watch("half"), health.watch()
        assert next(watch).status == NOT_SERVING and next(server_watch).status == NOT_SERVING
        with pytest.raises(grpc.RpcError) as caught:
            server.prediction().Predict(predict_request("half", {}), timeout=LONG)
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
        assert caught.value.details() == "Servable not found for request: Latest(half)"

        (tmp_path / "half" / "5").symlink_to(MODELS / "half_plus_two" / "1")
        assert next(watch).status == SERVING and next(server_watch).status == SERVING
        assert server.get("/v2/health/ready").status_code == 200
        assert health.check("half") == SERVING

        (tmp_path / "half" / "5").unlink()
        assert next(watch).status == NOT_SERVING
        server.wait_for("half", 5, "END")
        assert eventually(lambda: health.check("half") == NOT_SERVING, "half to stop serving")
        watch.cancel()
        server_watch.cancel()
