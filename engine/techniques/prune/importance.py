"""How important a channel is, by torch-pruning's measures."""

import numpy as np
import torch
import torch_pruning as tp
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from engine.data import Part
from engine.settings import Importance

IMAGES, BATCH = 256, 32
"""How many train images the gradients of the loss come from, and how many at a time."""

MEASURES: dict[Importance, type[tp.importance.Importance]] = {
    "l2": tp.importance.GroupMagnitudeImportance,
    "bn_scale": tp.importance.BNScaleImportance,
    "taylor": tp.importance.GroupTaylorImportance,
    "lamp": tp.importance.LAMPImportance,
    "random": tp.importance.RandomImportance,
}


def add_gradients(module: nn.Module, train: Part, targets: NDArray[np.int64]) -> None:
    """Adds to `module` the gradients of the cross-entropy on the first train images; `targets` (N,) are classes."""
    start = 0
    for images in train.batches(BATCH, IMAGES):
        labels = torch.from_numpy(targets[start : start + len(images)])
        functional.cross_entropy(module(torch.from_numpy(images)), labels).backward()
        start += len(images)


@torch.inference_mode()
def predicted_classes(module: nn.Module, train: Part) -> NDArray[np.int64]:
    """(N,) the classes that the module predicts for the train images, in their order."""
    return np.concatenate([module(torch.from_numpy(images)).argmax(1).numpy() for images in train.batches(BATCH)])
