"""A module and its objective as one module, which a training step calls."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import torch
from torch import Tensor, nn

from engine.errors import StepError
from engine.training import distributed as processes
from engine.training.batches import Batch
from engine.training.objectives import Objective
from engine.training.precision import Precision
from engine.wording import many


def device() -> torch.device:
    """The GPU of this process where there is one, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", torch.cuda.current_device())


def on_card(number: int | None) -> AbstractContextManager[object]:
    """The card of this number is that of this process meanwhile; without a number it is what it was.

    So it is without any card for torch, and where several processes train, of which each has its own. Raises StepError
    where torch does not see that card.
    """
    if number is None or processes.world_size() > 1 or not torch.cuda.is_available():
        return nullcontext()
    if number >= (n_cards := torch.cuda.device_count()):
        raise StepError(
            f"card number {number} is asked for (target.device_id), and torch sees {many(n_cards, 'card')}",
            "Ask for another number, or leave the steps that train out",
        )
    return torch.cuda.device(number)


class LossModule(nn.Module):
    """Batch -> loss, computed as `precision` says; the objective's own parts are trained with the module."""

    def __init__(self, module: nn.Module, objective: Objective, precision: Precision) -> None:
        super().__init__()
        self.module, self.extra = module, objective.extra
        self._objective, self._precision = objective, precision

    def forward(self, batch: Batch) -> Tensor:
        """A scalar, float32."""
        return loss_of(self.module, batch, self._objective, self._precision)


def loss_of(module: nn.Module, batch: Batch, objective: Objective, precision: Precision) -> Tensor:
    """The objective's loss, on the device of this process; under autocast where `precision` is bfloat16."""
    target = device()
    images = batch.images.to(target, memory_format=precision.memory_format, non_blocking=True)
    with torch.autocast(target.type, torch.bfloat16, enabled=precision.bfloat16):
        return objective.loss(module, replace(batch, images=images)).float()
