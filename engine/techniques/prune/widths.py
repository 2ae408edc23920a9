"""Chooses the channels to remove: a share of every group, or the least important of all groups together."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import torch

from engine.errors import StepError
from engine.settings import PruneChannel
from engine.techniques.prune.groups import Group

MIN_SHARE = 0.1
"""The share that global ranking leaves of every group, since a layer of few channels cuts the network in two."""


def choose(
    groups: Sequence[Group], full_widths: Mapping[str, int], settings: PruneChannel, ratio: float, share: float = 1.0
) -> dict[str, list[int]]:
    """The channels of one part to remove, by the group's name; groups that lose nothing are left out.

    `full_widths` has every group's width before anything was pruned, which `ratio` is a share of. `share` is the share
    of that ratio, and of the ratios of single layers, that is gone after this cut. Raises StepError where `settings`
    name a layer that no group follows, or give two ratios to layers that lose channels together.
    """
    ratio *= share
    own_ratios = {name: own_ratio * share for name, own_ratio in _own_ratios(groups, settings).items()}
    shared = [group for group in groups if group.name not in own_ratios]
    ratios = (
        _global_ratios(shared, full_widths, ratio)
        if settings.scope == "global"
        else dict.fromkeys((group.name for group in shared), ratio)
    )
    channels = {}
    for group in groups:
        n_left = _n_left(group, full_widths[group.name], (ratios | own_ratios)[group.name], settings.round_to)
        if n_left < group.width:
            channels[group.name] = torch.argsort(group.scores, stable=True)[: group.width - n_left].tolist()
    return channels


def check_ratio(groups: Sequence[Group], settings: PruneChannel) -> None:
    """Raises StepError where the ratio is so large that a layer would be left without a channel.

    Global ranking leaves MIN_SHARE of every layer, so only the ratios of single layers can do that there.
    """
    own_ratios = _own_ratios(groups, settings)
    shared = settings.ratio if settings.scope == "uniform" else 0.0
    for group in groups:
        ratio = own_ratios.get(group.name, shared)
        if group.width > _unit(group, settings.round_to) and group.width * (1 - ratio) < 0.5:
            most = math.floor((1 - 0.5 / group.width) * 100) / 100
            raise StepError(
                f"a ratio of {ratio:g} empties the layer '{group.name}', which has {group.width} channels"
                f"{' a part' if group.n_parts > 1 else ''}",
                f"Choose at most {most:g}",
            )


def _own_ratios(groups: Sequence[Group], settings: PruneChannel) -> dict[str, float]:
    by_layer = {layer: group.name for group in groups for layer in (group.name, *group.layers)}
    unknown = [layer for layer in settings.ratio_by_layer if layer not in by_layer]
    if unknown:
        examples = ", ".join(list(by_layer)[:5])
        raise StepError(
            f"this network has no layer '{unknown[0][:60]}' that can lose channels, and a ratio is asked "
            "of it (group_ratios)",
            f"Name one of its layers, such as {examples}",
        )
    own_ratios: dict[str, float] = {}
    for layer, ratio in settings.ratio_by_layer.items():
        if own_ratios.setdefault(by_layer[layer], ratio) != ratio:
            raise StepError(
                f"a ratio of {ratio:g} is asked of '{layer}' and one of {own_ratios[by_layer[layer]]:g} of a "
                "layer that loses its channels together with it (group_ratios)",
                "Give both the same ratio",
            )
    return own_ratios


def _global_ratios(groups: Sequence[Group], full_widths: Mapping[str, int], ratio: float) -> dict[str, float]:
    """Each group's ratio where the lowest scores go, wherever they are, until `ratio` of all channels is gone."""
    if not groups:
        return {}
    scores = torch.cat([group.scores.repeat(group.n_parts) for group in groups])
    n_removed = sum(full_widths[group.name] * group.n_parts for group in groups) - len(scores)
    n_cut = max(0, round(ratio * (len(scores) + n_removed)) - n_removed)
    threshold = torch.sort(scores).values[n_cut] if n_cut < len(scores) else torch.inf
    return {
        group.name: min(1 - MIN_SHARE, 1 - int((group.scores >= threshold).sum()) / full_widths[group.name])
        for group in groups
    }


def _n_left(group: Group, full_width: int, ratio: float, round_to: int) -> int:
    """Channels of one part that stay: a multiple that makes all parts together one of `round_to`, and at least that."""
    unit = _unit(group, round_to)
    return min(group.width, max(unit, math.floor(full_width * (1 - ratio) / unit + 0.5) * unit))


def _unit(group: Group, round_to: int) -> int:
    return Fraction(round_to, group.n_parts).numerator
