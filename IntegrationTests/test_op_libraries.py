"""Models with operations that TensorFlow does not have: TensorFlow Text's are found, others are named at start."""

import shutil
import subprocess

import pytest
import tensorflow as tf

from support.paths import MODELS, ROOT
from support.server import apus_serve, run_program, tensorflow_model_server
from support.versions import publish
from support.waiting import eventually

QUICK = ["--load-retries=0", "--load-retry-seconds=0"]
TEXT_LIBRARIES = ROOT / ".deps/tensorflow-text/lib"


@pytest.fixture(scope="module")
def op_library(tmp_path_factory):
    """A library with ApusTestScale, built against the headers that come with TensorFlow."""
    library = tmp_path_factory.mktemp("op") / "libscale.so"
    compiler = shutil.which("clang") or shutil.which("cc")
    folder = ROOT / ".deps/tensorflow/lib"
    subprocess.run(
        [
            compiler, "-shared", "-fPIC", "-O1", f"-I{tf.sysconfig.get_include()}", "-o", library,
            ROOT / "IntegrationTests/op_library/scale_op.cc", f"-L{folder}", "-l:libtensorflow_framework.so.2",
        ],
        check=True,
    )  # fmt: skip
    return library


def test_an_operation_nobody_knows_ends_the_model_with_its_name():
    with apus_serve({"model": MODELS / "unknown_operation"}, *QUICK) as server:
        server.wait_for("model", 1, "END")
        status = server.version_status("model", 1).status
        assert status.error_code == 5
        assert status.error_message.startswith("Op type not registered 'ApusTestScale' in binary running on ")
        eventually(lambda: "Op type not registered 'ApusTestScale'" in server.output, "the reason in the log")


def test_an_op_library_that_is_named_at_start_brings_its_operations(op_library):
    with apus_serve({"model": MODELS / "unknown_operation"}, f"--op-library={op_library}", *QUICK) as server:
        server.wait_for("model", 1)
        answer = server.post("/v1/models/model:predict", {"instances": [1.0, 2.0, 5.0]})
        assert answer.json() == {"predictions": [3.0, 6.0, 15.0]}


def test_the_flag_takes_several_libraries(op_library, tmp_path):
    second = tmp_path / "again.so"
    second.symlink_to(TEXT_LIBRARIES / "_regex_split_ops.so")
    arguments = ["--port=0", f"--grpc_socket_path={tmp_path}/s", "--model_name=model"]
    libraries = f"--op_libraries={op_library},{second}"
    with tensorflow_model_server(*arguments, f"--model_base_path={MODELS}/unknown_operation", libraries) as server:
        server.line("state=AVAILABLE")


@pytest.mark.parametrize(
    "content, reason",
    [(None, "cannot open shared object file: No such file or directory"), (b"not a library", "file too short|invalid ELF")],
    ids=["missing", "no library"],
)
def test_an_op_library_that_cannot_be_loaded_is_a_refusal_to_start(tmp_path, content, reason):
    path = tmp_path / "ops.so"
    if content is not None:
        path.write_bytes(content)
    run = run_program("apus", "serve", f"--model=m={MODELS}/half_plus_two", "--port=0", f"--op-library={path}")
    assert run.returncode == 1
    assert f"cannot load the op library {path}: " in run.stderr
    assert any(part in run.stderr for part in reason.split("|")), run.stderr
    assert "It has to be a shared object built for TensorFlow 2." in run.stderr


def test_an_op_library_for_another_tensorflow_is_a_refusal_to_start(tmp_path):
    """One that needs a function which this TensorFlow does not have."""
    source = tmp_path / "ops.c"
    source.write_text("void no_such_function(void); void *needed = no_such_function;")
    path = tmp_path / "ops.so"
    compiler = shutil.which("clang") or shutil.which("cc")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", path, source], check=True)
    run = run_program(
        "tensorflow_model_server", "--port=0", f"--grpc_socket_path={tmp_path}/s", f"--op_libraries={path}",
        f"--model_base_path={MODELS}/half_plus_two",
    )  # fmt: skip
    assert run.returncode == 255
    assert f"cannot load the op library {path}: " in run.stdout + run.stderr
    assert "undefined symbol: no_such_function" in run.stdout + run.stderr


def test_a_model_with_an_operation_of_tensorflow_text_serves(tmp_path):
    base = tmp_path / "model"
    base.mkdir()
    publish("text_split", base, 1)
    with apus_serve({"model": base}, *QUICK) as server:
        server.wait_for("model", 1)
        answer = server.post("/v1/models/model:predict", {"inputs": ["one two,three", "four"]}).json()
        assert answer == {"outputs": {"tokens": ["one", "two", "three", "four"], "row_splits": [0, 3, 4]}}
        # Once they are there, they are there for the next model, too.
        publish("text_split", base, 2)
        server.wait_for("model", 2)


def test_every_library_of_tensorflow_text_fits_this_tensorflow():
    libraries = [f"--op-library={path}" for path in sorted(TEXT_LIBRARIES.glob("*.so"))]
    assert len(libraries) > 15
    with apus_serve({"model": MODELS / "text_split"}, *libraries, *QUICK) as server:
        server.wait_for("model", 1)
