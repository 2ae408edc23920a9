"""One cut: what goes out of a network at a ratio, all at once where that works, and else group by group."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch_pruning as tp
from torch import nn

from engine.techniques.prune.groups import Group, cut, trace
from engine.techniques.prune.heads import mend

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

Chosen = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Cut:
    """Which groups lost channels, and which had to stay whole since the network's code does not allow it."""

    done: tuple[str, ...]
    whole: tuple[str, ...]


def cut_all(
    module: nn.Module, graph: tp.DependencyGraph, groups: Sequence[Group], chosen: Chosen, example: torch.Tensor
) -> Cut:
    """Takes the chosen channels out of `module`, in place.

    Where the network does not run afterwards, the groups are cut one by one, and those that break it stay whole.
    """
    before = _snapshot(module)
    wanted = [group for group in groups if group.name in chosen]
    with contextlib.suppress(*BREAKS):
        done = [group.name for group in wanted if cut(graph, group, chosen[group.name])]
        if _runs(module, example):
            return Cut(tuple(done), tuple(group.name for group in wanted if group.name not in done))
    _restore(before)
    return _one_by_one(module, wanted, chosen, example)


def _one_by_one(module: nn.Module, wanted: Sequence[Group], chosen: Chosen, example: torch.Tensor) -> Cut:
    done, whole = [], []
    graph = trace(module, example)
    for group in wanted:
        before = _snapshot(module)
        if _cuts(module, graph, group, chosen[group.name], example):
            done.append(group.name)
        else:
            whole.append(group.name)
            _restore(before)
            graph = trace(module, example)  # the old one may know tensors that are gone
    return Cut(tuple(done), tuple(whole))


def _cuts(
    module: nn.Module, graph: tp.DependencyGraph, group: Group, rows: Sequence[int], example: torch.Tensor
) -> bool:
    try:
        return cut(graph, group, rows) and _runs(module, example)
    except BREAKS:
        return False


def _runs(module: nn.Module, example: torch.Tensor) -> bool:
    mend(module)
    with torch.no_grad():
        module(example)
    return True


@dataclass(frozen=True)
class _Layer:
    layer: nn.Module
    attributes: dict[str, object]
    parameters: dict[str, nn.Parameter | None]
    buffers: dict[str, torch.Tensor | None]


def _snapshot(module: nn.Module) -> list[_Layer]:
    """What a cut replaces: it writes into no tensor."""
    return [
        _Layer(layer, dict(vars(layer)), dict(layer._parameters), dict(layer._buffers)) for layer in module.modules()
    ]


def _restore(before: list[_Layer]) -> None:
    for saved in before:
        vars(saved.layer).clear()
        vars(saved.layer).update(saved.attributes)
        saved.layer._parameters = saved.parameters
        saved.layer._buffers = saved.buffers
