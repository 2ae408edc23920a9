"""Sets single weights to zero, by magnitude; no shape changes."""

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from engine.context import Outcome, StepContext
from engine.errors import StepError
from engine.models.artifacts import TorchModel, save_weights
from engine.results import Note
from engine.settings import PruneSparse
from engine.techniques.prune.groups import classifiers
from engine.techniques.prune.statistics import recalibrate, recalibration_notes
from engine.wording import percent


def prune_sparse(model: TorchModel, settings: PruneSparse, context: StepContext) -> Outcome:
    """The model with the smallest weights of every convolution and linear layer but the classifier set to zero.

    Raises StepError where no layer can take the pattern.
    """
    module: Any = model.build()
    context.on_progress(0.1, "setting weights to zero")
    layers = _layers(module, settings)
    if not layers:
        raise StepError(
            f"no layer of '{model.architecture}' can take the pattern {settings.pattern}",
            "Choose the unstructured pattern, or prune channels",
        )
    for layer in layers:
        layer.weight.data.mul_(_mask(layer.weight.data, settings))
    n_images = 0
    if settings.recalibrate and context.data.has_images:
        n_images = recalibrate(module, context.data.images("train"))
    pruned = replace(
        model, weights=save_weights(module, context.folder / "weights.safetensors"), weights_label="pruned"
    )
    return Outcome(model=pruned, notes=(*_notes(module, layers), *recalibration_notes(n_images)))


def _layers(module: Any, settings: PruneSparse) -> list[nn.Conv2d | nn.Linear]:
    fixed = classifiers(module)
    return [
        layer
        for layer in module.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
        and layer not in fixed
        and (settings.pattern == "unstructured" or layer.weight.shape[1] % 4 == 0)
    ]


def _mask(weight: torch.Tensor, settings: PruneSparse) -> torch.Tensor:
    """1 where a weight stays: the largest of the layer, or the two largest of every four along its inputs."""
    if settings.pattern == "2:4":
        inputs_last = weight.abs().movedim(1, -1)
        fours = inputs_last.reshape(-1, 4)
        mask = torch.zeros_like(fours).scatter_(1, fours.topk(2, dim=1).indices, 1.0)
        return mask.reshape(inputs_last.shape).movedim(-1, 1)
    n_zero = round(settings.ratio * weight.numel())
    mask = torch.ones(weight.numel())
    mask[weight.abs().flatten().argsort(stable=True)[:n_zero]] = 0.0
    return mask.view_as(weight)


def _notes(module: nn.Module, layers: list[nn.Conv2d | nn.Linear]) -> tuple[Note, ...]:
    zeros = sum(int((layer.weight == 0).sum()) for layer in layers)
    total = sum(tensor.numel() for tensor in module.parameters())
    return (
        Note(code="sparse", text=f"{percent(zeros / total)} of all weights, in {len(layers)} layers, are zero"),
        Note(
            code="sparse_is_not_fast",
            text="A runtime for dense weights computes with the zeros as with any other "
            "number: neither the latency nor the file gets smaller, only what "
            "compression makes of it",
        ),
    )
