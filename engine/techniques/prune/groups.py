"""The groups of layers whose channels can only go together, by torch-pruning's dependency graph."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch_pruning as tp
from timm.layers import ScaledStdConv2d, ScaledStdConv2dSame
from torch import nn

from engine.techniques.prune.heads import attentions
from engine.techniques.prune.importance import group_scores

Scores = torch.Tensor
"""(channels,) float32: the channels with the smallest scores go first."""


@dataclass(frozen=True)
class Group:
    """Layers that lose the same channels: `n_channels` in `n_parts` equal parts (heads, groups of a convolution)."""

    name: str
    """Of the layer that the others follow."""
    layers: tuple[str, ...]
    n_channels: int
    n_parts: int
    scores: Scores
    """(n_channels / n_parts,), the mean over the parts."""
    root: nn.Module
    prune: Callable[..., Any]

    @property
    def width(self) -> int:
        """Channels of one part."""
        return self.n_channels // self.n_parts

    def rows(self, channels: Sequence[int]) -> list[int]:
        """These channels of every part."""
        return [part * self.width + row for part in range(self.n_parts) for row in sorted(channels)]


def trace(module: nn.Module, example: torch.Tensor) -> tp.DependencyGraph:
    """The dependency graph of `module`, which must have its gradients on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parameters outside layers, which are cut at their last dimension
        return tp.DependencyGraph().build_dependency(
            module, example, forward_fn=lambda whole, images: whole(images), unwrapped_parameters=[]
        )


def find_groups(
    graph: tp.DependencyGraph, module: Any, importance: tp.importance.Importance
) -> tuple[list[Group], list[str]]:
    """Every group but those of the classifier's outputs, with its scores.

    Beside them the names of those whose channels torch-pruning cannot follow through the network.
    """
    fixed = classifiers(module)
    heads = {layer.qkv: layer.num_heads for layer in attentions(module)}
    groups, untraceable = [], []
    for group in graph.get_all_groups(ignored_layers=fixed, root_module_types=[nn.Conv2d, nn.Linear]):
        traceable = _with_linear_root(graph, group, heads)
        try:
            scores = group_scores(graph, traceable, importance)
            n_parts = math.lcm(_tied_parts(graph, traceable), _parts(graph, traceable, heads))
        except (IndexError, RuntimeError):
            untraceable.append(graph._module2name[traceable[0].dep.target.module])
            continue
        if scores is not None and len(scores) % n_parts == 0:
            groups.append(_group(graph, traceable, scores.float().cpu(), n_parts))
    return groups, untraceable


def cut(graph: tp.DependencyGraph, group: Group, channels: Sequence[int]) -> bool:
    """Removes these channels of every part, in place; returns False where that would empty a layer."""
    rows = group.rows(channels)
    with torch.no_grad():
        pruning_group = graph.get_pruning_group(group.root, group.prune, rows)
        if not graph.check_pruning_group(pruning_group):
            return False
        pruning_group.prune(record_history=False)
        for dep, rows_of_layer in pruning_group:
            if graph.is_out_channel_pruning_fn(dep.handler):
                _cut_gain(dep.target.module, rows_of_layer)
    return True


def _cut_gain(layer: Any, rows: Sequence[int]) -> None:
    """Removes the gains (channels, 1, 1, 1) of these outputs of a scaled, standardised convolution, in place.

    torch-pruning takes such a layer for any convolution, which has no gains.
    """
    if isinstance(layer, ScaledStdConv2d | ScaledStdConv2dSame):
        is_kept = torch.ones(len(layer.gain), dtype=torch.bool)
        is_kept[list(rows)] = False
        layer.gain = nn.Parameter(layer.gain.detach()[is_kept])


def classifiers(module: Any) -> list[nn.Module]:
    """The layers whose outputs are the classes."""
    classifier = module.get_classifier()
    heads = classifier if isinstance(classifier, tuple | list) else (classifier,)
    return [layer for head in heads for layer in head.modules()]


def _with_linear_root(graph: tp.DependencyGraph, group: Any, heads: dict[nn.Module, int]) -> Any:
    """An attention's group as seen from the layer behind it, whose channels are those of one of q, k and v."""
    outputs = [dep.target.module for dep, _ in group if graph.is_out_channel_pruning_fn(dep.handler)]
    if not any(layer in heads for layer in outputs):
        return group
    readers = [
        (dep, rows)
        for dep, rows in group
        if isinstance(dep.target.module, nn.Linear) and graph.is_in_channel_pruning_fn(dep.handler)
    ]
    if not readers:
        return group
    dep, rows = readers[-1]
    return graph.get_pruning_group(dep.target.module, dep.handler, rows)


def _parts(graph: tp.DependencyGraph, group: Any, heads: dict[nn.Module, int]) -> int:
    """How many equal parts must lose the same channels: the most that any layer of the group has."""
    counts = [1]
    for dep, _ in group:
        layer = dep.target.module
        if isinstance(layer, nn.Conv2d) and layer.groups != layer.out_channels:
            counts.append(layer.groups)
        elif isinstance(layer, nn.GroupNorm) and layer.num_groups > 1:
            counts.append(layer.num_groups)
        elif layer in heads and graph.is_out_channel_pruning_fn(dep.handler):
            counts.append(heads[layer])
    return math.lcm(*counts)


def _tied_parts(graph: tp.DependencyGraph, group: Any) -> int:
    """How many equal parts of the group's first layer must lose the same channels, as concatenations tie them.

    An example is what is added to a concatenation of channels and of what is computed from them. Three channels are
    looked at, the first, the last and one between. Raises IndexError where they are tied in another way.
    """
    root, n_channels = group[0].dep, len(group[0].idxs)
    if all(list(item.idxs) == list(item.root_idxs) for item in group):
        return 1
    counts = set()
    for channel in (0, n_channels // 2, n_channels - 1):
        tied = sorted(graph.get_pruning_group(root.target.module, root.handler, [channel])[0].idxs)
        width = n_channels // len(tied)
        if tied != list(range(channel % width, n_channels, width)):
            raise IndexError(f"channel {channel} of {n_channels} goes with {tied}")
        counts.add(len(tied))
    if len(counts) > 1:
        raise IndexError(f"{counts} of {n_channels} channels go together")
    return counts.pop()


def _group(graph: tp.DependencyGraph, group: Any, scores: Scores, n_parts: int) -> Group:
    names = graph._module2name
    outputs = [
        dep.target.module
        for dep, _ in group
        if isinstance(dep.target.module, nn.Conv2d | nn.Linear) and graph.is_out_channel_pruning_fn(dep.handler)
    ]
    root = group[0].dep
    return Group(
        name=names[root.target.module],
        layers=tuple(dict.fromkeys(names[layer] for layer in outputs)),
        n_channels=len(scores),
        n_parts=n_parts,
        scores=scores.view(n_parts, -1).mean(0),
        root=root.target.module,
        prune=root.handler,
    )
