"""A module and a lesson as one: what a training step calls."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from engine.training.batches import Batch
from engine.training.objectives import Lesson
from engine.training.precision import Mode


def device() -> torch.device:
    """The GPU of this process where there is one, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", torch.cuda.current_device())


class Learner(nn.Module):
    """Batch -> loss, computed as `mode` says; the lesson's own parts are trained with the module."""

    def __init__(self, module: nn.Module, lesson: Lesson, mode: Mode) -> None:
        super().__init__()
        self.module, self.extra = module, lesson.extra
        self._lesson, self._mode = lesson, mode

    def forward(self, batch: Batch) -> Tensor:
        """A scalar, float32."""
        return loss_of(self.module, batch, self._lesson, self._mode)


def loss_of(module: nn.Module, batch: Batch, lesson: Lesson, mode: Mode) -> Tensor:
    """The lesson's loss on the device where the module should be: under autocast where `mode` is bfloat16."""
    place = device()
    images = batch.images.to(place, memory_format=mode.memory_format)
    with torch.autocast(place.type, torch.bfloat16, enabled=mode.bfloat16):
        return lesson.loss(module, replace(batch, images=images)).float()
