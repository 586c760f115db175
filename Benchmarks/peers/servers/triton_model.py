"""The Python model of Triton's Python backend: joins the requests of a batch, runs once, splits."""
import numpy
import triton_python_backend_utils as backend
from peer_models import MODELS


class TritonPythonModel:
    def initialize(self, args):
        self.model = MODELS[args["model_name"]]()

    def execute(self, requests):
        parts = [backend.get_input_tensor_by_name(request, self.model.input).as_numpy() for request in requests]
        if len(parts) == 1:
            return [self.answer(self.model.run(parts[0]))]
        rows = self.model.run(numpy.concatenate(parts))
        ends = numpy.cumsum([len(part) for part in parts])
        return [self.answer(rows[end - len(part) : end]) for part, end in zip(parts, ends)]

    def answer(self, rows):
        return backend.InferenceResponse([backend.Tensor(self.model.output, rows)])
