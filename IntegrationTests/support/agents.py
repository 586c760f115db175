"""`apus agent`: deployments of entries and shards of embeddings, on addresses of the loopback network."""

import subprocess

import numpy
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from .embedding_shards import Table, multi_shard
from .entry_models import SHARDS, TABLES, row, write_entry
from .paths import BUILD, ROOT
from .server import Server
from .versions import settle

# As the document has it, but for the lines that a test writes itself.
REST_OF_THE_DOCUMENT = """
deploy_type unified # always unified
agent_version 3 # always 3

# tensorflow serving flags
fetch_ps_timeout_ms 10000
enable_batching false
tensorflow_session_parallelism 0
tensorflow_intra_op_parallelism 0
tensorflow_inter_op_parallelism 0
per_process_gpu_memory_fraction 0
num_load_threads 0
num_unload_threads 0
max_num_load_retries 5
load_retry_interval_micros 60 * 1000 * 1000
file_system_poll_wait_seconds 60
flush_filesystem_caches true
saved_model_tags none
grpc_channel_arguments none
grpc_max_threads 0
enable_model_warmup true
enable_signature_method_name_check false
xla_cpu_compilation_enabled false
enable_profiler true
"""

IDS = 300


def write_export(folder, model="rec"):
    """An entry and `SHARDS` shards: each has the rows of its ids, and zeros for those of the others."""
    write_entry(folder / "entry" / "1", model)
    for shard in range(SHARDS):
        tables = [
            Table(name, width, {id: row(name, id) for id in range(IDS) if id % SHARDS == shard})
            for name, width in TABLES.items()
        ]
        settle(multi_shard(folder / f"ps_{shard}" / "1", tables))
    return folder


def ids(count=20, seed=1):
    return numpy.random.default_rng(seed).integers(0, IDS, count)


class Agent(Server):
    """An agent that listens on `host`, and whose tables are cached in `folder`."""

    def __init__(self, conf, folder, *arguments, host="127.0.0.1", environment=None):
        self.host = host
        super().__init__(
            BUILD / "apus",
            "agent",
            f"--conf={conf}",
            f"--host={host}",
            f"--embedding-cache-dir={folder / f'tables-{host}'}",
            f"--state-file={folder / f'state-{host}'}",
            "--zk-session-seconds=2",
            *arguments,
            environment=environment,
        )

    @property
    def grpc_address(self):
        return f"{self.host}:{self.grpc_port}"

    @property
    def rest_url(self):
        return f"http://{self.host}:{self.rest_port}"

    @property
    def agent_address(self):
        return f"{self.host}:" + self.line(r"Running the agent's service at \S*?:(\d+)")[1]

    def cluster(self):
        answer = self.get("/v1/cluster")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def routes(self):
        return {route["name"]: route["addresses"] for route in self.cluster()["routes"]}


class AgentServiceClient:
    """A client made of the declarations, as an entry of Monolith's has one."""

    def __init__(self, channel):
        command = ["protoc", "--proto_path=protos", "--descriptor_set_out=/dev/stdout", "monolith/agent_service.proto"]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(done.stdout).file:
            pool.Add(file)
        service = pool.FindServiceByName("monolith.serving.agent_service.AgentService")
        for method in service.methods:
            request = message_factory.GetMessageClass(method.input_type)
            response = message_factory.GetMessageClass(method.output_type)
            call = channel.unary_unary(
                f"/{service.full_name}/{method.name}", request.SerializeToString, response.FromString
            )
            setattr(self, method.name, lambda _call=call, _request=request, **fields: _call(_request(**fields), timeout=60))
