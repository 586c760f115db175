"""What people write themselves: FastAPI with a validated body, run by uvicorn."""
import fastapi
import numpy
import pydantic
from peer_models import MODELS

app = fastapi.FastAPI()


class Rows(pydantic.BaseModel):
    instances: list[list[float]]


def add_route(name):
    model = MODELS[name]()

    @app.post(f"/{name}")
    async def predict(rows: Rows):
        return {"predictions": model.run(numpy.array(rows.instances, "f4")).tolist()}


for name in MODELS:
    add_route(name)
