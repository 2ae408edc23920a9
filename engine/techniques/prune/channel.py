"""Channel pruning at a ratio: which channels go together, which of them go, the cut, and what is put right after it."""

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
from engine.techniques.prune.importance import MEASURES, add_gradients, own_answers
from engine.techniques.prune.limit import limited
from engine.techniques.prune.statistics import recalibrate, recalibrated
from engine.techniques.prune.widths import check_ratio, choose
from engine.training.context import TrainingContext
from engine.training.curve import Point
from engine.training.loop import fit
from engine.training.objectives import Labels
from engine.wording import many, percent

CHECK_IMAGES = 4
UNCHANGED = "prune_unchanged"
"""The code of the error that a ratio is too small to change anything."""


@dataclass(frozen=True)
class Pruned:
    """`model` has its weights in the folder that was given; `complete` is False where a deadline cut recovery short,
    which no note says: the caller knows what else was cut."""

    model: TorchModel
    notes: tuple[Note, ...]
    complete: bool


def prune_to(model: TorchModel, settings: PruneChannel, ratio: float, context: TrainingContext, folder: Path) -> Pruned:
    """The model without `ratio` of its channels, its weights in `folder`.

    Raises StepError where nothing can be cut, where the ratio empties a layer, where the network takes too long to
    analyse, and where the outputs are not finite afterwards.
    """
    module: Any = model.build()
    n_before = _n_parameters(module)
    example = _example(model, context.data)
    targets = _targets(module, settings, context)
    full: dict[str, int] = {}
    parts: list[Cut] = []
    complete = True
    for number in range(1, settings.rounds + 1):
        context.on_progress((number - 1) / settings.rounds, f"round {number} of {settings.rounds}: choosing channels")
        done = number / settings.rounds
        parts.append(_round(module, model, settings, ratio, done, full, example, targets, context))
        if number < settings.rounds and targets is not None:
            complete = _recover(module, model, settings, targets, context, number) and complete
    used = _recalibrated(module, settings, context)
    _check_finite(module, example, model, ratio)
    fresh = replace(model, weights=None, structure=()).build()
    made = replace(
        model,
        weights=save_weights(module, folder / "weights.safetensors"),
        weights_label="pruned",
        structure=changes(fresh, module),
    )
    gone = 1 - _n_parameters(module) / n_before
    return Pruned(made, tuple(_notes(model, gone, settings, ratio, parts, used)), complete)


def _round(
    module: Any,
    model: TorchModel,
    settings: PruneChannel,
    ratio: float,
    done: float,
    full: dict[str, int],
    example: torch.Tensor,
    targets: NDArray[np.int64] | None,
    context: TrainingContext,
) -> Cut:
    """One cut, in place, after which the share `done` is gone; `full` learns the widths that there were before the
    first."""
    unfuse(module)
    module.zero_grad(set_to_none=True)  # of the last step of the recovery before it
    if settings.importance == "taylor" and targets is not None:
        add_gradients(module, context.data.split("train"), targets)
    with limited(model.architecture), torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        graph, groups, lost = _traced(module, model, example, settings.importance)
        if not groups:
            raise StepError(
                f"no channel of '{model.architecture}' can be judged by {settings.importance}",
                "Judge channels by their weights (importance: l2), or distil it into a narrower network",
            )
        if settings.goal == "ratio" and not full:
            check_ratio(groups, settings)
        for group in groups:
            full.setdefault(group.name, group.width)
        cut = cut_all(module, graph, groups, choose(groups, full, settings, ratio, done), example)
    module.zero_grad(set_to_none=True)
    return replace(cut, whole=(*cut.whole, *lost))


def _traced(
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
    """(N,) what the train images should be taken for, where it is asked: their labels, or the model's own answers."""
    if not settings.needs_images:
        return None
    train = context.data.split("train")
    if len(train) == 0:
        raise StepError(
            f"prune needs train images for {_what_for(settings)}, and there are none",
            "Raise the share of images for training (split.train)",
        )
    return train.labels if train.labels is not None else own_answers(module, train)


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
    """Trains between two rounds; False where the deadline cut it short."""
    training = Finetune(epochs=settings.recovery_epochs)

    def on_epoch(point: Point) -> None:
        context.on_progress(
            (number - 1 + point.share) / settings.rounds,
            f"round {number} of {settings.rounds}: recovery epoch {point.epoch} of {point.epochs}",
            **point.metrics,
        )

    pixels = context.data.split("train").cached(context.shared).array
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
        )
    except StepError as error:  # what it advises are settings of training, which prune has not
        raise StepError(
            f"recovery after round {number} of {settings.rounds} failed: {error.message}",
            "Prune in one round (rounds: 1), and fine-tune or distil afterwards to recover",
        ) from error
    return not result.stopped_by_budget


def _example(model: TorchModel, data: Data) -> torch.Tensor:
    """(n, C, H, W): a few of the images that the model will be judged on."""
    images = next(data.split("evaluation").batches(CHECK_IMAGES, CHECK_IMAGES))
    return torch.from_numpy(images)


def _recalibrated(module: nn.Module, settings: PruneChannel, context: TrainingContext) -> int:
    if not settings.recalibrate or context.data.synthetic:
        return 0
    return recalibrate(module, context.data.split("train"))


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
    model: TorchModel, gone: float, settings: PruneChannel, ratio: float, parts: list[Cut], used: int
) -> list[Note]:
    done = {name for part in parts for name in part.done}
    if not done:
        raise StepError(
            f"pruning {percent(ratio)} changes no layer of '{model.architecture}': they are too narrow, or "
            f"its code fixes their widths",
            "Raise the ratio, let widths be multiples of 1 (round_to), or distil it into a narrower network",
            code=UNCHANGED,
        )
    whole = {name for part in parts for name in part.whole} - done
    asked = settings.model_copy(update={"ratio": ratio}).share_text
    text = (
        f"{many(len(done), 'group')} of layers lost channels (asked: {asked}, by {settings.importance}, "
        f"{settings.scope}, in multiples of {settings.round_to}); {percent(gone)} of the parameters "
        f"are gone"
    )
    notes = [Note(code="pruned", text=text)]
    if whole:
        some = ", ".join(sorted(whole)[:3]) + (", …" if len(whole) > 3 else "")
        notes.append(
            Note(
                code="kept_whole",
                text=f"{many(len(whole), 'group')} kept whole, since the network does not "
                f"run without some of their channels: {some}",
            )
        )
    return [*notes, *recalibrated(used)]
