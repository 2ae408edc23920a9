"""Distillation tokens: networks with a second head that learns from a teacher."""

from typing import Any

import torch

from engine.errors import StepError
from engine.models.artifacts import TorchModel


def with_token(student: TorchModel) -> Any:
    """The student's network as it is trained with its distillation token: images -> (logits, logits of the token).

    Raises StepError where it has no such token.
    """
    module: Any = student.build()
    if not hasattr(module, "set_distilled_training") or not _has_token_head(student):
        raise StepError(
            f"the student ({student.architecture}) has no distillation token",
            "Name one that has, such as deit_tiny_distilled_patch16_224 or levit_128s, or set match to logits",
        )
    module.set_distilled_training(True)
    return module


def _has_token_head(student: TorchModel) -> bool:
    """Whether the student's architecture returns two outputs in training.

    Tried on a network of its own, since a step in training mode changes running averages.
    """
    module: Any = student.build()
    module.set_distilled_training(True)
    with torch.no_grad():
        outputs = module.train()(torch.zeros(2, student.in_chans, *student.preprocess.size))
    return isinstance(outputs, tuple)
