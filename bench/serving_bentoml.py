"""A bundle's infer.py behind BentoML's adaptive batching; bench/serving.py copies it beside that file."""

import io
from pathlib import Path
from typing import Annotated

import bentoml
from bentoml.validators import ContentType
from infer import Model
from PIL import Image


@bentoml.service(traffic={"timeout": 60}, metrics={"enabled": False})
class Served:
    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api(batchable=True, max_batch_size=8, max_latency_ms=1000)
    def predict(self, images: list[Annotated[Path, ContentType("image/*")]], /) -> list[list[float]]:
        pictures = [Image.open(io.BytesIO(path.read_bytes())) for path in images]
        return self.model.predict(pictures).tolist()
