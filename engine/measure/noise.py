"""Inputs that say nothing, which is enough for a latency."""

import numpy as np

from engine.data import full_batch, load
from engine.models.artifacts import OnnxModel
from engine.settings import Split
from engine.tasks import Inputs


def noise_inputs(model: OnnxModel, n: int) -> Inputs:
    """Those of a call for n examples: standard normal images, or what `synthetic_inputs` makes of other inputs."""
    if not model.inputs:
        return np.random.default_rng(0).standard_normal((n, *model.input_shape), dtype=np.float32)
    data = load(None, Split(), None, 0, merge_train=True, n_outputs=None, inputs=model.inputs)
    return full_batch(data.split("evaluation"), n)
