"""Triton: the genuine tritonserver of the nvidia-pytriton wheel, started directly, models in its Python backend."""
import json
import shutil
import sysconfig
import urllib.request

import wire
from adapters.peer import DidNotStart, Endpoint, Peer, free_port

CONFIG = """\
name: "{model}"
backend: "python"
max_batch_size: {batch}
input [{{ name: "{input}" data_type: TYPE_FP32 dims: [{columns}] }}]
output [{{ name: "{output}" data_type: TYPE_FP32 dims: [{outputs}] }}]
dynamic_batching {{ {queue} }}
instance_group [{{ count: {instances} kind: KIND_CPU }}]
"""
BOUNDED = """default_queue_policy {{ max_queue_size: {size} timeout_action: REJECT
 default_timeout_microseconds: {timeout} }}"""


class Triton(Peer):
    name = "Triton"
    floors = {"GET /v2/health/live": "/v2/health/live"}
    grid = (
        {"instances": 1, "batch": 32, "queue": 16, "timeout_us": 5000},
        {"instances": 2, "batch": 8, "queue": 16, "timeout_us": 10000},
        {"instances": 2, "batch": 32, "queue": 32, "timeout_us": 10000},
    )

    def __init__(self, bench, tuning=None, label="default"):
        super().__init__(bench, tuning, label)
        self.grpc_port, self.metrics_port = free_port(), free_port()

    def prepare(self):
        bundle = self.bench.packages / "pytriton/tritonserver"
        if not bundle.is_dir():
            raise DidNotStart("the wheel nvidia-pytriton brings no tritonserver here")
        shutil.rmtree(self.folder / "backends", ignore_errors=True)
        shutil.copytree(bundle / "backends/python", self.folder / "backends/python")
        stub = bundle / "python_backend_stubs" / sysconfig.get_python_version() / "triton_python_backend_stub"
        shutil.copy(stub, self.folder / "backends/python")
        for model, (tensor, output, rows, expected) in self.bench.questions.items():
            place = self.folder / "models" / model
            (place / "1").mkdir(parents=True, exist_ok=True)
            queue = ""
            if "queue" in self.tuning:
                queue = BOUNDED.format(size=self.tuning["queue"], timeout=self.tuning["timeout_us"])
            (place / "config.pbtxt").write_text(CONFIG.format(
                model=model, input=tensor, output=output, columns=rows.shape[1], outputs=expected.size, queue=queue,
                batch=self.tuning.get("batch", 128), instances=self.tuning.get("instances", 1)))
            # The stub finds NumPy through PATH's Python, and no other module than those beside the model.
            shutil.copy(self.bench.root / "Benchmarks/peers/servers/triton_model.py", place / "1/model.py")
            shutil.copy(self.bench.root / "Benchmarks/peers/compute/peer_models.py", place / "1")

    def command(self):
        return [
            self.bench.packages / "pytriton/tritonserver/bin/tritonserver",
            f"--model-repository={self.folder / 'models'}", f"--backend-directory={self.folder / 'backends'}",
            "--model-control-mode=explicit", *(f"--load-model={model}" for model in self.bench.questions),
            "--http-address=127.0.0.1", f"--http-port={self.port}",
            "--grpc-address=127.0.0.1", f"--grpc-port={self.grpc_port}", f"--metrics-port={self.metrics_port}",
            "--log-info=false", "--log-warning=false", "--exit-timeout-secs=3",
        ]

    def environment(self):
        environment = super().environment()
        # The stub looks for its libraries beside the place that it was copied from, and for Python's.
        folders = [self.bench.packages / "nvidia_pytriton.libs", sysconfig.get_config_var("LIBDIR")]
        environment["LD_LIBRARY_PATH"] = ":".join(map(str, folders))
        return environment

    def endpoints(self, model):
        return [
            Endpoint("JSON", "oip", f"http://127.0.0.1:{self.port}/v2/models/{model}/infer"),
            Endpoint("gRPC", "oip", f"http://127.0.0.1:{self.grpc_port}{wire.METHODS['oip']}"),
        ]

    def floor_url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def version(self):
        with urllib.request.urlopen(self.floor_url("/v2"), timeout=10) as answer:
            return f"{json.load(answer)['version']} (nvidia-pytriton {self.package_version('nvidia-pytriton')})"
