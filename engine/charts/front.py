"""The variants of several runs by any two of their figures, with those that none beats in both."""

import html
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import plotly.graph_objects as go

from engine.charts.quality import quality_axis_of
from engine.charts.scales import amounts, percentages
from engine.charts.style import BASELINE, FOOT, GUIDE, RECOMMENDED, SERIES, canvas
from engine.results import ComparedVariant, RunComparison
from engine.results.pareto import nondominated

FigureName = Literal["size", "latency", "throughput", "speed", "quality", "memory"]
HEIGHT = 380
"""Pixels of the whole figure."""
OUT = 0.25
"""The opacity of what does not meet the limits."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One figure of a variant: its title with the unit, how to read it, and whether less of it is better."""

    title: str
    value: Callable[[ComparedVariant], float | None]
    less_is_better: bool
    is_share: bool = False

    def cost(self, value: float) -> float:
        """What is the better the less it is."""
        return value if self.less_is_better else -value


_AXES: Mapping[FigureName, Axis] = {
    "latency": Axis(title="Median latency of a call, ms", value=lambda one: one.p50_ms, less_is_better=True),
    "size": Axis(title="File size, MB", value=lambda one: one.size_bytes / 1e6, less_is_better=True),
    "memory": Axis(
        title="Memory at its peak, MB",
        value=lambda one: None if one.session_bytes is None else one.session_bytes / 1e6,
        less_is_better=True,
    ),
    "throughput": Axis(title="Images per second", value=lambda one: one.images_per_s, less_is_better=False),
    "speed": Axis(title="Times as fast as its baseline", value=lambda one: one.speedup, less_is_better=False),
}


def axis(comparison: RunComparison, name: FigureName) -> Axis:
    """The axis of a figure; that of quality is named by what the comparison has."""
    if name != "quality":
        return _AXES[name]
    quality = quality_axis_of(comparison.kind)
    return Axis(
        title=quality.title,
        value=lambda one: None if one.quality is None else quality.whole * one.quality,
        less_is_better=False,
        is_share=quality.is_percent,
    )


def front(
    comparison: RunComparison,
    x: FigureName,
    y: FigureName,
    *,
    within: Collection[str],
    limits: Mapping[FigureName, float] = MappingProxyType({}),
) -> go.Figure:
    """A point for each variant that has both figures; a line through those that none beats in both.

    `within` are the keys of those that meet the limits; the others are faint and on no front. Each point carries its
    run and its variant. `limits` are drawn as dotted lines where their figure has an axis, in its unit.
    """
    across, up = axis(comparison, x), axis(comparison, y)
    placed = [
        (one, a, b)
        for one in comparison.variants
        if (a := across.value(one)) is not None and (b := up.value(one)) is not None
    ]
    costs = {variant_key(one): (across.cost(a), up.cost(b)) for one, a, b in placed if variant_key(one) in within}
    best = nondominated(
        [one for one, _, _ in placed if variant_key(one) in within], lambda one: costs[variant_key(one)]
    )
    figure = canvas(_alt(best, across, up), height=HEIGHT, x_title=across.title, y_title=up.title)
    figure.update_layout(
        margin_b=FOOT,
        xaxis=_scale(across, [*(a for _, a, _ in placed), *([limits[x]] if x in limits else [])]),
        yaxis=_scale(up, [*(b for _, _, b in placed), *([limits[y]] if y in limits else [])]),
    )
    figure.add_scatter(
        x=[across.value(one) for one in best],
        y=[up.value(one) for one in best],
        mode="lines",
        line={"color": RECOMMENDED, "width": 1.5, "shape": "hv" if across.less_is_better else "vh"},
        hoverinfo="skip",
    )
    if x in limits:
        figure.add_vline(limits[x], line=GUIDE, layer="below")
    if y in limits:
        figure.add_hline(limits[y], line=GUIDE, layer="below")
    runs = list(dict.fromkeys(one.run_id for one in comparison.variants))
    figure.add_scatter(
        x=[a for _, a, _ in placed],
        y=[b for _, _, b in placed],
        mode="markers",
        cliponaxis=False,
        marker={
            "size": [13 if one.is_recommended else 10 for one, _, _ in placed],
            "symbol": ["square" if one.role == "baseline" else "circle" for one, _, _ in placed],
            "color": [
                BASELINE if one.role == "baseline" else SERIES[runs.index(one.run_id) % len(SERIES)]
                for one, _, _ in placed
            ],
            "opacity": [1.0 if variant_key(one) in within else OUT for one, _, _ in placed],
        },
        customdata=[[one.run_id, one.variant_id] for one, _, _ in placed],
        text=[f"{html.escape(one.label)}<br>{html.escape(one.run_name)}" for one, _, _ in placed],
        hovertemplate="%{text}<br>%{x:.4g}, %{y:.4g}<extra></extra>",
    )
    return figure


def _scale(axis: Axis, values: Sequence[float]) -> dict[str, object]:
    """The layout of an axis that holds these values."""
    return (percentages if axis.is_share else amounts)(values).axis()


def variant_key(variant: ComparedVariant) -> str:
    """The id of a variant among those of several runs."""
    return f"{variant.run_id}.{variant.variant_id}"


def _alt(best: Sequence[ComparedVariant], across: Axis, up: Axis) -> str:
    names = ", ".join(f"{one.label} of {one.run_name}" for one in best) or "none"
    return f"{up.title} against {across.title}; in both nothing is better than: {names}"
