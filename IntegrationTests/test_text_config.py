"""Configuration in protobuf's text format: what the server accepts, and what each file does to a real TensorFlow."""

import re
import shutil
import subprocess
import sys

import grpc
import numpy
import pytest

from support import text_format_golden
from support.paths import MODELS
from support.server import free_port, run_program, tensorflow_model_server
from support.tensors import array, predict_request
from support.waiting import LONG

HALF = MODELS / "half_plus_two"
# TensorFlow says at this level what its graph optimizer does.
TELL_OF_OPTIMIZER = {
    "TF_CPP_MIN_LOG_LEVEL": "0",
    "TF_CPP_VMODULE": "meta_optimizer=2,auto_mixed_precision=2",
    "TF_ENABLE_ONEDNN_OPTS": "1",
}


def test_the_golden_texts_are_what_protobuf_says(tmp_path):
    fresh = tmp_path / "fresh.json"
    subprocess.run([sys.executable, text_format_golden.__file__, fresh], check=True, stderr=subprocess.DEVNULL)
    assert fresh.read_text() == text_format_golden.GOLDEN.read_text()


def one_model(folder, name, *arguments, **options):
    """A server of one model that fails at once where it cannot load."""
    return tensorflow_model_server(
        f"--port={free_port()}",
        f"--model_name={name}",
        f"--model_base_path={folder}",
        "--max_num_load_retries=0",
        *arguments,
        **options,
    )


# ---- The files ----


@pytest.mark.parametrize(
    "flag, message",
    [
        ("tensorflow_session_config_file", "tensorflow.ConfigProto"),
        ("platform_config_file", "tensorflow.serving.PlatformConfigMap"),
        ("thread_pool_factory_config_file", "tensorflow.serving.ThreadPoolFactoryConfig"),
    ],
)
def test_every_problem_of_a_file_is_on_stderr(flag, message, tmp_path):
    path = tmp_path / "config.txt"
    path.write_text('nonsense: 1\n\tmore { "x" }\n')
    done = run_program("tensorflow_model_server", f"--model_base_path={HALF}", f"--{flag}={path}")
    assert done.returncode == 255
    assert done.stdout == f"Failed to start server. Error: INVALID_ARGUMENT: Invalid protobuf file: '{path}'\n"
    prefix = f"Error parsing text-format {message}: "
    assert done.stderr.splitlines() == [
        f'{prefix}1:9: Message type "{message}" has no field named "nonsense".',
        f'{prefix}2:14: Message type "{message}" has no field named "more".',
        f'{prefix}2:16: Expected identifier, got: "x"',
    ]


def test_a_file_that_is_missing(tmp_path):
    path = tmp_path / "missing"
    done = run_program("tensorflow_model_server", f"--model_base_path={HALF}", f"--tensorflow_session_config_file={path}")
    assert done.returncode == 255
    assert done.stdout == f"Failed to start server. Error: NOT_FOUND: {path}; No such file or directory\n"


# ---- What they do ----


@pytest.fixture(scope="module")
def pinned_to_gpu(tmp_path_factory):
    """A model whose one operation insists on a GPU, which is not there."""
    import tensorflow as tf

    tf1 = tf.compat.v1
    path = tmp_path_factory.mktemp("pinned")
    with tf.Graph().as_default(), tf1.Session(config=tf1.ConfigProto(allow_soft_placement=True)) as session:
        with tf.device("/gpu:0"):
            x = tf1.placeholder(tf.float32, [None], name="x")
            y = tf.multiply(x, 2.0, name="y")
        builder = tf1.saved_model.Builder(str(path / "1"))
        signature = tf1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map={"serving_default": signature})
        builder.save()
    return path


def test_a_session_configuration_reaches_tensorflow(pinned_to_gpu, tmp_path):
    with one_model(pinned_to_gpu, "pinned") as server:
        server.wait_for("pinned", 1, "END")
    config = tmp_path / "session.txt"
    config.write_text("allow_soft_placement: true # GPUs are rare")
    with one_model(pinned_to_gpu, "pinned", f"--tensorflow_session_config_file={config}") as server:
        server.wait_for("pinned", 1)
        answer = server.prediction().Predict(predict_request("pinned", {"x": numpy.float32([2])}), timeout=LONG)
        assert array(answer.outputs["y"]).tolist() == [4.0]


def test_a_platform_configuration_replaces_the_session_flags(pinned_to_gpu, tmp_path):
    config = tmp_path / "platform.txt"
    config.write_text(
        """
        platform_configs {
          key: "tensorflow"
          value {
            source_adapter_config {
              [type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig] {
                legacy_config { session_config { allow_soft_placement: true } saved_model_tags: "serve" }
              }
            }
          }
        }
        """
    )
    arguments = [f"--platform_config_file={config}", "--saved_model_tags=no_such_tag"]
    with one_model(pinned_to_gpu, "pinned", *arguments) as server:
        server.line("--platform_config_file replaces --saved_model_tags")
        server.wait_for("pinned", 1)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A model that asks to be compiled."""
    import tensorflow as tf

    class Compiled(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")], jit_compile=True)
        def double(self, x):
            return {"y": x * 2.0}

    path = tmp_path_factory.mktemp("compiled")
    module = Compiled()
    tf.saved_model.save(module, str(path / "1"), {"serving_default": module.double})
    return path


@pytest.mark.parametrize("flag", ["--xla_cpu_compilation_enabled", "--xla_gpu_compilation_enabled", None])
def test_xla_compiles_only_where_a_flag_allows_it(flag, compiled):
    with one_model(compiled, "compiled", *[flag] if flag else []) as server:
        server.wait_for("compiled", 1)
        request = predict_request("compiled", {"x": numpy.float32([2])})
        if flag:
            answer = server.prediction().Predict(request, timeout=LONG)
            assert array(answer.outputs["y"]).tolist() == [4.0]
        else:
            with pytest.raises(grpc.RpcError, match="XLA compilation disabled"):
                server.prediction().Predict(request, timeout=LONG)


def optimizer_log(folder, *arguments):
    """What TensorFlow tells of its graph optimizer while it loads a model and runs it once."""
    with one_model(folder, "model", *arguments, environment=TELL_OF_OPTIMIZER) as server:
        server.wait_for("model", 1)
        server.prediction().Predict(predict_request("model", {"x": numpy.float32([2])}), timeout=LONG)
        return server.output


@pytest.fixture(scope="module")
def usual_log():
    return optimizer_log(HALF)


def test_the_environment_reaches_tensorflow(usual_log):
    assert "meta_optimizer.cc" in usual_log


def test_mixed_precision_runs_the_rewriter(usual_log):
    line = "Running auto_mixed_precision_onednn_bfloat16 graph optimizer"
    assert line not in usual_log
    assert line in optimizer_log(HALF, "--mixed_precision=bfloat16")


def copy_with_config(tmp_path, content):
    shutil.copytree(HALF, tmp_path / "model")
    extra = tmp_path / "model/1/assets.extra"
    extra.mkdir(exist_ok=True)
    (extra / "saved_model_config.pb").write_bytes(content)
    return tmp_path / "model"


def test_a_version_may_do_without_the_graph_optimizer(usual_log, tmp_path):
    assert "item.id=tf_graph" in usual_log
    # session_overrides { disable_meta_optimizer: true }
    assert "item.id=tf_graph" not in optimizer_log(copy_with_config(tmp_path, b"\x0a\x02\x18\x01"))


def test_a_version_may_name_optimizers(tmp_path):
    # session_overrides { remote_op_remap_config { propagate_version: true } batch_op_rewriter_config { } }
    log = optimizer_log(copy_with_config(tmp_path, b"\x0a\x06\x0a\x02\x20\x01\x12\x00"))
    for name in ["remote_op_config_rewrite", "batch_op_rewriter"]:
        assert re.search(rf"Can't register an optimizer by name: {name}", log)


def test_settings_of_a_version_that_cannot_be_read_are_a_warning(tmp_path):
    with one_model(copy_with_config(tmp_path, b"\x0a\x09"), "model") as server:
        server.wait_for("model", 1)
        server.line("Unable to parse SavedModelConfig: .*/assets.extra/saved_model_config.pb")
