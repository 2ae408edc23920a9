"""What a classifier answers on images, whether it is a torch network or an ONNX file."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from engine.context import Model
from engine.data import Part
from engine.measure.predictions import predict
from engine.models.artifacts import TorchModel
from engine.runtimes import resolve_target
from engine.settings import Target

BATCH = 64
"""Images that a torch network sees in one call."""


def scorer(model: Model) -> Callable[[Part], NDArray[np.float32]]:
    """A function from images to the model's scores (N, classes). It raises RunError as the runtime does."""
    if not isinstance(model, TorchModel):
        target = resolve_target(Target())
        return lambda part: predict(model, part, target).logits
    module = model.build()
    return lambda part: torch_scores(module, part)


@torch.inference_mode()
def torch_scores(module: nn.Module, part: Part) -> NDArray[np.float32]:
    """(N, classes) the outputs of a network on the CPU in eval mode."""
    return np.concatenate([module(torch.from_numpy(batch)).numpy() for batch in part.batches(BATCH)])
