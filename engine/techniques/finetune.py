"""Fine-tuning: the model's weights, trained on the user's images."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from timm.data.mixup import Mixup

from engine.data import Part
from engine.errors import StepError
from engine.models.artifacts import TorchModel, save_weights
from engine.results import Note
from engine.settings import Finetune
from engine.techniques.context import Context, Outcome
from engine.training.curve import Fit
from engine.training.lessons import Labels
from engine.training.loop import fit


def finetune(model: TorchModel, settings: Finetune, context: Context) -> Outcome:
    """A model trained on the train images, with a new head where its outputs do not fit the classes.

    Raises StepError without labelled train images, or where the loss is not finite.
    """
    train = context.data.split("train")
    classes = context.data.classes
    module: Any = model.build()  # timm's networks have methods that nn.Module does not declare
    refit = classes is not None and model.num_classes != len(classes)
    if refit and classes is not None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(context.seed)
            module.reset_classifier(len(classes))
    context.tell(0.0, f"decoding {len(train)} train images")
    with tempfile.TemporaryDirectory() as decoded:
        pixels, labels = _labelled(train, context.shared or Path(decoded))
        result = fit(
            module,
            pixels,
            Labels(labels, settings.label_smoothing, mixed=_mixed(settings, context.data.classes)),
            model.preprocess,
            settings,
            seed=context.seed,
            checkpoint=context.checkpoint,
            deadline=context.deadline,
            on_epoch=lambda point: context.tell(point.share, point.words("right"), **point.metrics),
        )
    weights = save_weights(module, context.folder / "weights.safetensors")
    trained = replace(
        model,
        weights=weights,
        weights_label="fine-tuned",
        num_classes=len(classes) if classes else model.num_classes,
        classes=classes or model.classes,
    )
    return Outcome(model=trained, notes=_notes(result, refit, trained), complete=not result.stopped_by_budget)


def _labelled(train: Part, folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(N, H, W, C) pixels, decoded into `folder`, and (N,) labels."""
    pixels = train.cached(folder).array if train.labels is not None else None
    if pixels is None or train.labels is None:
        raise StepError("finetune needs labelled train images, and there are none", "Raise split.train")
    return pixels, train.labels


def _mixed(settings: Finetune, classes: tuple[str, ...] | None) -> Mixup | None:
    if not (settings.mixup or settings.cutmix):
        return None
    return Mixup(mixup_alpha=settings.mixup, cutmix_alpha=settings.cutmix, label_smoothing=settings.label_smoothing,
                 num_classes=len(classes or ()))  # fmt: skip


def _notes(result: Fit, refit: bool, model: TorchModel) -> tuple[Note, ...]:
    best, *stopped = result.notes("right")
    head = Note(code="new_head", text=f"The head was replaced by one of {model.num_classes} outputs")
    return (best, head, *stopped) if refit else (best, *stopped)
