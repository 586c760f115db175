"""Batching as configured (`--enable_batching`), seen through a model that tells what batches it gets."""

import concurrent.futures
import json
import shutil

import grpc
import numpy
import pytest

from support.paths import MODELS
from support.server import apus_serve, free_port, run_program, tensorflow_model_server
from support.tensors import array, predict_request
from support.waiting import LONG, eventually

# Longer than any test: only a full batch, or a later request that does not fit, lets a batch go.
FOREVER = 1_000_000_000

WHEN_FULL = f"""
    max_batch_size {{ value: 4 }}
    batch_timeout_micros {{ value: {FOREVER} }}
    max_enqueued_batches {{ value: 100 }}
    num_batch_threads {{ value: 2 }}
"""


def serve(folder, parameters=None, *arguments, model="batch_watcher"):
    """The stock binary's command line, with batching; `parameters` as the text of the file."""
    flags = [f"--port={free_port()}", f"--rest_api_port={free_port()}", "--enable_batching"]
    if parameters is not None:
        path = folder / "batching.txt"
        path.write_text(parameters)
        flags.append(f"--batching_parameters_file={path}")
    return tensorflow_model_server(
        *flags, f"--model_name={model}", f"--model_base_path={MODELS / model}", *arguments
    )


def watch(stub, *values, signature="", outputs=(), timeout=LONG):
    request = predict_request("batch_watcher", {"x": numpy.float32(values)}, signature, output_filter=outputs)
    return stub.Predict.future(request, timeout=timeout)


def outputs(call):
    return {name: array(value) for name, value in call.result().outputs.items()}


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A server whose batches are of four rows, always."""
    with serve(tmp_path_factory.mktemp("full"), WHEN_FULL) as server:
        server.wait_until_ready()
        yield server
        server.check_running()


def test_rows_of_several_requests_run_together(full):
    stub = full.prediction()
    calls = [watch(stub, 1), watch(stub, 2, 3), watch(stub, 4)]
    answers = [outputs(call) for call in calls]
    assert [answer["echo"].tolist() for answer in answers] == [[1.0], [2.0, 3.0], [4.0]]
    assert [answer["rows"].tolist() for answer in answers] == [[4], [4, 4], [4]]
