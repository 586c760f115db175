"""The custom model of MLServer, in its Open Inference Protocol."""
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from peer_models import MODELS


class PeerModel(MLModel):
    async def load(self) -> bool:
        self.model = MODELS[self.name]()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        return InferenceResponse(
            model_name=self.name,
            outputs=[NumpyCodec.encode_output(self.model.output, self.model.run(rows.astype("f4", copy=False)))],
        )
