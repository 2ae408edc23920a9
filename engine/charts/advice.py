"""Architectures beside the user's model: latency here against published accuracy, with the front that none beats."""

import html
import math
from collections.abc import Sequence

import plotly.graph_objects as go

from engine.charts.style import NEUTRAL, canvas
from engine.results import Advice, Architecture

MAIN, OWN = (0.26, 1.0), (0.0, 0.15)
"""Shares of the height: ImageNet's panel, and below it that of the user's images, which no scale joins."""

HEIGHT, OWN_HEIGHT = 500, 660
TICKS_A_DECADE = (1, 2, 5)


def advice(told: Advice) -> go.Figure:
    """Published ImageNet top-1, %, over latency, ms, on a log axis: one point an architecture, with its interval.

    A point lies at its ratio to the user's model, in the same rounds, times that model's median, so that drift of the
    machine moves none against the line of the user's model. With labels that model's accuracy on the user's images has
    a panel of its own below.
    """
    own_ms = told.own.p50_ms
    placed = [one for one in told.measured if one.published is not None] if own_ms else []
    panel = told.own.accuracy is not None and own_ms is not None
    figure = canvas(_alt(told, placed), height=OWN_HEIGHT if panel else HEIGHT)
    figure.update_layout(margin={"l": 8, "r": 16, "t": 34, "b": 44})
    if not own_ms:
        return figure
    front = [one for one in placed if one.name in told.front]
    _points(figure, front, own_ms, "front")
    _points(figure, [one for one in placed if one not in front], own_ms, "other")
    _staircase(figure, front, own_ms)
    _mark(figure, told, own_ms)
    _axes(figure, told, placed, own_ms, panel=panel)
    if panel:
        _own_panel(figure, told, own_ms)
    return figure


def _span(one: Architecture, own_ms: float) -> tuple[float, float, float]:
    """Latency in ms with the ends of its interval."""
    ratio = one.latency
    if ratio is None:
        return own_ms, own_ms, own_ms
    return own_ms * ratio.ratio_to_baseline, own_ms * ratio.ratio_low, own_ms * ratio.ratio_high


def _top1(one: Architecture) -> float:
    return 100 * one.published.top1 if one.published else 0.0


def _staircase(figure: go.Figure, front: Sequence[Architecture], own_ms: float) -> None:
    """At each latency the best published top-1 that takes no longer."""
    figure.add_scatter(
        x=[_span(one, own_ms)[0] for one in front], y=[_top1(one) for one in front], mode="lines", name="line",
        line={"shape": "hv", "width": 2, "color": NEUTRAL}, hoverinfo="skip",
    )  # fmt: skip


def _points(figure: go.Figure, group: Sequence[Architecture], own_ms: float, name: str) -> None:
    """One trace a group, also an empty one: the theme colours traces by their number.

    The front is numbered from its fastest: a phone has no room for names.
    """
    spans, front = [_span(one, own_ms) for one in group], name == "front"
    figure.add_scatter(
        x=[value for value, _, _ in spans], y=[_top1(one) for one in group], name=name,
        mode="markers+text" if front else "markers", text=[f"<b>{number}</b>" for number in range(1, len(group) + 1)],
        textposition="top left", cliponaxis=False,
        marker={"size": 12 if front else 8, "color": None if front else NEUTRAL, "opacity": 1 if front else 0.6},
        error_x={"type": "data", "symmetric": False, "array": [high - value for value, _, high in spans],
                 "arrayminus": [value - low for value, low, _ in spans], "thickness": 2 if front else 1, "width": 3},
        customdata=[[html.escape(one.name), html.escape(one.family), low / own_ms, high / own_ms, value / own_ms,
                     one.published.img_size if one.published else 0]
                    for one, (value, low, high) in zip(group, spans, strict=True)],
        hovertemplate="<b>%{customdata[0]}</b> · %{customdata[1]}<br>%{x:.3g} ms, %{customdata[4]:.2f} of your model's "
                      "(%{customdata[2]:.2f} to %{customdata[3]:.2f})<br>%{y:.1f} % published at %{customdata[5]} px"
                      "<extra></extra>",
    )  # fmt: skip


def _mark(figure: go.Figure, told: Advice, own_ms: float) -> None:
    """The user's model as a line at its latency, and what was published for its architecture as one across."""
    line = {"color": NEUTRAL, "width": 1.5, "dash": "dot"}
    note = {"showarrow": False, "font": {"color": NEUTRAL, "size": 12}}
    figure.add_vline(x=own_ms, line=line)
    figure.add_annotation(note, x=math.log10(own_ms), y=1, yref="paper", yanchor="bottom", text="your model")
    if told.own.published is not None:
        figure.add_shape(type="line", x0=0, x1=1, xref="x domain", y0=100 * told.own.published.top1,
                         y1=100 * told.own.published.top1, yref="y", line=line)  # fmt: skip
        figure.add_annotation(note, x=0, xref="x domain", y=100 * told.own.published.top1, xanchor="left",
                              yanchor="bottom", text="published for its architecture")  # fmt: skip


def _axes(figure: go.Figure, told: Advice, placed: Sequence[Architecture], own_ms: float, *, panel: bool) -> None:
    ends = [end for one in placed for end in _span(one, own_ms)]
    low, high = math.log10(min([own_ms, *ends])), math.log10(max([own_ms, *ends]))
    room = 0.08 * max(high - low, 0.5)
    ticks = [m * 10.0**d for d in range(math.floor(low) - 1, math.ceil(high) + 1) for m in TICKS_A_DECADE]
    ticks = [tick for tick in ticks if low - room <= math.log10(tick) <= high + room]
    figure.update_layout(
        xaxis={"type": "log", "range": [low - room, high + room], "tickvals": ticks,
               "ticktext": [f"{tick:g}" for tick in ticks], "title": {"text": "Latency of a call here, ms"},
               "anchor": "y2" if panel else "y"},
        yaxis={"domain": MAIN if panel else (0, 1), "title": {"text": "Published ImageNet top-1, %"}},
    )  # fmt: skip
    shown = [_top1(one) for one in placed] + ([100 * told.own.published.top1] if told.own.published else [])
    if shown:
        figure.update_layout(yaxis_range=[min(shown) - 2, max(shown) + 2])


def _own_panel(figure: go.Figure, told: Advice, own_ms: float) -> None:
    """The user's model on the user's images, with its Wilson interval, on a scale of its own."""
    right = told.own.accuracy
    if right is None:
        return
    figure.add_scatter(
        x=[own_ms], y=[100 * right.top1], yaxis="y2", mode="markers", name="own", marker={"size": 13},
        error_y={"type": "data", "symmetric": False, "array": [100 * (right.high - right.top1)],
                 "arrayminus": [100 * (right.top1 - right.low)], "thickness": 2.5, "width": 7},
        hovertemplate=f"your model<br>%{{x:.3g}} ms<br>%{{y:.2f}} % of {right.n_images:,} images<extra></extra>",
    )  # fmt: skip
    room = max(100 * (right.high - right.low), 2.0)
    figure.update_layout(yaxis2={
        "domain": OWN, "anchor": "x", "title": {"text": "Yours, %"}, "fixedrange": True, "automargin": True,
        "zeroline": False, "range": [100 * right.low - room, 100 * right.high + room], "nticks": 4,
    })  # fmt: skip
    figure.add_annotation(x=0, xref="x domain", y=OWN[1], yref="paper", yanchor="bottom", xanchor="left",
                          text=f"Your model on your images: {right.top1:.2%} of {right.n_images:,}", showarrow=False,
                          font={"size": 12})  # fmt: skip


def _alt(told: Advice, placed: Sequence[Architecture]) -> str:
    front = [one for one in placed if one.name in told.front]
    listed = ", ".join(
        f"{one.name} {one.latency.ratio_to_baseline:.2f} of your model's latency and {_top1(one):.1f} %"
        for one in front if one.latency is not None
    )  # fmt: skip
    text = f"{len(placed)} architectures by latency here and published ImageNet top-1; the front: {listed or 'empty'}"
    right = told.own.accuracy
    return f"{text}; your model on your images: {right.top1:.2%}" if right else text
