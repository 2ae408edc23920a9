"""Pooled features, which only a torch teacher has."""

from typing import Any

import numpy as np
import torch
from timm.task import DistillationTeacher
from torch import nn

from engine.errors import StepError
from engine.models.artifacts import TorchModel
from engine.training.batches import Pixels, normalised
from engine.training.objectives import Logits
from engine.training.teacher import BATCH, Ask, Teacher, check_finite


def feature_function(teacher: Teacher) -> Ask:
    """A function from (B, H, W, C) to the teacher's pooled features (B, D), before its head.

    Raises StepError where the teacher is an ONNX file, or where its features are not finite.
    """
    if teacher.torch is None:
        raise StepError(
            f"the teacher ({teacher.name}) is an ONNX file, which shows its answers and no features",
            "Set match to logits, or name a timm model as teacher",
        )
    network = DistillationTeacher(_module(teacher.torch)).eval()
    preprocess = teacher.torch.preprocess

    @torch.inference_mode()
    def ask(pixels: Pixels) -> Logits:
        parts = [pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH)]
        return check_finite(
            np.concatenate([network(normalised(part, preprocess), return_features=True).numpy() for part in parts])
        )

    return ask


def projection(student: TorchModel, teacher: Teacher, seed: int) -> nn.Linear | None:
    """A layer from the student's number of features to the teacher's; None where the two are equal."""
    sizes = [_width(model) for model in (student, teacher.torch) if model is not None]
    if sizes[0] == sizes[-1]:
        return None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Linear(sizes[0], sizes[-1])


@torch.inference_mode()
def _width(model: TorchModel) -> int:
    """The number of pooled features. Raises StepError where the architecture has none."""
    height, width = model.preprocess.size
    features = DistillationTeacher(_module(model))(torch.zeros(1, model.in_chans, height, width), return_features=True)
    if features.ndim != 2:
        raise StepError(f"'{model.architecture}' has no pooled features that could be matched", "Set match to logits")
    return int(features.shape[1])


def _module(model: TorchModel) -> Any:
    """The network. Raises StepError where timm cannot separate its features from its head."""
    module = model.build()
    if not (hasattr(module, "forward_features") and hasattr(module, "forward_head")):
        raise StepError(f"'{model.architecture}' does not show its features", "Set match to logits")
    return module
