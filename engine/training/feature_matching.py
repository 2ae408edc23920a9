"""Objectives beyond a teacher's answers: its features, or its answers through a distillation token."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from timm.task.distillation import FeatureDistillationTrainableModule
from torch import Tensor, nn
from torch.nn import functional

from engine.training.batches import Batch, Rows
from engine.training.objectives import Answers, Logits


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """The teacher's answers, and the mean squared distance of the pooled features to the teacher's.

    Romero et al., https://arxiv.org/abs/1412.6550, on the pooled features and with equal weights, as
    timm.task.FeatureDistillationTask has it. `features` gives those of the teacher (B, D) on a batch; `extra` projects
    the module's features to D where it has another number of them.
    """

    answers: Answers
    features: Callable[[Batch], Logits]
    extra: nn.Module | None

    @property
    def n_views(self) -> int | None:
        return self.answers.n_views

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        logits, own = FeatureDistillationTrainableModule(module, self.extra)(batch.images)
        targets = torch.from_numpy(self.features(batch)).to(own.device)
        return self.answers.loss_of(logits, batch) + functional.mse_loss(own.float(), targets)

    def right(self, outputs: Tensor, rows: Rows) -> int:
        return self.answers.right(outputs, rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class Tokens:
    """The teacher's answers for the distillation token, and for the class token the answers and labels as ever.

    Touvron et al., https://arxiv.org/abs/2012.12877, with half of the loss each. While it trains, the module gives the
    logits of both tokens; afterwards their mean.
    """

    answers: Answers
    extra: nn.Module | None = None

    @property
    def n_views(self) -> int | None:
        return self.answers.n_views

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        outputs: Any = module(batch.images)
        of_class, of_token = outputs
        return (self.answers.loss_of(of_class, batch) + self.answers.soft(of_token, batch)) / 2

    def right(self, outputs: Tensor, rows: Rows) -> int:
        return self.answers.right(outputs, rows)
