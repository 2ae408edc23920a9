"""What can be done with a model: for every technique whether it can be applied, and where it cannot, why.

The Model page, the cards and presets on the Optimize page, `inspect` and the start of a run all ask these rules, so
that a technique is refused with the same words wherever it is met. The rules look at the model alone; those on the
order of steps are in engine/settings/rules.py, those on model, data and target in engine/planning/compatibility.py.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from engine.catalogue.prunable import narrower, resists
from engine.results import Applicability, ModelTraits, Refusal
from engine.settings import (
    TECHNIQUES,
    ChainInputs,
    Distill,
    Qat,
    QuantizeDynamic,
    Recipe,
    Simplify,
    Step,
    Swap,
    refusals,
)
from engine.tasks import TASKS
from engine.wording import many

Rule = Callable[[Step, ModelTraits], Refusal | None]
"""Why a step cannot be applied to a model with these traits, and what to do instead; None where nothing is against it.

Another obstacle, such as a task that a technique is not made for, is one function more in RULES.
"""
STUDENT = "resnet18"
REQUIRED: Mapping[type[Step], Mapping[str, Any]] = {Swap: {"architecture": STUDENT, "learn_from": "model"}}
"""What settings without a default are for the question whether a technique applies at all; any would do."""
WITH_STUDENT: Mapping[type[Step], Step] = {Distill: Distill(student=STUDENT)}
"""Steps that apply to any model once they name a network of their own."""
FP32_FILE = "Start from its FP32 file"
OTHER = "Choose another technique"
ONE_PATH = "Export it again for one fixed path, without branches and loops"
SIMPLIFY = "Put simplify before it, which removes a branch whose condition never changes"
MATMULS = frozenset({"Gemm", "MatMul"})


def applicability(model: ModelTraits) -> tuple[Applicability, ...]:
    """For every technique, by each of its methods, whether it can be applied to a model; a profile is such traits."""
    return tuple(_entry(settings, model) for settings in TECHNIQUES)


def step_refusal(step: Step, before: Sequence[Step], model: ModelTraits) -> Refusal | None:
    """Why a step cannot be applied to a model after the steps `before`, and what to do instead; else None.

    Nothing is against a step on a network that one of them brings. What simplifying may remove is nothing against a
    step after it, which looks again.
    """
    if any(one.brings_model for one in before):
        return None
    if any(isinstance(one, Simplify) for one in before):
        flow = () if model.has_fixed_path else model.control_flow
        model = model.model_copy(update={"control_flow": flow, "odd_value": None})
    return next((refusal for rule in RULES if (refusal := rule(step, model))), None)


def chain_refusal(chain: Sequence[Step], model: ModelTraits) -> tuple[Step, Refusal] | None:
    """The first step of a chain that cannot be applied to a model, and why; None where all can be."""
    for index, step in enumerate(chain):
        refusal = step_refusal(step, chain[:index], model)
        if refusal is not None:
            return step, refusal
    return None


def recipe_refusal(recipe: Recipe, model: ModelTraits) -> Refusal | None:
    """The same for all chains of a recipe; the chain and the step stand before the reason."""
    for number, chain in enumerate(recipe.chains, start=1):
        found = chain_refusal(chain, model)
        if found is not None:
            step, refusal = found
            return Refusal(message=f"chain {number}, {step.technique}: {refusal.message}", next=refusal.next)
    return None


def quantizing_refusal(model: ModelTraits) -> Refusal | None:
    """Why nothing in a file can be quantized, by whatever method; None where something can be."""
    if model.number_format == "INT8":
        return Refusal(message="the model is quantized already", next=FP32_FILE)
    if model.number_format == "FP16":
        return Refusal(message="the model is in 16-bit floats, and 8 bits are made of 32", next=FP32_FILE)
    if model.control_flow:
        return Refusal(
            message=f"{_control_flow(model)}, and what is inside of it cannot be watched", next=_one_path(model)
        )
    if model.odd_value:
        return _odd_value(model.odd_value, "a quantized model can only hold tensors of numbers")
    if model.weighted_layers == ():
        return Refusal(
            message="the model has no Conv, Gemm or MatMul with weights, so there is nothing to quantize",
            next=OTHER,
        )
    return None


def halving_refusal(model: ModelTraits) -> Refusal | None:
    """Why a file cannot be converted to 16-bit floats; None where it can be."""
    if model.number_format == "INT8":
        return Refusal(message="the model is quantized already, and 8 bits are less than 16", next=FP32_FILE)
    if model.number_format == "FP16":
        return Refusal(message="the model is in 16-bit floats already", next=OTHER)
    if model.control_flow:
        return Refusal(message=f"{_control_flow(model)}, and what is in it cannot be converted", next=_one_path(model))
    if model.odd_value:
        return _odd_value(model.odd_value, "only tensors of numbers can be converted")
    return None


def qat_input_refusal(model: ModelTraits) -> Refusal | None:
    """Why quantization-aware training cannot feed a file with batches of images; None where it can."""
    if (model.layout, model.input_kind) != ("nchw", "float32"):
        return Refusal(
            message=f"the file takes {model.input_kind} images in the order {model.layout.upper()}, and qat trains on "
            "float32 images in the order NCHW",
            next="Use quantize in place of qat, or export the model again with such an input",
        )
    if model.fixed_batch is not None:
        return Refusal(
            message=f"the file takes {many(model.fixed_batch, 'image')} a call, and qat trains on batches of other "
            "sizes",
            next="Export the model again with a dynamic batch, or use quantize",
        )
    return None


def learns_classes(model: ModelTraits) -> bool:
    """Whether a model is an image classifier, so that it can be trained or teach a student."""
    return model.takes_images and model.task == "classification"


def pruning_refusal(architecture: str) -> Refusal | None:
    """Why channels of a timm architecture, with or without a tag, cannot be cut; None where they can be."""
    reason, sibling = resists(architecture), narrower(architecture)
    if reason is None:
        return None
    return Refusal(
        message=f"prune cannot cut channels of '{architecture}': {reason}",
        next=f"Distil it into {sibling.name}, a narrower network of its family"
        if sibling
        else "Distil it into a smaller network",
    )


def _entry(settings: type[Step], model: ModelTraits) -> Applicability:
    step, condition = _example(settings), ""
    refusal, alternative = step_refusal(step, (), model), WITH_STUDENT.get(settings)
    if refusal is not None and alternative is not None and step_refusal(alternative, (), model) is None:
        step, refusal, condition = alternative, None, "a student that learns the model's answers"
    images = "labelled images" if step.needs_labels else "images" if step.needs_images else ""
    return Applicability(
        technique=step.technique,
        method=getattr(step, "method", None),
        title=step.title,
        needs=tuple(filter(None, (images, condition))),
        refusal=refusal,
    )


def _example(settings: type[Step]) -> Step:
    """Settings of this class, with the defaults of all that have one."""
    field = settings.model_fields.get("method")
    method = {} if field is None else {"method": get_args(field.annotation)[0]}
    return settings.parse({**method, **REQUIRED.get(settings, {})})


def _can_be_trained(step: Step, model: ModelTraits) -> Refusal | None:
    """The rule of chains on this, which a recipe is checked by before its model is looked into."""
    inputs = ChainInputs(trainable=model.format != "onnx")
    message, _, next = refusals((step,), inputs)[0].partition("; ")
    return Refusal(message=message, next=next[0].upper() + next[1:]) if message else None


def _can_be_pruned(step: Step, model: ModelTraits) -> Refusal | None:
    return pruning_refusal(model.architecture) if step.removes_channels and model.architecture else None


def _can_be_stored(step: Step, model: ModelTraits) -> Refusal | None:
    """The rule of the techniques that store the file's weights in fewer bits."""
    rules = {"INT8": quantizing_refusal, "FP16": halving_refusal}
    return rules[step.number_format](model) if step.number_format and model.format == "onnx" else None


def _has_products(step: Step, model: ModelTraits) -> Refusal | None:
    layers = model.weighted_layers
    if not isinstance(step, QuantizeDynamic) or model.format != "onnx" or layers is None or MATMULS & {*layers}:
        return None
    return Refusal(
        message="dynamic quantization is for MatMul and Gemm with weights, and this model has none",
        next="Choose another method of quantization",
    )


def _can_be_fed(step: Step, model: ModelTraits) -> Refusal | None:
    return qat_input_refusal(model) if isinstance(step, Qat) and model.format == "onnx" else None


def _learns_classes(step: Step, model: ModelTraits) -> Refusal | None:
    """Everything that trains learns to tell images apart by their class, and channels are cut in such networks."""
    if not (step.needs_images or step.brings_model or step.stage == "torch" or isinstance(step, Qat)):
        return None
    if not model.takes_images:
        return Refusal(message=f"{step.technique} is for models of images, and this one takes none", next=OTHER)
    if learns_classes(model):
        return None
    return Refusal(
        message=f"{step.technique} is for image classifiers, and the model is read as {TASKS[model.task].title}",
        next=f"{OTHER}, or correct what the model is asked for (model.task)",
    )


RULES: tuple[Rule, ...] = (_learns_classes, _can_be_trained, _can_be_pruned, _can_be_stored, _has_products, _can_be_fed)
"""The first that has something against a step gives the reason."""


def _control_flow(model: ModelTraits) -> str:
    return f"the model has control flow ({', '.join(model.control_flow)})"


def _one_path(model: ModelTraits) -> str:
    return SIMPLIFY if model.has_fixed_path else ONE_PATH


def _odd_value(value: tuple[str, str], why: str) -> Refusal:
    name, what = value
    return Refusal(message=f"the value '{name}' is {what}, and {why}", next="Export the model again without it")
