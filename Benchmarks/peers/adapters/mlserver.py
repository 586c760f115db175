"""MLServer: the Open Inference Protocol in Python, with a custom model."""
import json

import wire
from adapters.peer import Endpoint, Peer, free_port


class MLServer(Peer):
    name = "MLServer"
    grid = (
        {"parallel_workers": 0},
        {"parallel_workers": 2},
        {"parallel_workers": 0, "max_batch_size": 32, "max_batch_time": 0.001},
    )

    def __init__(self, bench, tuning=None, label="default"):
        super().__init__(bench, tuning, label)
        self.grpc_port, self.metrics_port = free_port(), free_port()

    def prepare(self):
        settings = {
            "debug": False, "host": "127.0.0.1", "http_port": self.port, "grpc_port": self.grpc_port,
            "metrics_port": self.metrics_port, "logging_settings": str(self.folder / "logging.conf"),
        }
        if "parallel_workers" in self.tuning:
            settings["parallel_workers"] = self.tuning["parallel_workers"]
        (self.folder / "settings.json").write_text(json.dumps(settings))
        (self.folder / "logging.conf").write_text(
            "[loggers]\nkeys=root,mlserver\n[handlers]\nkeys=console\n[formatters]\nkeys=\n"
            "[logger_root]\nlevel=ERROR\nhandlers=console\n"
            "[logger_mlserver]\nlevel=ERROR\nhandlers=\nqualname=mlserver\n"
            "[handler_console]\nclass=StreamHandler\nargs=(sys.stderr,)\n")
        for model in self.bench.questions:
            place = self.folder / "models" / model
            place.mkdir(parents=True, exist_ok=True)
            described = {"name": model, "implementation": "mlserver_model.PeerModel"}
            described |= {key: self.tuning[key] for key in ("max_batch_size", "max_batch_time") if key in self.tuning}
            (place / "model-settings.json").write_text(json.dumps(described))

    def command(self):
        return [self.bench.python, self.bench.python.parent / "mlserver", "start", self.folder]

    def environment(self):
        # Workers write their metrics there.
        return super().environment() | {"MLSERVER_METRICS_DIR": str(self.folder / "metrics")}

    def endpoints(self, model):
        return [
            Endpoint("JSON", "oip", f"http://127.0.0.1:{self.port}/v2/models/{model}/infer"),
            Endpoint("gRPC", "oip", f"http://127.0.0.1:{self.grpc_port}{wire.METHODS['oip']}"),
        ]

    floors = {"GET /v2/health/live": "/v2/health/live"}

    def floor_url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def version(self):
        return self.package_version("mlserver")
