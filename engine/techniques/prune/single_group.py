"""Prunes one group of layers alone, to measure its effect."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from engine.models.artifacts import TorchModel
from engine.settings import PruneChannel
from engine.techniques.prune.cutting import cut_all
from engine.techniques.prune.groups import Group, find_groups, trace
from engine.techniques.prune.heads import unfuse
from engine.techniques.prune.importance import MEASURES
from engine.techniques.prune.limit import limited
from engine.techniques.prune.widths import choose


@dataclass(frozen=True)
class GroupCut:
    """A fresh module of which one group lost channels; `ratio` is the share that really went, after rounding."""

    module: nn.Module
    ratio: float


def groups_of(model: TorchModel, example: torch.Tensor) -> list[Group]:
    """Every group that pruning may cut, in the network's order; `example` is (N, C, H, W) normalised images."""
    _, _, groups = _trace(model, example)
    return groups


def prune_group(model: TorchModel, example: torch.Tensor, name: str, ratio: float) -> GroupCut | None:
    """The network with only this group pruned; None where no channel of it goes, or the network cannot lose any."""
    module, graph, groups = _trace(model, example)
    (group,) = [one for one in groups if one.name == name]
    channels = choose([group], {name: group.width}, PruneChannel(ratio=ratio), ratio)
    if name not in channels or not cut_all(module, graph, [group], channels, example).groups:
        return None
    return GroupCut(module, len(channels[name]) / group.width)


def _trace(model: TorchModel, example: torch.Tensor) -> tuple[nn.Module, Any, list[Group]]:
    module = model.build()
    unfuse(module)
    with limited(model.architecture):
        graph = trace(module, example)
        groups, _ = find_groups(graph, module, MEASURES["l2"]())
    return module, graph, groups
