"""Learning from the labels of the train images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from timm.data.mixup import Mixup
from torch import nn

from engine.context import Outcome
from engine.data import Part
from engine.errors import StepError
from engine.models.artifacts import TorchModel, save_weights
from engine.results import Note
from engine.settings.training import Training
from engine.training.context import TrainingContext
from engine.training.curve import Fit
from engine.training.loop import fit
from engine.training.objectives import Labels


def learn_labels(
    model: TorchModel,
    module: nn.Module,
    settings: Training,
    context: TrainingContext,
    *,
    technique: str,
    leading_notes: tuple[Note, ...] = (),
    mixup: Mixup | None = None,
) -> Outcome:
    """The model with the weights of `module`, which is trained in place on the labelled train images.

    `module` has an output for each of the data's classes; `leading_notes` are on how it was made; `mixup` blends images
    and labels. Raises StepError without labelled train images, or where the loss is not finite.
    """
    train = context.data.images("train")
    context.on_progress(0.0, f"decoding {len(train)} train images")
    pixels, labels = _labelled(train, context.shared, technique)
    result = fit(
        module,
        pixels,
        Labels(labels, settings.label_smoothing, mixup=mixup),
        model.preprocess,
        settings,
        seed=context.seed,
        checkpoint=context.checkpoint,
        card=context.target.device_id,
        deadline=context.deadline,
        on_epoch=lambda point: context.on_progress(point.share, point.message("right"), **point.metrics),
    )
    classes = context.data.classes
    trained = replace(
        model,
        weights=save_weights(module, context.folder / "weights.safetensors"),
        weights_label="fine-tuned",
        num_classes=len(classes) if classes else model.num_classes,
        classes=classes or model.classes,
    )
    return Outcome(
        model=trained,
        notes=_notes(result, leading_notes),
        complete=not result.stopped_by_budget,
        ended_early=result.stopped_early,
    )


def _labelled(train: Part, folder: Path, technique: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(N, H, W, C) pixels, decoded into `folder`, and (N,) labels."""
    pixels = train.cached(folder).array if train.labels is not None else None
    if pixels is None or train.labels is None:
        raise StepError(
            f"{technique} needs labelled train images, and there are none",
            "Raise the share of images for training (split.train)",
        )
    return pixels, train.labels


def _notes(result: Fit, leading_notes: tuple[Note, ...]) -> tuple[Note, ...]:
    best, *stopped = result.notes("right")
    return (best, *leading_notes, *stopped)
