"""Ours, as `apus serve` starts it: nothing is tuned."""
import re
import time

import wire
from adapters.peer import DidNotStart, Endpoint, Peer


class Apus(Peer):
    name = "Apus"
    engine = "the SavedModel, by TensorFlow's C library"
    floors = {"GET /v2/health/live": "/v2/health/live"}

    def command(self):
        models = [f"--model={model}={self.bench.root / '.models' / model}" for model in self.bench.questions]
        return [self.bench.build / "apus", "serve", "--host", "127.0.0.1", "--port", "0", "--rest-port", "0", *models]

    def environment(self):
        return {"TF_CPP_MIN_LOG_LEVEL": "3"}

    def wait_until_right(self, deadline):
        self.grpc = self.logged_port(r"Running gRPC ModelServer at [\d.]+:(\d+)", deadline)
        self.rest = self.logged_port(r"Exporting HTTP/REST API at:localhost:(\d+)", deadline)
        super().wait_until_right(deadline)

    def logged_port(self, pattern, deadline):
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(pattern, self.log.read_text(errors="replace")):
                return int(found[1])
            time.sleep(0.01)
        raise DidNotStart(f"it did not name its port: {self.last_words()}")

    def endpoints(self, model):
        return [
            Endpoint("JSON", "tfs", f"http://127.0.0.1:{self.rest}/v1/models/{model}:predict"),
            Endpoint("gRPC", "tfs", f"http://127.0.0.1:{self.grpc}{wire.METHODS['tfs']}"),
        ]

    def floor_url(self, path):
        return f"http://127.0.0.1:{self.rest}{path}"

    def version(self):
        return "this tree"
