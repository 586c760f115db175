"""LitServe: FastAPI in front of worker processes."""
from adapters.peer import Endpoint, Peer


class LitServe(Peer):
    name = "LitServe"
    grid = (
        {"workers": 2},
        {"workers": 1, "max_batch_size": 16, "batch_timeout": 0.001, "fast_queue": True},
        {"workers": 2, "max_batch_size": 16, "batch_timeout": 0.001},
    )

    def command(self):
        return [self.bench.python, self.bench.root / "Benchmarks/peers/servers/litserve_server.py", self.port]

    def endpoints(self, model):
        return [Endpoint("JSON", "rows", f"http://127.0.0.1:{self.port}/{model}")]

    def version(self):
        return self.package_version("litserve")
