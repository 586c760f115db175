"""Mosec with one route for each model: {"instances": [row, ...]} in, {"predictions": [row, ...]} out."""
import json
import os

import numpy
from mosec import Server, Worker
from peer_models import MODELS

TUNING = json.loads(os.environ["PEERS_TUNING"])
BATCH = TUNING.get("max_batch_size", 1)


def worker(model):
    class ModelWorker(Worker):
        def __init__(self):
            super().__init__()
            self.model = MODELS[model]()

        def forward(self, data):
            parts = data if BATCH > 1 else [data]
            parts = [numpy.array(part["instances"], "f4") for part in parts]
            rows = self.model.run(parts[0] if len(parts) == 1 else numpy.concatenate(parts))
            ends = numpy.cumsum([len(part) for part in parts])
            answers = [{"predictions": rows[end - len(part) : end].tolist()} for part, end in zip(parts, ends)]
            return answers if BATCH > 1 else answers[0]

    # Mosec finds the class in its worker processes by this name.
    ModelWorker.__name__ = ModelWorker.__qualname__ = f"{model}_worker"
    return ModelWorker


half_plus_two_worker = worker("half_plus_two")
perceptron_worker = worker("perceptron")

if __name__ == "__main__":
    server = Server()
    for name, kind in {"half_plus_two": half_plus_two_worker, "perceptron": perceptron_worker}.items():
        server.append_worker(
            kind,
            num=TUNING.get("workers", 1),
            max_batch_size=BATCH,
            max_wait_time=TUNING.get("max_wait_ms", 0),
            route=f"/{name}",
        )
    server.run()
