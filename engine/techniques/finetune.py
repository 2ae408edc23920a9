"""Fine-tuning: the model's weights, trained on the user's images."""

from typing import Any

import torch
from timm.data.mixup import Mixup

from engine.context import Outcome
from engine.models.artifacts import TorchModel
from engine.results import Note, codes
from engine.settings import Finetune
from engine.training.context import TrainingContext
from engine.training.supervised import learn_labels


def finetune(model: TorchModel, settings: Finetune, context: TrainingContext) -> Outcome:
    """A model trained on the train images, with a new head where its outputs do not fit the classes.

    Raises StepError without labelled train images, or where the loss is not finite.
    """
    classes = context.data.classes
    module: Any = model.build()  # timm's networks have methods that nn.Module does not declare
    notes: tuple[Note, ...] = ()
    if classes is not None and model.num_classes != len(classes):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(context.seed)
            module.reset_classifier(len(classes))
        notes = (Note(code=codes.NEW_HEAD, text=f"The head was replaced by one of {len(classes)} outputs"),)
    mixup = _mixup(settings, classes)
    return learn_labels(
        model, module, settings, context, technique=settings.technique, leading_notes=notes, mixup=mixup
    )


def _mixup(settings: Finetune, classes: tuple[str, ...] | None) -> Mixup | None:
    if not (settings.mixup or settings.cutmix):
        return None
    return Mixup(
        mixup_alpha=settings.mixup,
        cutmix_alpha=settings.cutmix,
        label_smoothing=settings.label_smoothing,
        num_classes=len(classes or ()),
    )
