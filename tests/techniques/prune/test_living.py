"""Channels that are zero go first: a network of which half is zero loses exactly that half and answers as before."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from timm.layers import ScaledStdConv2d, ScaledStdConv2dSame
from timm.layers.grn import GlobalResponseNorm
from torch import nn

from bench.prune import NETWORKS
from engine import catalogue
from engine.catalogue.prunable import resists
from engine.models.artifacts import save_weights
from engine.settings import PruneChannel
from engine.techniques.prune import prune_to
from engine.techniques.prune.groups import classifiers, find_groups, trace
from engine.techniques.prune.heads import unfuse
from engine.techniques.prune.importance import MEASURES
from tests.techniques.prune.families import FAMILIES

ACROSS_CHANNELS = (nn.LayerNorm, nn.GroupNorm, GlobalResponseNorm, ScaledStdConv2d, ScaledStdConv2dSame)
"""What computes with the number of channels, zero or not: where one goes, the others change."""
SMALL = {name: px for name, px, _ in FAMILIES} | {"regnety_002": 32, "ghostnet_050": 32, "starnet_s050": 32}
LONG = {"tinynet_e", "regnety_002", "starnet_s050"}
"""Of those, what takes over ten seconds."""


def networks() -> Iterator[object]:
    for name in NETWORKS:
        if not resists(name):
            px = SMALL.get(name) or catalogue.entry(name).input_size[1]
            slow = name not in SMALL or name in LONG
            yield pytest.param(name, px, "l2", id=name, marks=pytest.mark.slow if slow else ())
    for importance in ("random", "bn_scale", "lamp"):
        yield pytest.param("mobilenetv3_small_050", 32, importance, id=importance)


def half_of_each(graph, groups):
    """By group: its name, and the rows to remove of every layer that makes or reads its channels."""
    generator = torch.Generator().manual_seed(3)
    for group in groups:
        channels = torch.randperm(group.width, generator=generator)[: group.width // 2].tolist()
        if channels:
            yield group.name, list(graph.get_pruning_group(group.root, group.prune, group.rows(channels)))


@torch.no_grad()
def silence(graph, rows_by_dep) -> set[nn.Module]:
    """Zeroes all that makes these channels, and nothing that reads them; returns the layers."""
    layers = set()
    for dep, rows in rows_by_dep:
        layer = dep.target.module
        if not graph.is_out_channel_pruning_fn(dep.handler):
            continue
        if isinstance(layer, nn.Parameter):
            layer.index_fill_(dep.target.pruning_dim, torch.tensor(rows), 0)
        elif isinstance(getattr(layer, "weight", None), nn.Parameter):
            for tensor in filter(lambda one: one is not None, (layer.weight, layer.bias)):
                tensor[rows] = 0
            layers.add(layer)
    return layers


def across_channels(module: nn.Module) -> set[nn.Module | nn.Parameter]:
    """The layers whose outputs change with the number of channels, and their parameters."""
    layers = [layer for layer in module.modules() if isinstance(layer, ACROSS_CHANNELS)]
    return {*layers, *(tensor for layer in layers for tensor in layer.parameters())}


def n_zero(layer: nn.Module) -> int:
    """How many output channels have a weight of zero."""
    return int((layer.weight.flatten(1) == 0).all(1).sum())


@torch.inference_mode()
def outputs(model, images):
    """In float64, where rounding is far below what a living channel would change."""
    return model.build().double()(images.double())


@pytest.mark.parametrize(("name", "px", "importance"), networks())
def test_exactly_the_zero_half_goes(name, px, importance, given):
    model, context = given(name, px)
    module = model.build()
    unfuse(module)
    for layer in classifiers(module):  # timm begins some at zero, and then no channel changes an answer
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight)
    images = torch.from_numpy(context.data.first_images(2))
    graph = trace(module, images)
    groups, _ = find_groups(graph, module, MEASURES["l2"]())
    whole, silenced, across = [], set(), across_channels(module)
    for group, deps in half_of_each(graph, groups):
        if any(dep.target.module in across for dep, _ in deps):
            whole.append(f"{group}=0")
        else:
            silenced |= silence(graph, deps)
    if not silenced:
        pytest.skip("every channel of it goes through a norm over all channels")
    zeroed = replace(model, weights=save_weights(module, context.folder / "zeroed.safetensors"))
    settings = PruneChannel(ratio=0.5, round_to=1, recalibrate=False, importance=importance, group_ratios=tuple(whole))
    pruned = prune_to(zeroed, settings, 0.5, context, context.folder).model
    before, after = outputs(zeroed, images), outputs(pruned, images)
    assert (after - before).abs().max() / before.std() < 1e-6
    left, names = dict(pruned.build().named_modules()), {layer: path for path, layer in module.named_modules()}
    convolutions = [layer for layer in silenced if isinstance(layer, nn.Conv2d | nn.Linear)]
    went = [layer for layer in convolutions if len(left[names[layer]].weight) < len(layer.weight)]
    assert len(went) >= len(convolutions) / 2
    for layer in went:
        assert n_zero(left[names[layer]]) == 0
        assert len(left[names[layer]].weight) == len(layer.weight) - n_zero(layer)
