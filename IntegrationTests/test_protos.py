"""Our .proto files against the descriptors inside the official wheels: every name, number, type and label.

A message or file that declares less than the official one is listed here with what it leaves out; all others must be
complete.
"""

import importlib
import pathlib
import subprocess

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from support import tensor_golden

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"

# Not in any wheel the project installs; written after the documented formats.
WITHOUT_OFFICIAL = {
    "apus/config/model_options.proto",
    "grpc/health/v1/health.proto",
    "tensorflow/core/grappler/optimizers/inference/batch_op_rewriter.proto",
    "tensorflow/core/tfrt/graph_executor/runtime_config.proto",
    "monolith/agent_service.proto",
    "tensorflow_serving/config/monitoring_config.proto",
    "tensorflow_serving/config/ssl_config.proto",
    "tensorflow_serving/servables/tensorflow/remote_op_config_rewriter.proto",
    "tensorflow_serving/servables/tensorflow/saved_model_bundle_source_adapter.proto",
    "tensorflow_serving/servables/tensorflow/saved_model_config.proto",
    "tensorflow_serving/servables/tensorflow/session_bundle_config.proto",
    "tensorflow_serving/servables/tensorflow/thread_pool_factory_config.proto",
    "tsl/profiler/protobuf/profiler_service.proto",
}

# Services of which we speak a part: what is declared agrees, and there is more.
PARTIAL = {"inference/grpc_service.proto"}

# What SavedModels carry for the graph's own use, and settings of traces: nothing here reads or writes
# them. Readers skip unknown fields, which makes opening a large model cheap.
LEFT_OUT = {
    "tensorflow.MetaGraphDef": {"graph_def", "object_graph_def"},
    "tensorflow.MetaGraphDef.MetaInfoDef": {"stripped_op_list"},
    "tensorflow.TensorInfo.CompositeTensor": {"type_spec"},
    "tensorflow.RunOptions": {"debug_options"},
    # Settings of tracers that are TensorFlow's own.
    "tensorflow.ProfileOptions": {
        "version",
        "device_type",
        "include_dataset_ops",
        "host_tracer_level",
        "device_tracer_level",
        "python_tracer_level",
        "enable_hlo_proto",
        "start_timestamp_ns",
        "repository_path",
        "trace_options",
        "advanced_configuration",
        "raise_error_on_start_failure",
        "session_id",
        "override_hostname",
    },
    # Spans here have no events and no links.
    "opentelemetry.proto.common.v1.AnyValue": {"string_value_strindex"},
    "opentelemetry.proto.common.v1.KeyValue": {"key_strindex"},
    "opentelemetry.proto.resource.v1.Resource": {"entity_refs"},
    "opentelemetry.proto.trace.v1.Span": {"events", "links"},
    "tensorflow.RunMetadata": {"step_stats", "cost_graph", "partition_graphs", "function_graphs"},
}
# Messages and fields of our own in official ones.
POLICY = "tensorflow.serving.FileSystemStoragePathSourceConfig.ServableVersionPolicy"
ADDED = {
    "tensorflow.serving.ModelConfig.apus",
    f"{POLICY}.latest_once",
    f"{POLICY}.LatestOnce",
    f"{POLICY}.LatestOnce.num_versions",
}
LEFT_OUT_MESSAGES = {
    "opentelemetry.proto.common.v1.EntityRef",
    "opentelemetry.proto.trace.v1.Span.Event",
    "opentelemetry.proto.trace.v1.Span.Link",
    "opentelemetry.proto.trace.v1.TracesData",
    "tensorflow.ProfileOptions.TraceOptions",
    "tensorflow.ProfileOptions.AdvancedConfigValue",
    "tensorflow.ProfileOptions.AdvancedConfigurationEntry",
    "tensorflow.RemoteProfilerSessionManagerOptions",
    "tensorflow.RewriterConfig.CustomGraphOptimizer",
    "tensorflow.RunMetadata.FunctionGraphs",
    "tensorflow.TensorConnection",
    "tensorflow.CallableOptions",
    "tensorflow.BatchingOptions",
}
LEFT_OUT_ENUMS = {"tensorflow.ProfileOptions.DeviceType"}


def module_name(path):
    """The Python module that holds the official file."""
    if path == "inference/grpc_service.proto":
        return "tritonclient.grpc.service_pb2"
    if path.startswith("tsl/"):
        path = f"tensorflow/{path}"
    path = path.replace("xla/tsl/", "tensorflow/compiler/xla/tsl/")
    return path.removesuffix(".proto").replace("/", ".") + "_pb2"


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    output = tmp_path_factory.mktemp("protos") / "ours.pb"
    files = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    command = ["protoc", "--proto_path=.", "--include_imports", f"--descriptor_set_out={output}"]
    subprocess.run(command + files, cwd=PROTOS, check=True)
    described = descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes())
    return {file.name: file for file in described.file if not file.name.startswith("google/")}


def official(path):
    file = descriptor_pb2.FileDescriptorProto()
    importlib.import_module(module_name(path)).DESCRIPTOR.CopyToProto(file)
    return file


def field_facts(message, field):
    in_oneof = field.HasField("oneof_index") and not field.proto3_optional
    return {
        "number": field.number,
        "type": FieldDescriptorProto.Type.Name(field.type),
        "type_name": field.type_name,
        "label": FieldDescriptorProto.Label.Name(field.label),
        "oneof": message.oneof_decl[field.oneof_index].name if in_oneof else None,
        "optional": field.proto3_optional,
        "packed": field.options.packed if field.options.HasField("packed") else None,
        "default": field.default_value,
    }


def facts(file):
    """Everything in a file that clients can tell, by full name."""
    found = {"package": file.package, "syntax": file.syntax or "proto2"}

    def add_enum(scope, enum):
        if f"{scope}.{enum.name}" in LEFT_OUT_ENUMS:
            return
        found[f"{scope}.{enum.name}"] = {value.name: value.number for value in enum.value}

    def add_message(scope, message):
        name = f"{scope}.{message.name}"
        if name in LEFT_OUT_MESSAGES:
            return
        found[name] = "map entry" if message.options.map_entry else "message"
        for field in message.field:
            if field.name not in LEFT_OUT.get(name, ()):
                found[f"{name}.{field.name}"] = field_facts(message, field)
        for enum in message.enum_type:
            add_enum(name, enum)
        for nested in message.nested_type:
            add_message(name, nested)

    for enum in file.enum_type:
        add_enum(file.package, enum)
    for message in file.message_type:
        add_message(file.package, message)
    for service in file.service:
        for method in service.method:
            found[f"{file.package}.{service.name}.{method.name}"] = (
                method.input_type,
                method.output_type,
                method.client_streaming,
                method.server_streaming,
            )
    return found


FILES = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))


@pytest.mark.parametrize("path", [path for path in FILES if path not in WITHOUT_OFFICIAL])
def test_declarations_agree_with_the_official_ones(ours, path):
    declared, expected = facts(ours[path]), facts(official(path))
    if path in PARTIAL:
        expected = {name: fact for name, fact in expected.items() if name in declared}
    assert ADDED.isdisjoint(expected)
    assert {name: fact for name, fact in declared.items() if name not in ADDED} == expected


def test_what_is_left_out_exists(ours):
    """A field that is listed as left out but is not in the official message would hide a mistake."""
    pool = descriptor_pool.Default()
    for path in FILES:
        if path not in WITHOUT_OFFICIAL:
            importlib.import_module(module_name(path))
    for name, fields in LEFT_OUT.items():
        assert fields <= {field.name for field in pool.FindMessageTypeByName(name).fields}
    for name in LEFT_OUT_MESSAGES:
        assert pool.FindMessageTypeByName(name)
    for name in LEFT_OUT_ENUMS:
        assert pool.FindEnumTypeByName(name)


def test_messages_without_official_descriptors(ours):
    """Against the numbers of the documented formats."""
    numbers = {
        f"{ours[path].package}.{message.name}": {field.name: field.number for field in message.field}
        for path in WITHOUT_OFFICIAL
        for message in ours[path].message_type
    }
    assert numbers == {
        "apus.ModelOptions": {
            "isolation": 1,
            "pinned": 10,
            "eviction_priority": 11,
            "idle_seconds": 12,
            "minimum_resident_seconds": 13,
            "settle_milliseconds": 30,
            "checksums": 31,
            "session_target": 40,
            "device": 20,
            "replicas": 21,
            "load": 22,
            "together": 23,
            "apart": 24,
            "cpu_group": 25,
        },
        "grpc.health.v1.HealthCheckRequest": {"service": 1},
        "grpc.health.v1.HealthCheckResponse": {"status": 1},
        "monolith.serving.agent_service.AddressList": {"address": 1},
        "monolith.serving.agent_service.GetReplicasRequest": {"server_type": 1, "task": 2, "model_name": 3},
        "monolith.serving.agent_service.GetReplicasResponse": {"address_list": 1},
        "monolith.serving.agent_service.GetResourceRequest": {},
        "monolith.serving.agent_service.GetResourceResponse": {
            "address": 1,
            "shard_id": 2,
            "replica_id": 3,
            "memory": 4,
            "cpu": 5,
            "network": 6,
            "work_load": 7,
        },
        "monolith.serving.agent_service.HeartBeatRequest": {"server_type": 1},
        "monolith.serving.agent_service.HeartBeatResponse": {"addresses": 1},
        "tensorflow.ProfileRequest": {
            "duration_ms": 1,
            "max_events": 2,
            "tools": 3,
            "opts": 4,
            "repository_root": 5,
            "session_id": 6,
            "host_name": 7,
            "emit_xspace": 9,
        },
        "tensorflow.ProfileResponse": {"tool_data": 6, "empty_trace": 7, "xspace": 8},
        "tensorflow.ProfileToolData": {"name": 1, "data": 2},
        "tensorflow.TerminateRequest": {"session_id": 1},
        "tensorflow.TerminateResponse": {},
        "tensorflow.serving.BatchOpRewriteConfig": {
            "model_scheduler_options": 1,
            "batch_options": 2,
            "enable_adaptive_shared_batching_thread_pool": 4,
        },
        "tensorflow.serving.BatchingParameters": {
            "max_batch_size": 1,
            "batch_timeout_micros": 2,
            "max_enqueued_batches": 3,
            "num_batch_threads": 4,
            "thread_pool_name": 5,
            "allowed_batch_sizes": 6,
            "pad_variable_length_inputs": 7,
            "enable_large_batch_splitting": 8,
            "max_execution_batch_size": 9,
        },
        "tensorflow.serving.ModelWarmupOptions": {
            "num_request_iterations": 1,
            "num_model_warmup_threads": 2,
            "model_name": 3,
            "model_version": 4,
            "enable_all_batch_sizes_warmup": 5,
        },
        "tensorflow.serving.MonitoringConfig": {"prometheus_config": 1},
        "tensorflow.serving.PrometheusConfig": {"enable": 1, "path": 2},
        "tensorflow.serving.SSLConfig": {"server_key": 1, "server_cert": 2, "custom_ca": 3, "client_verify": 4},
        "tensorflow.serving.SavedModelBundleSourceAdapterConfig": {"legacy_config": 1000},
        "tensorflow.serving.SavedModelConfig": {"session_overrides": 1, "tfrt_runtime_config": 2, "critical": 3},
        "tensorflow.serving.SessionBundleConfig": {
            "session_target": 1,
            "session_config": 2,
            "batching_parameters": 3,
            "session_run_load_threadpool_index": 4,
            "experimental_transient_ram_bytes_during_load": 5,
            "saved_model_tags": 6,
            "in_graph_batching_parameters": 7,
            "experimental_fixed_input_tensors": 778,
            "enable_model_warmup": 779,
            "model_warmup_options": 780,
            "enable_session_metadata": 781,
            "remove_unused_fields_from_bundle_metagraph": 782,
            "prefer_tflite_model": 783,
            "resource_estimation_uses_validation_result": 784,
            "num_tflite_interpreters": 785,
            "num_tflite_interpreters_per_pool": 786,
            "num_tflite_pools": 787,
            "wrap_session_with_no_threading_params": 788,
            "enable_per_model_batching_params": 789,
            "enable_saved_model_config": 790,
            "mixed_precision": 791,
        },
        "tensorflow.serving.SessionOverrides": {
            "remote_op_remap_config": 1,
            "batch_op_rewriter_config": 2,
            "disable_meta_optimizer": 3,
        },
        "tensorflow.serving.ThreadPoolFactoryConfig": {"thread_pool_factory_config": 1},
        "tensorflow.serving.tools.RemoteOpRemapConfig": {
            "model_name_remap": 1,
            "target_address_remap": 2,
            "propagate_version": 4,
            "propagate_model_name": 5,
            "backend_model_name_to_target_address_remap": 6,
        },
        "tensorflow.tfrt_stub.RuntimeConfigProto": {"config": 1},
    }


def test_generated_code_is_up_to_date():
    subprocess.run([ROOT / "scripts/generate-protos", "--check-hash"], check=True)


def test_golden_tensors_are_what_tensorflow_says():
    assert tensor_golden.GOLDEN.read_bytes() == tensor_golden.golden()
