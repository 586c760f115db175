"""Fixtures shared by the integration tests: a real server process, asked by real clients."""

import os
import pathlib
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
# A proxy of the machine must not stand between a test and a server on loopback.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
# What servers remember between starts is no affair of the machine's, nor of an earlier run of the tests.
state_home = tempfile.TemporaryDirectory()
os.environ["XDG_STATE_HOME"] = state_home.name
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import pytest  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc  # noqa: E402

from support.paths import MODELS  # noqa: E402
from support.reference import DEMO_MODELS  # noqa: E402
from support.server import apus_serve, short_temporary_folder  # noqa: E402
from support.weighty import write_weighty  # noqa: E402

# As the server runs models: one thread for an op, so that sums are added up in the same order.
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)


@pytest.fixture(scope="session")
def socket_path():
    with short_temporary_folder() as folder:
        yield f"{folder}/grpc.sock"


@pytest.fixture(scope="session")
def server(socket_path):
    """`apus serve` with all demo models, for tests that leave it as they find it."""
    models = {name: MODELS / name for name in DEMO_MODELS}
    with apus_serve(models, f"--socket={socket_path}") as server:
        server.wait_until_ready()
        yield server
        server.check_running()


@pytest.fixture(scope="session")
def channel(server):
    return server.channel()


@pytest.fixture(scope="session")
def prediction(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="session")
def models(channel):
    return model_service_pb2_grpc.ModelServiceStub(channel)


@pytest.fixture(scope="session")
def weighty(tmp_path_factory):
    """A model with 64 MiB of variables, for tests that link to its files."""
    return write_weighty(tmp_path_factory.mktemp("weighty") / "1")
