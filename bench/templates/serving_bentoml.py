"""A bundle's infer.py behind BentoML's adaptive batching; bench/serving.py copies it beside that file."""

import bentoml
import numpy as np
from infer import Model
from PIL import Image


@bentoml.service(traffic={"timeout": 60}, metrics={"enabled": False})
class Batched:
    """The model: BentoML collects the inputs of several requests into one call."""

    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api(batchable=True, max_batch_size=8, max_latency_ms=1000)
    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return self.model.predict_prepared(inputs)


@bentoml.service(traffic={"timeout": 60}, metrics={"enabled": False})
class Served:
    """What answers over HTTP: an image as the body becomes an input, as in our server."""

    batched = bentoml.depends(Batched)

    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api
    async def predict(self, image: Image.Image, /) -> list[float]:
        outputs = await self.batched.to_async.predict(self.model.preprocess(image)[None])
        return np.asarray(outputs)[0].tolist()
