"""Objectives of a training: labels, or a teacher's answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from timm.data.mixup import Mixup
from torch import Tensor, nn
from torch.nn import functional

from engine.training.batches import Batch, Rows
from engine.training.distillation_losses import DistillationLossFunction, soft_targets

Logits = NDArray[np.float32]


class Objective(Protocol):
    """The loss of a training, and what counts as a right answer.

    `n_views` is the number of views of each image that epochs use in turn, None for a new view every epoch. `extra` has
    trainable parts that only the loss needs (a projection of features, say), or is None. They are trained with the
    module and dropped afterwards.
    """

    @property
    def n_views(self) -> int | None: ...

    @property
    def extra(self) -> nn.Module | None: ...

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """A scalar: the loss of the module on `batch.images`."""

    def right(self, outputs: Tensor, rows: Rows) -> int:
        """How many of the outputs (B, classes) on these images, not augmented, are right."""


@dataclass(frozen=True, eq=False)
class Labels:
    """Cross-entropy with `labels` (N,), smoothed; every epoch uses another view.

    `mixup` blends the images of a batch and their labels (timm's mixup or CutMix, which smooth on their own).
    """

    labels: NDArray[np.int64]
    smoothing: float
    n_views: int | None = None
    extra: nn.Module | None = None
    mixup: Mixup | None = None

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        if self.mixup is None:
            return self.loss_of(module(batch.images), batch)
        pairs = len(batch.rows) // 2 * 2  # each image is blended with its opposite, so an odd one is left out
        labels = torch.from_numpy(self.labels[batch.rows[:pairs]]).to(batch.images.device)
        images, targets = self.mixup(batch.images[:pairs].clone(), labels)
        return functional.cross_entropy(module(images).float(), targets)

    def loss_of(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The loss from logits (B, classes) of the images as they are in the batch."""
        targets = torch.from_numpy(self.labels[batch.rows]).to(outputs.device)
        return functional.cross_entropy(outputs.float(), targets, label_smoothing=self.smoothing)

    def right(self, outputs: Tensor, rows: Rows) -> int:
        return int((outputs.argmax(1).cpu().numpy() == self.labels[rows]).sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """The distance from a teacher's softened answers, mixed with the cross-entropy of the labels where there are any.

    `compare` computes it at `temperature`. `answers` gives the teacher's logits (B, classes) on a batch as the student
    sees it, `plain` (N, classes) are those on the images as they are. `labels` has the share `label_share` of the loss.
    """

    answers: Callable[[Batch], Logits]
    plain: Logits
    n_views: int | None
    temperature: float
    compare: DistillationLossFunction = soft_targets
    labels: Labels | None = None
    label_share: float = 0.0
    extra: nn.Module | None = None

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        return self.loss_of(module(batch.images), batch)

    def loss_of(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The loss from logits (B, classes)."""
        soft = self.soft(outputs, batch)
        if self.labels is None:
            return soft
        return (1 - self.label_share) * soft + self.label_share * self.labels.loss_of(outputs, batch)

    def soft(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The distance of logits (B, classes) from the teacher's, without labels."""
        answers = torch.from_numpy(self.answers(batch)).to(outputs.device)
        return self.compare(outputs.float(), answers, self.temperature)

    def right(self, outputs: Tensor, rows: Rows) -> int:
        if self.labels is not None:
            return self.labels.right(outputs, rows)
        return int((outputs.argmax(1).cpu().numpy() == self.plain[rows].argmax(1)).sum())
