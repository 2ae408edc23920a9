"""The rules for the order of steps in a chain: recipes are checked by them, and forms show their reasons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Self

from engine.settings.data import ArraysData, DataSource, ImagesData, SampleData
from engine.settings.distillation import Distill
from engine.settings.model import FileModel, ModelSource
from engine.settings.prune import PruneSparse
from engine.settings.step import StepSettings

Chain = Sequence[StepSettings]
Name = Callable[[StepSettings], str]


@dataclass(frozen=True, kw_only=True)
class ChainInputs:
    """The properties of model and data that the rules depend on."""

    trainable: bool = True
    images: bool = True
    labels: bool = True

    @classmethod
    def of(cls, model: ModelSource | None, data: DataSource | None, *, undecided: bool = False) -> Self:
        """The properties of a recipe's model and data; `undecided` where missing data may still be chosen.

        Arrays are no images, whatever they hold.
        """
        images = undecided if data is None else not isinstance(data, ArraysData)
        labels = images and not (isinstance(data, ImagesData | SampleData) and not data.labelled)
        return cls(trainable=not isinstance(model, FileModel), images=images, labels=labels)


def technique_of(step: StepSettings) -> str:
    """The name of a step in a recipe."""
    return step.technique


def title_of(step: StepSettings) -> str:
    """What a step is called on a page."""
    return step.title


def refusals(chain: Chain, inputs: ChainInputs, name: Name = technique_of) -> tuple[str, ...]:
    """For every step of a chain, why it is refused there and what to do instead; empty where it is allowed.

    Later steps are checked as if a refused one were not in the chain.
    """
    reasons: list[str] = []
    before: list[StepSettings] = []
    for step in chain:
        reason = next(filter(None, (rule(step, before, inputs, name) for rule in _RULES)), "")
        reasons.append(reason)
        if not reason:
            before.append(step)
    return tuple(reasons)


def best_position(step: StepSettings, chain: Chain, inputs: ChainInputs, name: Name = technique_of) -> tuple[int, str]:
    """The position in a chain where a step fits best, or a position and why the step is refused there."""
    best = max((index + 1 for index, one in enumerate(chain) if _rank(one) <= _rank(step)), default=0)
    for index in (best, *range(len(chain), -1, -1)):
        if not _new_refusal(step, index, chain, inputs, name):
            return index, ""
    return best, _new_refusal(step, best, chain, inputs, name)


def needs(step: StepSettings) -> tuple[str, ...]:
    """What a step requires: a model that can be trained, images, or labelled images."""
    torch = ("a model that can be trained",) if step.stage == "torch" and not step.brings_model else ()
    images = ("labelled images",) if step.needs_labels else ("images",) if step.needs_images else ()
    return (*torch, *images)


def _rank(step: StepSettings) -> int:
    """The usual order: torch steps, then ONNX steps, those that store weights in fewer bits last."""
    return 0 if step.stage == "torch" else 2 if step.number_format else 1


def _new_refusal(step: StepSettings, index: int, chain: Chain, inputs: ChainInputs, name: Name) -> str:
    """The first reason why the chain is refused once the step is inserted at `index`; empty where there is none."""
    old = refusals(chain, inputs, name)
    new = refusals((*chain[:index], step, *chain[index:]), inputs, name)
    others = (
        reason for reason, old_reason in zip((*new[:index], *new[index + 1 :]), old, strict=True) if not old_reason
    )
    return new[index] or next(filter(None, others), "")


def _weights_are_exported(step: StepSettings, before: Chain, inputs: ChainInputs, name: Name) -> str:
    last = next((one for one in reversed(before) if one.stage == "onnx"), None)
    if step.stage == "onnx" or last is None:
        return ""
    return (
        f"{name(step)} comes after {name(last)}: it changes weights that are already in an ONNX file; "
        f"put {name(step)} first"
    )


def _one_number_format(step: StepSettings, before: Chain, inputs: ChainInputs, name: Name) -> str:
    last = next((one for one in before if one.number_format), None)
    if not step.number_format or last is None:
        return ""
    return (
        f"{name(step)} comes after {name(last)}: a weight is stored in one number format, and there it is "
        f"{last.number_format} already; leave one of the two out"
    )


def _zeros_stay(step: StepSettings, before: Chain, inputs: ChainInputs, name: Name) -> str:
    # Steps before the last new network do not matter: nothing of their model is left.
    since_new_model = takewhile(lambda one: not one.brings_model, reversed(before))
    sparse = any(isinstance(one, PruneSparse) for one in since_new_model)
    if not sparse or not step.trains or isinstance(step, PruneSparse) or step.brings_model:
        return ""
    alternative = "leave one of the two out" if step.stage == "onnx" else f"put {name(step)} first"
    return f"{name(step)} comes after prune (sparse) and would fill the zeros again; {alternative}"


def _model_can_be_changed(step: StepSettings, before: Chain, inputs: ChainInputs, name: Name) -> str:
    if step.stage == "onnx" or step.brings_model or inputs.trainable or any(one.stage == "torch" for one in before):
        return ""
    alternative = "name a student" if isinstance(step, Distill) else "choose a timm model, or another technique"
    action = "trains" if step.needs_images else "changes"
    return f"{name(step)} {action} a torch model and cannot change an ONNX file; {alternative}"


def _images_are_available(step: StepSettings, before: Chain, inputs: ChainInputs, name: Name) -> str:
    if step.needs_labels and not inputs.labels:
        return f"{name(step)} needs labelled images, and the recipe has none"
    return f"{name(step)} needs images, and the recipe has none" if step.needs_images and not inputs.images else ""


_RULES = (_weights_are_exported, _one_number_format, _zeros_stay, _model_can_be_changed, _images_are_available)
