"""A training under way: all that one epoch hands to the next, which is what a checkpoint holds."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from timm.optim import create_optimizer_v2, param_groups_weight_decay
from timm.scheduler.cosine_lr import CosineLRScheduler
from timm.utils import ModelEmaV3
from torch import Tensor, nn

from engine.settings.training import Arithmetic, Training
from engine.training import checkpoint as files
from engine.training import distributed as processes
from engine.training.curve import Point
from engine.training.defaults import Chosen
from engine.training.loss_module import LossModule
from engine.training.objectives import Objective
from engine.training.precision import Precision

WARMUP_SHARE = 0.1
FUSED = {"adamw", "sgd"}
"""Optimizers that torch has in one pass over the weights, on the CPU too; LAMB is timm's own."""


@dataclass(kw_only=True)
class TrainingState:
    """`module` is trained in place; `average` is the moving average of its weights, where one was asked for."""

    module: nn.Module
    objective: Objective
    settings: Training
    optimizer: torch.optim.Optimizer
    schedule: CosineLRScheduler
    average: ModelEmaV3 | None
    path: Path | None
    points: list[Point] = field(default_factory=list)
    arithmetic: Arithmetic | None = None
    best_epoch: int = 0
    best_top1: float = -1.0
    best_averaged: bool = False
    best: Mapping[str, Tensor] = field(default_factory=dict)
    _written: float = field(default_factory=time.monotonic)

    @classmethod
    def begun(
        cls,
        module: nn.Module,
        objective: Objective,
        settings: Training,
        used: Chosen,
        n_updates: int,
        path: Path | None,
    ) -> Self:
        """At its start, or where the file `path` left it."""
        optimizer = _optimizer(module, objective, used)
        average = ModelEmaV3(module, decay=settings.ema_decay, use_warmup=True) if settings.ema_decay else None
        state = cls(
            module=module,
            objective=objective,
            settings=settings,
            optimizer=optimizer,
            schedule=_schedule(optimizer, n_updates),
            average=average,
            path=path,
        )
        if path is not None and (kept := files.read(path)) is not None:
            state._resume(kept)
        return state

    def ready(self, precision: Precision) -> nn.Module:
        """What a training step calls, computing in this mode."""
        self.arithmetic = precision.arithmetic
        self.module.to(memory_format=precision.memory_format)
        return processes.shared(LossModule(self.module, self.objective, precision))

    def step(self, number: int) -> None:
        """Change the weights by their gradients; `number` counts the steps of all epochs from 1."""
        self.optimizer.step()
        self.schedule.step_update(number)
        if self.average is not None:
            self.average.update(self.module, step=number)

    def judged(self) -> list[nn.Module]:
        """What is validated after an epoch: the module, and the average of its weights."""
        return [self.module] if self.average is None else [self.module, self.average.module]

    def add(self, point: Point) -> None:
        """An epoch has ended: of equals the later is the best, and the module rather than its average."""
        self.points.append(point)
        if point.best < self.best_top1:
            return
        self.best_averaged = point.best > point.validation_top1
        self.best_epoch, self.best_top1 = point.epoch, point.best
        source = self.judged()[self.best_averaged]
        self.best = {name: value.detach().clone() for name, value in source.state_dict().items()}

    @property
    def early(self) -> bool:
        """Whether it ends before its last epoch, having done worse than its best for long."""
        patience, done = self.settings.patience, len(self.points)
        return 0 < patience <= done - self.best_epoch and done < self.settings.epochs

    def over(self) -> bool:
        return self.early or len(self.points) >= self.settings.epochs

    def keep(self) -> None:
        """Write the checkpoint, where one is asked for and the last is not quite new."""
        fresh = time.monotonic() - self._written < files.EVERY_SECONDS
        if self.path is None or fresh or self.over() or processes.rank() > 0:
            return
        files.write(self.path, self._state())
        self._written = time.monotonic()

    def end(self) -> None:
        """The best weights into the module, as a module is that was never trained: on the CPU, in eval mode."""
        self.module.load_state_dict(self.best)
        self.module.to("cpu").to(memory_format=torch.contiguous_format).eval()

    def _parts(self) -> dict[str, Any]:
        """All that has a state of its own; the schedule has none, it follows the number of the step."""
        parts = {
            "module": self.module,
            "extra": self.objective.extra,
            "optimizer": self.optimizer,
            "average": self.average,
        }
        return {name: part for name, part in parts.items() if part is not None}

    def _state(self) -> dict[str, Any]:
        return {
            "parts": {name: part.state_dict() for name, part in self._parts().items()},
            "points": [asdict(point) for point in self.points],
            "arithmetic": self.arithmetic,
            "best": (self.best_epoch, self.best_top1, self.best_averaged, dict(self.best)),
        }

    def _resume(self, state: dict[str, Any]) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state["parts"][name])
        self.points = [Point(**point) for point in state["points"]]
        self.arithmetic = state["arithmetic"]
        self.best_epoch, self.best_top1, self.best_averaged, self.best = state["best"]


def _optimizer(module: nn.Module, objective: Objective, used: Chosen) -> torch.optim.Optimizer:
    """timm's, of the module's parameters and those of the lesson; biases and norms do not decay.

    A fused step takes weights and gradients to be laid out alike, which autograd sees to.
    """
    fused = {"fused": True} if used.optimizer in FUSED else {}
    optimizer: torch.optim.Optimizer = create_optimizer_v2(
        module, opt=used.optimizer, lr=used.learning_rate, weight_decay=used.weight_decay, **fused
    )
    for group in param_groups_weight_decay(objective.extra, used.weight_decay) if objective.extra is not None else ():
        optimizer.add_param_group(group)
    return optimizer


def _schedule(optimizer: torch.optim.Optimizer, n_updates: int) -> CosineLRScheduler:
    schedule = CosineLRScheduler(
        optimizer,
        t_initial=n_updates,
        warmup_t=max(1, round(n_updates * WARMUP_SHARE)),
        warmup_lr_init=1e-6,
        t_in_epochs=False,
    )
    schedule.step_update(0)
    return schedule
