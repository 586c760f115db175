"""LitServe with one path for each model: {"instances": [row, ...]} in, {"predictions": [row, ...]} out."""
import json
import os
import sys

import litserve
import numpy
from peer_models import MODELS

TUNING = json.loads(os.environ["PEERS_TUNING"])


class ModelAPI(litserve.LitAPI):
    def __init__(self, name, **options):
        super().__init__(api_path=f"/{name}", **options)
        self.name = name

    def setup(self, device):
        self.model = MODELS[self.name]()

    # LitServe looks at the argument's name.
    def decode_request(self, request):
        return numpy.array(request["instances"], "f4")

    def batch(self, inputs):
        self.sizes = [len(part) for part in inputs]
        return numpy.concatenate(inputs)

    def unbatch(self, output):
        return numpy.split(output, numpy.cumsum(self.sizes)[:-1])

    def predict(self, rows):
        return self.model.run(rows)

    def encode_response(self, output):
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    batching = {key: TUNING[key] for key in ("max_batch_size", "batch_timeout") if key in TUNING}
    server = litserve.LitServer(
        [ModelAPI(name, **batching) for name in MODELS],
        accelerator="cpu",
        devices=1,
        workers_per_device=TUNING.get("workers", 1),
        fast_queue=TUNING.get("fast_queue", False),
    )
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="error")
