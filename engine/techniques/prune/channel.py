"""Channel pruning at a ratio: finds the groups, chooses their channels, cuts them and repairs the network after it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch_pruning as tp
from numpy.typing import NDArray
from torch import nn

from engine.data import Data
from engine.errors import StepError
from engine.models.artifacts import TorchModel, save_weights
from engine.models.structure import changes
from engine.results import Note
from engine.settings import Finetune, Importance, PruneChannel
from engine.techniques.prune.cutting import BREAKS, Cut, cut_all
from engine.techniques.prune.groups import Group, find_groups, trace
from engine.techniques.prune.heads import unfuse
from engine.techniques.prune.importance import MEASURES, add_gradients, predicted_classes
from engine.techniques.prune.limit import limited
from engine.techniques.prune.statistics import recalibrate, recalibration_notes
from engine.techniques.prune.widths import check_ratio, choose
from engine.training.context import TrainingContext
from engine.training.curve import Point
from engine.training.loop import fit
from engine.training.objectives import Labels
from engine.wording import many, percent

CHECK_IMAGES = 4
UNCHANGED = "prune_unchanged"
"""The code of the error that is raised where a ratio is too small to change anything."""


@dataclass(frozen=True)
class PruneResult:
    """The pruned model and notes on it.

    `complete` is False where a deadline cut recovery short. No note says so: the caller writes one for all that the
    deadline cut short.
    """

    model: TorchModel
    notes: tuple[Note, ...]
    complete: bool


def prune_to(
    model: TorchModel, settings: PruneChannel, ratio: float, context: TrainingContext, folder: Path
) -> PruneResult:
    """The model without `ratio` of its channels, its weights in `folder`.

    Raises StepError where nothing can be cut, where the ratio empties a layer, where the network takes too long to
    analyse, and where the outputs are not finite afterwards.
    """
    module: Any = model.build()
    n_before = _n_parameters(module)
    example = _example(model, context.data)
    targets = _targets(module, settings, context)
    full_widths: dict[str, int] = {}
    cuts: list[Cut] = []
    complete = True
    for number in range(1, settings.rounds + 1):
        context.on_progress((number - 1) / settings.rounds, f"round {number} of {settings.rounds}: choosing channels")
        share = number / settings.rounds
        cuts.append(_round(module, model, settings, ratio, share, full_widths, example, targets, context))
        if number < settings.rounds and targets is not None:
            complete = _recover(module, model, settings, targets, context, number) and complete
    n_recalibration_images = _recalibrate(module, settings, context)
    _check_finite(module, example, model, ratio)
    fresh = replace(model, weights=None, structure=()).build()
    pruned = replace(
        model,
        weights=save_weights(module, folder / "weights.safetensors"),
        weights_label="pruned",
        structure=changes(fresh, module),
    )
    share_removed = 1 - _n_parameters(module) / n_before
    return PruneResult(
        pruned, tuple(_notes(model, share_removed, settings, ratio, cuts, n_recalibration_images)), complete
    )


def _round(
    module: Any,
    model: TorchModel,
    settings: PruneChannel,
    ratio: float,
    share: float,
    full_widths: dict[str, int],
    example: torch.Tensor,
    targets: NDArray[np.int64] | None,
    context: TrainingContext,
) -> Cut:
    """One cut, in place, after which the share `share` of `ratio` is gone.

    Adds the widths before the first cut to `full_widths`.
    """
    unfuse(module)
    module.zero_grad(set_to_none=True)  # of the last step of the recovery before it
    if settings.importance == "taylor" and targets is not None:
        add_gradients(module, context.data.images("train"), targets)
    with limited(model.architecture), torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        graph, groups, untraceable = _find_groups(module, model, example, settings.importance)
        if not groups:
            raise StepError(
                f"no channel of '{model.architecture}' can be judged by {settings.importance}",
                "Judge channels by their weights (importance: l2), or distil it into a narrower network",
            )
        if settings.goal == "ratio" and not full_widths:
            check_ratio(groups, settings)
        for group in groups:
            full_widths.setdefault(group.name, group.width)
        cut = cut_all(module, graph, groups, choose(groups, full_widths, settings, ratio, share), example)
    module.zero_grad(set_to_none=True)
    return replace(cut, uncut=(*cut.uncut, *untraceable))


def _find_groups(
    module: Any, model: TorchModel, example: torch.Tensor, importance: Importance
) -> tuple[tp.DependencyGraph, list[Group], list[str]]:
    try:
        graph = trace(module, example)
        return graph, *find_groups(graph, module, MEASURES[importance]())
    except BREAKS as error:
        raise StepError(
            f"which channels of '{model.architecture}' go together cannot be told",
            "Distil it into a narrower network of its family instead",
        ) from error


def _targets(module: nn.Module, settings: PruneChannel, context: TrainingContext) -> NDArray[np.int64] | None:
    """(N,) the classes of the train images: labels, or the model's own predictions. None where they are not needed."""
    if not settings.needs_images:
        return None
    train = context.data.images("train")
    if len(train) == 0:
        raise StepError(
            f"prune needs train images for {_what_for(settings)}, and there are none",
            "Raise the share of images for training (split.train)",
        )
    return train.labels if train.labels is not None else predicted_classes(module, train)


def _what_for(settings: PruneChannel) -> str:
    return "importance by the loss (taylor)" if settings.importance == "taylor" else "recovery between its rounds"


def _recover(
    module: nn.Module,
    model: TorchModel,
    settings: PruneChannel,
    targets: NDArray[np.int64],
    context: TrainingContext,
    number: int,
) -> bool:
    """Trains between two rounds; returns False where the deadline cut it short."""
    training = Finetune(epochs=settings.recovery_epochs)

    def on_epoch(point: Point) -> None:
        context.on_progress(
            (number - 1 + point.share) / settings.rounds,
            f"round {number} of {settings.rounds}: recovery epoch {point.epoch} of {point.epochs}",
            **point.metrics,
        )

    pixels = context.data.images("train").cached(context.shared).array
    if pixels is None:
        raise TypeError("a cached part has an array")
    try:
        result = fit(
            module,
            pixels,
            Labels(targets, training.label_smoothing),
            model.preprocess,
            training,
            seed=context.seed,
            deadline=context.deadline,
            on_epoch=on_epoch,
            card=context.target.device_id,
        )
    except StepError as error:  # it advises on settings of training, which prune does not have
        raise StepError(
            f"recovery after round {number} of {settings.rounds} failed: {error.message}",
            "Prune in one round (rounds: 1), and fine-tune or distil afterwards to recover",
        ) from error
    return not result.stopped_by_budget


def _example(model: TorchModel, data: Data) -> torch.Tensor:
    """(n, C, H, W): a few of the images that the model will be judged on."""
    return torch.from_numpy(data.first_images(CHECK_IMAGES))


def _recalibrate(module: nn.Module, settings: PruneChannel, context: TrainingContext) -> int:
    if not settings.recalibrate or not context.data.has_images:
        return 0
    return recalibrate(module, context.data.images("train"))


def _check_finite(module: nn.Module, example: torch.Tensor, model: TorchModel, ratio: float) -> None:
    with torch.inference_mode():
        if not torch.isfinite(module(example)).all():
            raise StepError(
                f"the outputs of '{model.architecture}' are not finite after pruning {percent(ratio)}",
                "Check its weights, or lower the ratio",
            )


def _n_parameters(module: nn.Module) -> int:
    return sum(tensor.numel() for tensor in module.parameters())


def _notes(
    model: TorchModel,
    share_removed: float,
    settings: PruneChannel,
    ratio: float,
    cuts: list[Cut],
    n_recalibration_images: int,
) -> list[Note]:
    pruned = {name for cut in cuts for name in cut.groups}
    if not pruned:
        raise StepError(
            f"pruning {percent(ratio)} changes no layer of '{model.architecture}': they are too narrow, or "
            f"its code fixes their widths",
            "Raise the ratio, let widths be multiples of 1 (round_to), or distil it into a narrower network",
            code=UNCHANGED,
        )
    uncut = {name for cut in cuts for name in cut.uncut} - pruned
    request = settings.model_copy(update={"ratio": ratio}).share_text
    text = (
        f"{many(len(pruned), 'group')} of layers lost channels (asked: {request}, by {settings.importance}, "
        f"{settings.scope}, in multiples of {settings.round_to}); {percent(share_removed)} of the parameters "
        f"are gone"
    )
    notes = [Note(code="pruned", text=text)]
    if uncut:
        examples = ", ".join(sorted(uncut)[:3]) + (", …" if len(uncut) > 3 else "")
        notes.append(
            Note(
                code="kept_whole",
                text=f"{many(len(uncut), 'group')} kept whole, since the network does not "
                f"run without some of their channels: {examples}",
            )
        )
    return [*notes, *recalibration_notes(n_recalibration_images)]
