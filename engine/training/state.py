"""The state of a training between two epochs, which a checkpoint stores."""

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
from engine.training.defaults import OptimizerSettings
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
    _saved_at: float = field(default_factory=time.monotonic)

    @classmethod
    def create(
        cls,
        module: nn.Module,
        objective: Objective,
        settings: Training,
        optimizer_settings: OptimizerSettings,
        n_updates: int,
        path: Path | None,
    ) -> Self:
        """The state at the start, or that of the file `path` where it exists."""
        optimizer = _optimizer(module, objective, optimizer_settings)
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
        if path is not None and (saved_state := files.read(path)) is not None:
            state._resume(saved_state)
        return state

    def loss_module(self, precision: Precision) -> nn.Module:
        """The module that a training step calls, computing in this precision."""
        self.arithmetic = precision.arithmetic
        self.module.to(memory_format=precision.memory_format)
        return processes.data_parallel(LossModule(self.module, self.objective, precision))

    def step(self, number: int) -> None:
        """Updates the weights by their gradients; `number` counts the steps of all epochs from 1."""
        self.optimizer.step()
        self.schedule.step_update(number)
        if self.average is not None:
            self.average.update(self.module, step=number)

    def validated_modules(self) -> list[nn.Module]:
        """The modules to validate after an epoch: the module, and the average of its weights."""
        return [self.module] if self.average is None else [self.module, self.average.module]

    def add(self, point: Point) -> None:
        """Adds a finished epoch. Of equal results the later is the best, and the module is better than its average."""
        self.points.append(point)
        if point.best < self.best_top1:
            return
        self.best_averaged = point.best > point.validation_top1
        self.best_epoch, self.best_top1 = point.epoch, point.best
        source = self.validated_modules()[self.best_averaged]
        self.best = {name: value.detach().clone() for name, value in source.state_dict().items()}

    @property
    def early(self) -> bool:
        """Whether training ends before its last epoch, after `patience` epochs without a result as good as the best."""
        patience, done = self.settings.patience, len(self.points)
        return 0 < patience <= done - self.best_epoch and done < self.settings.epochs

    def over(self) -> bool:
        return self.early or len(self.points) >= self.settings.epochs

    def save(self) -> None:
        """Writes the checkpoint, where there is a path and the last one is older than EVERY_SECONDS."""
        is_new = time.monotonic() - self._saved_at < files.EVERY_SECONDS
        if self.path is None or is_new or self.over() or processes.rank() > 0:
            return
        files.write(self.path, self._state())
        self._saved_at = time.monotonic()

    def end(self) -> None:
        """Loads the best weights into the module, and moves it to the CPU in eval mode, as it was before training."""
        self.module.load_state_dict(self.best)
        self.module.to("cpu").to(memory_format=torch.contiguous_format).eval()

    def _parts(self) -> dict[str, Any]:
        """The parts that have a state; the schedule has none, since it follows the number of the step."""
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


def _optimizer(module: nn.Module, objective: Objective, optimizer_settings: OptimizerSettings) -> torch.optim.Optimizer:
    """timm's optimizer for the parameters of the module and of the objective; biases and norms do not decay.

    A fused step needs weights and gradients in the same memory layout, which autograd ensures.
    """
    fused = {"fused": True} if optimizer_settings.optimizer in FUSED else {}
    optimizer: torch.optim.Optimizer = create_optimizer_v2(
        module,
        opt=optimizer_settings.optimizer,
        lr=optimizer_settings.learning_rate,
        weight_decay=optimizer_settings.weight_decay,
        **fused,
    )
    for group in (
        param_groups_weight_decay(objective.extra, optimizer_settings.weight_decay)
        if objective.extra is not None
        else ()
    ):
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
