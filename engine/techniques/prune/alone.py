"""One group of layers pruned alone, to see what it does."""

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
class Alone:
    """A fresh module of which one group lost channels; `ratio` is the share that really went, after rounding."""

    module: nn.Module
    ratio: float


def groups_of(model: TorchModel, example: torch.Tensor) -> list[Group]:
    """Every group that pruning may cut, in the network's order; `example` is (N, C, H, W) normalised images."""
    _, _, groups = _traced(model, example)
    return groups


def prune_alone(model: TorchModel, example: torch.Tensor, name: str, ratio: float) -> Alone | None:
    """The network with only this group pruned; None where the ratio takes no channel of it, or it has to stay whole."""
    module, graph, groups = _traced(model, example)
    (group,) = [one for one in groups if one.name == name]
    chosen = choose([group], {name: group.width}, PruneChannel(ratio=ratio), ratio)
    if name not in chosen or not cut_all(module, graph, [group], chosen, example).done:
        return None
    return Alone(module, len(chosen[name]) / group.width)


def _traced(model: TorchModel, example: torch.Tensor) -> tuple[nn.Module, Any, list[Group]]:
    module = model.build()
    unfuse(module)
    with limited(model.architecture):
        graph = trace(module, example)
        groups, _ = find_groups(graph, module, MEASURES["l2"]())
    return module, graph, groups
