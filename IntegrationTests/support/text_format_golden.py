"""Texts in protobuf's text format, and what protobuf's own C++ parser says to each.

    python IntegrationTests/support/text_format_golden.py [FILE]    writes Tests/Golden/text-format.json, or FILE

The parser is the one inside TensorFlow (`tf.io.decode_proto`, which logs as TensorFlow Serving does); it reads our
descriptors. WireFormatTests hold ours to the file; test_text_config holds the file to the parser.
"""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "Tests/Golden/text-format.json"

MODELS = "tensorflow.serving.ModelServerConfig"
SESSION = "tensorflow.ConfigProto"
DEVICES = "tensorflow.GPUOptions.Experimental.VirtualDevices"
PLATFORMS = "tensorflow.serving.PlatformConfigMap"
ATTRIBUTE = "tensorflow.AttrValue"
BATCHING = "tensorflow.serving.BatchingParameters"
FACTORY = "tensorflow.serving.ThreadPoolFactoryConfig"
# A field for decode_proto to ask for: (name, number of the element type).
FIELDS = {
    MODELS: ("model_config_list", "string"),
    SESSION: ("inter_op_parallelism_threads", "int32"),
    DEVICES: ("priority", "int32"),
    PLATFORMS: ("platform_configs", "string"),
    ATTRIBUTE: ("placeholder", "string"),
    BATCHING: ("allowed_batch_sizes", "int64"),
    FACTORY: ("thread_pool_factory_config", "string"),
}


def texts():
    """All cases, as pairs of a message's name and a text."""

    in_a_model = [
        'name "a"',
        "name: a",
        "name: 5",
        'name: ["a"]',
        'name: "a" "b"',
        "name: \"a\" 'b'",
        'name: "a"\n"b"',
        'name: "a',
        "name: 'a\"",
        'name: "a\nb"',
        'name: "a\\\nb"',
        'name: "a" name: "b"',
        'name: "" name: "b"',
        'name: "a", name: "b"',
        "name: \"\\n\\t\\\\\\\"\\'\\?\\a\\b\\f\\r\\v\"",
        'name: "\\101\\7\\x41\\X4"',
        'name: "\\u0041\\U00000041\\U0001F600"',
        'name: "\\ud83d\\ude00"',
        'name: "\\q"',
        'name: "\\x"',
        'name: "\\u12"',
        'name: "\\U00110000"',
        'name: "\\U0010FFFF"',
        'name: "\\U12345678"',
        'name: "\\',
        'name: "caf\u00e9"',
        "caf\u00e9: 1",
        "name: \u00e9",
        'name: "\u0001"',
        'name: "a\u0000b"',
        "model_type: TENSORFLOW",
        "model_type: 1",
        "model_type: 0x1",
        "model_type: 99",
        "model_type: -1",
        "model_type: 99999999999",
        "model_type: FOO",
        'model_type: "TENSORFLOW"',
        "model_type: 1.5",
        "model_type: tensorflow",
        "model_type: - 1",
        "model_type: -FOO",
        'version_labels { key: "a" value: 1 }',
        'version_labels: { key: "a", value: 1 }',
        'version_labels { key: "a" }',
        "version_labels { value: 1 }",
        "version_labels { }",
        'version_labels { key: "a" value: "b" }',
        "version_labels { key: 5 value: 1 }",
        'version_labels { kay: "a" value: 1 }',
        'version_labels { key: "a" key: "b" value: 1 }',
        'version_labels { key: "a" value: 0 value: 1 }',
        'version_labels { key: "a" value: 1 value: 1 }',
        'version_labels [{ key: "a" value: 1 }, {key: "b" value: 2}]',
        'version_labels: "a"',
        "version_labels: 5",
        "model_version_policy { latest { num_versions: 2 } }",
        "model_version_policy { latest { num_versions: -2 } }",
        "model_version_policy { latest { num_versions: 4294967295 } }",
        "model_version_policy { latest { num_versions: 4294967296 } }",
        "model_version_policy { all {} specific {} }",
        "model_version_policy { all {} all {} }",
        "model_version_policy { all: }",
        "model_version_policy { all }",
        "model_version_policy: { specific: { versions: 1 versions: [2, 3] } }",
        "model_version_policy { specific { versions: [1 2] } }",
        "model_version_policy { specific { versions: [1, ] } }",
        "model_version_policy { specific { versions: [] } }",
        "model_version_policy { specific { versions [1] } }",
        "model_version_policy { specific { versions: 9223372036854775807 } }",
        "model_version_policy { specific { versions: 9223372036854775808 } }",
        "model_version_policy { specific { versions: -9223372036854775808 } }",
        "model_version_policy { specific { versions: -9223372036854775809 } }",
        "model_version_policy { specific { versions: 0x7fffffffffffffff } }",
        "model_version_policy { specific { versions: 0777 } }",
        "model_version_policy { specific { versions: 089 } }",
        "model_version_policy { specific { versions: 0x } }",
        "model_version_policy { specific { versions: 0xg } }",
        "model_version_policy { specific { versions: 1a } }",
        "model_version_policy { specific { versions: 1.0 } }",
        "model_version_policy { specific { versions: 1e3 } }",
        "model_version_policy { specific { versions: 1f } }",
        "model_version_policy { specific { versions: +1 } }",
        "model_version_policy { specific { versions: --1 } }",
        "model_version_policy { specific { versions: - 1 } }",
        "model_version_policy { specific { versions: [1, a, 3] } }",
        'model_version_policy { specific { versions: "1" } }',
        "model_version_policy { specific { versions: 00 } }",
        "model_version_policy { specific { versions: 0x1.5 } }",
        "model_version_policy { specific { versions: 07.5 } }",
    ]
    for text in in_a_model:
        yield MODELS, "model_config_list { config { %s } }" % text
    numbers = [
        "1",
        "1.5",
        "1.5f",
        "1f",
        "1.",
        ".5",
        "-.5",
        "1e5",
        "1e-5",
        "1E+5",
        "1e",
        "1e+",
        "inf",
        "-inf",
        "Infinity",
        "-INFINITY",
        "nan",
        "-nan",
        "NaN",
        "inff",
        "infinit",
        "1e999",
        "-1e999",
        "0x10",
        "010",
        "0",
        "00",
        "1.5.5",
        "1.5e5.5",
        "1..5",
        "1.5x",
        '"1"',
        "true",
        "",
        "-",
        "--1",
        "18446744073709551616",
        "123456789012345678901234567890",
        "0.1F",
        "1e5f",
        "0f",
        "0.",
        ".",
        "-x",
        "a.5",
        "x .5",
        "1 .5",
    ]
    for text in numbers:
        yield SESSION, "gpu_options { per_process_gpu_memory_fraction: %s }" % text
        yield DEVICES, "memory_limit_mb: %s" % text
    others = {
        MODELS: [
            "",
            " ",
            "#c",
            "# c\n",
            "model_config_list {}",
            "model_config_list: {}",
            "model_config_list <>",
            "model_config_list: <>",
            "model_config_list { config { } config: { }, config < >; }",
            'model_config_list { config: [{name: "a"}, <name: "b">] }',
            "model_config_list { config: [] }",
            "model_config_list { config [] }",
            "model_config_list { config: [{},] }",
            "model_config_list { config: [{} {}] }",
            "model_config_list: []",
            "model_config_list: [{}]",
            "model_config_list {",
            "model_config_list { config {",
            "model_config_list }",
            "}",
            ">",
            "model_config_list { >",
            "model_config_list < }",
            "model_config_list { ]",
            "foo",
            "foo:",
            "foo: 1",
            "foo { }",
            "foo  :  1",
            "  foo\n  : 1",
            "\tfoo: 1",
            "\t \tfoo: 1",
            "Model_config_list {}",
            "MODEL_CONFIG_LIST {}",
            "model_config_list {} model_config_list {}",
            "model_config_list {} custom_model_config {}",
            "custom_model_config {} model_config_list {}",
            "model_config_list {},,",
            "model_config_list {};,",
            ",model_config_list {}",
            "model_config_list,{}",
            "1: {}",
            '"x": 1',
            "model_config_list {} 5",
            'model_config_list {} "x"',
            "[a.b]: 1",
            "[a.b] {}",
            "[type.googleapis.com/a.b] {}",
            "[a..b]: 1",
            "[]: 1",
            "[a b]: 1",
            "[a",
            '[a "',
            "[ a.b # c\n ]: 1",
            "\u00e9",
            "\ufeffmodel_config_list {}",
            "\u0001",
            "\u0001\u0002 \u0003foo",
            "model_config_list {\u0000}",
            "\u007f",
            "model_config_list { config { logging_config { sampling_config { sampling_rate: 0.5 } } } }",
            'model_config_list { config { logging_config { sampling_config { sampling_rate: "0.5" } } } }',
        ],
        SESSION: [
            "intra_op_parallelism_threads: 2147483647",
            "intra_op_parallelism_threads: 2147483648",
            "intra_op_parallelism_threads: -2147483648",
            "intra_op_parallelism_threads: -2147483649",
            "intra_op_parallelism_threads: 0 intra_op_parallelism_threads: 1",
            "intra_op_parallelism_threads: 1 intra_op_parallelism_threads: 0",
            "allow_soft_placement: true",
            "allow_soft_placement: True",
            "allow_soft_placement: TRUE",
            "allow_soft_placement: t",
            "allow_soft_placement: f",
            "allow_soft_placement: False",
            "allow_soft_placement: false",
            "allow_soft_placement: 1",
            "allow_soft_placement: 0",
            "allow_soft_placement: 2",
            "allow_soft_placement: 0x1",
            "allow_soft_placement: -1",
            "allow_soft_placement: yes",
            'allow_soft_placement: "true"',
            "allow_soft_placement: 1.0",
            "allow_soft_placement: false allow_soft_placement: true",
            "allow_soft_placement: true allow_soft_placement: true",
            'device_count { key: "CPU" value: 2 }',
            "graph_options { optimizer_options { global_jit_level: ON_2 opt_level: L0 } }",
            "graph_options { optimizer_options { global_jit_level: -1 } }",
            "graph_options { skip_common_subexpression_elimination: 5 }",
            "graph_options { skip_common_subexpression_elimination { a: 5 b { } } infer_shapes: true }",
            "graph_options { skip_common_subexpression_elimination: }",
            "graph_options { skip_common_subexpression_elimination }",
            'graph_options { skip_common_subexpression_elimination: [1, "x", {a: 1}] infer_shapes: 7 }',
            "graph_options { skip_common_subexpression_elimination: -x }",
            "graph_options { skip_common_subexpression_elimination: -inf }",
            "graph_options { skip_common_subexpression_elimination { a 5 } }",
            "graph_options { skip_common_subexpression_elimination { a: ] } }",
            "graph_options { skip_common_subexpression_elimination { 5 } }",
            "graph_options { skip_common_subexpression_elimination { > }",
            "graph_options { skip_common_subexpression_elimination { [a.b/c]: 1 } }",
            "graph_options { skip_common_subexpression_elimination: [1 2] }",
            "graph_options { skip_common_subexpression_elimination {",
            'graph_options { rewrite_options { custom_optimizers { name: "x" parameter_map { key: "k" value { s: "\\377\\xfe" } } } } }',
        ],
        DEVICES: [
            "memory_limit_mb: [1, 2.5, inf]",
            "memory_limit_mb: [1, 0x2]",
            "memory_limit_mb: 3.5e38",
        ],
        ATTRIBUTE: [
            's: "\\377"',
            's: "a" i: 5',
            "i: 5 i: 5",
            "i: 0 i: 0",
            "b: false f: 1",
            'list { s: ["a", "b"] i: [1,2] b: [true, 0] type: [DT_FLOAT, 3] }',
            'func { name: "x" attr { key: "a" value { type: DT_FLOAT } } }',
            's: "\\ud83d"',
        ],
        BATCHING: [
            "max_batch_size { value: 128 }",
            "max_batch_size: 128",
            "max_batch_size { value: 1 value: 2 }",
            "max_batch_size { value: 0 value: 2 }",
            "allowed_batch_sizes: 1 allowed_batch_sizes: [2, 4]",
            'thread_pool_name { value: "x" }',
            "enable_large_batch_splitting { value: true }",
            "allowed_batch_sizes { value: 1 }",
            "pad_variable_length_inputs { value: true }",
        ],
        FACTORY: [
            "thread_pool_factory_config { [type.googleapis.com/tensorflow.serving.BatchingParameters] { max_batch_size { value: 1 } } }",
            'thread_pool_factory_config { type_url: "a/b" value: "\\001" }',
            "thread_pool_factory_config { [type.googleapis.com/tensorflow.serving.BatchingParameters]: { } }",
            "thread_pool_factory_config { [type.googleapis.com/tensorflow.serving.BatchingParameters] < > }",
            "thread_pool_factory_config { [type.googleapis.com/tensorflow.serving.Nope] { } }",
            "thread_pool_factory_config { [tensorflow.serving.BatchingParameters] { } }",
            "thread_pool_factory_config { [/tensorflow.serving.BatchingParameters] { } }",
            "thread_pool_factory_config { [//tensorflow.serving.BatchingParameters] { } }",
            "thread_pool_factory_config { [a/b/tensorflow.serving.BatchingParameters] { } }",
            "thread_pool_factory_config { [type.googleapis.com/] { } }",
            "thread_pool_factory_config { [type.googleapis.com/tensorflow..x] { } }",
            "thread_pool_factory_config { [ type.googleapis.com / tensorflow.serving.BatchingParameters ] { } }",
            "thread_pool_factory_config { [a%4/tensorflow.serving.BatchingParameters] { } }",
            "thread_pool_factory_config { [a%41/tensorflow.serving.BatchingParameters] { } }",
            "thread_pool_factory_config { [type.googleapis.com/tensorflow.serving.BatchingParameters] { } [type.googleapis.com/tensorflow.serving.BatchingParameters] { } }",
            'thread_pool_factory_config { [type.googleapis.com/tensorflow.serving.BatchingParameters] { } type_url: "x" }',
            'thread_pool_factory_config { type_url: "x" [type.googleapis.com/tensorflow.serving.BatchingParameters] { } }',
            "thread_pool_factory_config { [type.googleapis.com/tensorflow.serving.BatchingParameters] { foo: 1 } }",
            "thread_pool_factory_config { [type.googleapis.com/tensorflow.serving.BatchingParameters] 5 }",
            "thread_pool_factory_config { [type.googleapis.com/tensorflow.serving.BatchingParameters] }",
            "thread_pool_factory_config { [type.googleapis.com/tensorflow.serving.BatchingParameters }",
            "thread_pool_factory_config { foo: 1 }",
            "thread_pool_factory_config { [type.googleapis.com/tensorflow.serving.BatchingParameters] { max_batch_size { value: 1 } }, }",
            "thread_pool_factory_config { [type.googleapis.com/google.protobuf.Any] { [type.googleapis.com/tensorflow.serving.BatchingParameters] { } } }",
        ],
        PLATFORMS: [
            'platform_configs { key: "tensorflow" value { source_adapter_config { [type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig] { legacy_config { session_config { intra_op_parallelism_threads: 1 } batching_parameters { max_batch_size { value: 8 } } saved_model_tags: "serve" saved_model_tags: ["a","b"] enable_model_warmup: true } } } } }',
            'platform_configs { key: "tensorflow" value { source_adapter_config { [type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig] { legacy_config { nope: 1 } } } } }',
        ],
    }
    for message, several in others.items():
        for text in several:
            yield message, text

def descriptors(path):
    """Writes our descriptors to `path`."""
    protos = sorted(str(file.relative_to(ROOT / "protos")) for file in (ROOT / "protos").rglob("*.proto"))
    subprocess.run(
        ["protoc", "--proto_path=protos", "--include_imports", f"--descriptor_set_out={path}", *protos],
        cwd=ROOT,
        check=True,
    )


class Parser:
    """Protobuf's C++ parser, by the log it writes."""

    def __init__(self, folder):
        import tensorflow

        self.tf = tensorflow
        self.descriptors = os.path.join(folder, "descriptors.pb")
        descriptors(self.descriptors)

    def problem(self, message, text):
        """`LINE:COLUMN: WHY` of the first problem, `None` when there is none."""
        name, kind = FIELDS[message]
        with tempfile.TemporaryFile() as log:
            stderr = os.dup(2)
            os.dup2(log.fileno(), 2)
            try:
                self.tf.io.decode_proto(
                    [text.encode()],
                    message,
                    [name],
                    [self.tf.dtypes.as_dtype(kind)],
                    descriptor_source=self.descriptors,
                    message_format="text",
                )
                return None
            except self.tf.errors.DataLossError:
                pass
            finally:
                os.dup2(stderr, 2)
                os.close(stderr)
            log.seek(0)
            said = log.read().decode(errors="replace")
        return re.search(r"Error parsing text-format \S+: (.*)", said)[1]


def golden():
    with tempfile.TemporaryDirectory() as folder:
        parser = Parser(folder)
        return [{"message": message, "text": text, "problem": parser.problem(message, text)} for message, text in texts()]


def write(path):
    path.write_text(json.dumps(golden(), indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    # A process of its own: TensorFlow reads this once, at its start, and tests are quieter.
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    write(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN)
