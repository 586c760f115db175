"""Mosec: a front end in Rust, workers in Python."""
from adapters.peer import Endpoint, Peer


class Mosec(Peer):
    name = "Mosec"
    floors = {"GET /": "/"}
    grid = (
        {"workers": 2, "capacity": 32, "timeout_ms": 25},
        {"workers": 1, "max_batch_size": 8, "max_wait_ms": 1, "capacity": 64, "timeout_ms": 25},
        {"workers": 2, "max_batch_size": 32, "max_wait_ms": 1, "capacity": 64, "timeout_ms": 25},
    )

    def command(self):
        command = [self.bench.python, self.bench.root / "Benchmarks/peers/servers/mosec_server.py",
                   "--address", "127.0.0.1", "--port", self.port, "--log-level", "error",
                   "--path", self.folder / "sockets"]
        if "capacity" in self.tuning:
            command += ["--capacity", self.tuning["capacity"], "--timeout", self.tuning["timeout_ms"]]
        return command

    def endpoints(self, model):
        return [Endpoint("JSON", "rows", f"http://127.0.0.1:{self.port}/{model}")]

    def floor_url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def version(self):
        return self.package_version("mosec")
