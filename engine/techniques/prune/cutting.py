"""One cut: removes channels from a network, all groups at once where that works, else group by group."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch_pruning as tp
from torch import nn

from engine.techniques.prune.groups import Group, cut, trace
from engine.techniques.prune.heads import update_widths

BREAKS = (
    RuntimeError,
    AssertionError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    ArithmeticError,
)
"""What torch, timm and torch-pruning raise where a width does not fit."""

ChannelsByGroup = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Cut:
    """Names of the groups that lost channels, and of those that the network does not run without."""

    groups: tuple[str, ...]
    uncut: tuple[str, ...]


def cut_all(
    module: nn.Module,
    graph: tp.DependencyGraph,
    groups: Sequence[Group],
    channels: ChannelsByGroup,
    example: torch.Tensor,
) -> Cut:
    """Removes the channels of `channels` from `module`, in place.

    Where the network does not run afterwards, the groups are cut one by one, and those that break it stay uncut.
    """
    before = _snapshot(module)
    selected = [group for group in groups if group.name in channels]
    with contextlib.suppress(*BREAKS):
        names = [group.name for group in selected if cut(graph, group, channels[group.name])]
        if _runs(module, example):
            return Cut(tuple(names), tuple(group.name for group in selected if group.name not in names))
    _restore(before)
    return _one_by_one(module, selected, channels, example)


def _one_by_one(module: nn.Module, selected: Sequence[Group], channels: ChannelsByGroup, example: torch.Tensor) -> Cut:
    names, uncut = [], []
    graph = trace(module, example)
    for group in selected:
        before = _snapshot(module)
        if _cuts(module, graph, group, channels[group.name], example):
            names.append(group.name)
        else:
            uncut.append(group.name)
            _restore(before)
            graph = trace(module, example)  # the old graph may refer to tensors that are gone
    return Cut(tuple(names), tuple(uncut))


def _cuts(
    module: nn.Module, graph: tp.DependencyGraph, group: Group, rows: Sequence[int], example: torch.Tensor
) -> bool:
    try:
        return cut(graph, group, rows) and _runs(module, example)
    except BREAKS:
        return False


def _runs(module: nn.Module, example: torch.Tensor) -> bool:
    update_widths(module)
    with torch.no_grad():
        module(example)
    return True


@dataclass(frozen=True)
class _LayerState:
    layer: nn.Module
    attributes: dict[str, object]
    parameters: dict[str, nn.Parameter | None]
    buffers: dict[str, torch.Tensor | None]


def _snapshot(module: nn.Module) -> list[_LayerState]:
    """The state of every layer before a cut, without copies: a cut replaces tensors and writes into none."""
    return [
        _LayerState(layer, dict(vars(layer)), dict(layer._parameters), dict(layer._buffers))
        for layer in module.modules()
    ]


def _restore(before: list[_LayerState]) -> None:
    for layer_state in before:
        vars(layer_state.layer).clear()
        vars(layer_state.layer).update(layer_state.attributes)
        layer_state.layer._parameters = layer_state.parameters
        layer_state.layer._buffers = layer_state.buffers
