"""Inputs that say nothing, which is enough for a latency."""

from engine.data import Data, full_batch, load
from engine.models.artifacts import OnnxModel
from engine.settings import Split
from engine.tasks import Inputs


def noise_data(model: OnnxModel) -> Data:
    """Images of noise, prepared as the model's own, or what `synthetic_inputs` makes of other inputs."""
    return load(
        None, Split(), model.preprocess, 0, merge_train=True, n_outputs=model.n_outputs, inputs=model.input_specs
    )


def noise_inputs(model: OnnxModel, n: int) -> Inputs:
    """Those of a call for n examples of it."""
    return full_batch(noise_data(model).split("evaluation"), n)
