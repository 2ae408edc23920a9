"""How important a channel is, by torch-pruning's measures over all that is cut with it."""

from typing import Any

import numpy as np
import torch
import torch_pruning as tp
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from engine.data import Part
from engine.settings import Importance

IMAGES, BATCH = 256, 32
"""How many train images the gradients of the loss come from, and how many at a time."""

MEASURES: dict[Importance, type[tp.importance.Importance]] = {
    "l2": tp.importance.GroupMagnitudeImportance,
    "bn_scale": tp.importance.BNScaleImportance,
    "taylor": tp.importance.GroupTaylorImportance,
    "lamp": tp.importance.LAMPImportance,
    "random": tp.importance.RandomImportance,
}


def group_scores(graph: tp.DependencyGraph, group: Any, measure: tp.importance.Importance) -> Tensor | None:
    """(channels,) at least 0: the measure of every channel of a group, and 0 where the channel is silent.

    None where the measure says nothing of such layers. Raises IndexError or RuntimeError where torch-pruning cannot
    follow the channels.
    """
    scores = measure(_with_columns(graph, group))
    return None if scores is None else scores.masked_fill(_silent(graph, group, len(scores)), 0.0)


def _with_columns(graph: tp.DependencyGraph, group: Any) -> Any:
    """The group with every grouped convolution that reads it as one that shows each channel's own weights.

    torch-pruning sums such weights over all parts of the convolution and counts that sum once for every part, so that
    in a convolution of 46 parts they drown what the other layers say of a channel.
    """
    items = []
    for dep, rows in group:
        layer = dep.target.module
        reads = graph.is_in_channel_pruning_fn(dep.handler) and not graph.is_out_channel_pruning_fn(dep.handler)
        if reads and isinstance(layer, nn.Conv2d) and layer.groups > 1:
            target = tp.dependency.Node(_ungrouped(layer), None, dep.target.name)
            dep = tp.dependency.Dependency(dep.trigger, dep.handler, dep.source, target)
        items.append(tp._helpers.GroupItem(dep, rows))
    for item, original in zip(items, group, strict=True):
        item.root_idxs = original.root_idxs
    return items


def _ungrouped(conv: nn.Conv2d) -> nn.Conv2d:
    """Holds weight (outputs of one part, all inputs, height, width) and gradient of a grouped convolution by input."""
    with torch.device("meta"):
        columns = nn.Conv2d(conv.in_channels, conv.out_channels // conv.groups, 1, bias=False)
    columns.weight = nn.Parameter(_by_input(conv.weight, conv.groups))
    if conv.weight.grad is not None:
        columns.weight.grad = _by_input(conv.weight.grad, conv.groups)
    return columns


def _by_input(weight: Tensor, n_parts: int) -> Tensor:
    """(parts · outputs, inputs of a part, height, width) -> (outputs, parts · inputs of a part, height, width)."""
    parts: Tensor = weight.detach().unflatten(0, (n_parts, -1))
    return parts.transpose(0, 1).flatten(1, 2)


def _silent(graph: tp.DependencyGraph, group: Any, n_channels: int) -> Tensor:
    """(channels,) bool: where every layer that makes the channel has zeros for it, in weight and bias.

    What such a channel is read with does not count, since it is multiplied by zero. A convolution in front of a
    BatchNorm is left to that, which decides what comes out.
    """
    n_makers = torch.zeros(n_channels)
    for item in group:
        dep, rows = item
        if not graph.is_out_channel_pruning_fn(dep.handler) or _is_normalised(dep.target):
            continue
        for weight in _made_with(dep.target):
            is_set = (weight.detach()[rows] != 0).flatten(1).any(1)
            n_makers.index_add_(0, torch.tensor(item.root_idxs), is_set.float().cpu())
    return n_makers == 0


def _is_normalised(node: tp.dependency.Node) -> bool:
    return bool(node.outputs) and all(
        isinstance(output.module, _BatchNorm) and output.module.affine for output in node.outputs
    )


def _made_with(node: tp.dependency.Node) -> list[Tensor]:
    """What a node makes channels with, (channels, …) each: weight and bias, or the parameter that it is."""
    layer = node.module
    if isinstance(layer, nn.Parameter):
        return [layer.movedim(node.pruning_dim, 0)[:, None]]
    if isinstance(layer, nn.Conv2d | nn.Linear | _BatchNorm | nn.LayerNorm | nn.GroupNorm):
        return [tensor[:, None] for tensor in (layer.weight, layer.bias) if tensor is not None]
    return []


def add_gradients(module: nn.Module, train: Part, targets: NDArray[np.int64]) -> None:
    """Adds to `module` the gradients of the cross-entropy on the first train images; `targets` (N,) are classes."""
    start = 0
    for images in train.batches(BATCH, IMAGES):
        labels = torch.from_numpy(targets[start : start + len(images)])
        functional.cross_entropy(module(torch.from_numpy(images)), labels).backward()
        start += len(images)


@torch.inference_mode()
def predicted_classes(module: nn.Module, train: Part) -> NDArray[np.int64]:
    """(N,) the classes that the module predicts for the train images, in their order."""
    return np.concatenate([module(torch.from_numpy(images)).argmax(1).numpy() for images in train.batches(BATCH)])
