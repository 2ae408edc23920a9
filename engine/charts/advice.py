"""Architectures beside the user's model: latency here against published accuracy, with the front that none beats."""

import html
from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go

from engine.charts.placing import Ends, Mark, annotation, place
from engine.charts.scales import Scale, amounts, percentages
from engine.charts.style import BASELINE, CANDIDATE, FOOT, GUIDE, LINE, RECOMMENDED, canvas, figures
from engine.results import Advice, Architecture
from engine.wording import percent

PLOT, HEAD = 360, 30
"""Pixels of ImageNet's panel, and above it."""
OWN, BETWEEN = 90, 40
"""Pixels of the panel of the user's images, which no scale joins to ImageNet's, and between the two."""
RADIUS = {"advised": 6, "front": 6, "other": 4}
COLOURS = {"advised": RECOMMENDED, "front": CANDIDATE, "other": BASELINE}
NUMBER = 15
"""Pixels of a point's number."""
ROOM = 0.08


def advice(told: Advice) -> go.Figure:
    """Published ImageNet top-1, %, over latency, ms: one point an architecture, with its interval.

    RECOMMENDED's colour is advised and on the front, CANDIDATE's is on the front, grey is beaten by one of them; the
    front is numbered from its fastest. A point lies at its ratio to the user's model, in the same rounds, times that
    model's median, so that drift of the machine moves none against the line of the user's model. With labels that
    model's accuracy on the user's images has a panel of its own below.
    """
    own_ms = told.own.p50_ms
    placed = [one for one in told.measured if one.published is not None] if own_ms else []
    panel = told.own.accuracy is not None and own_ms is not None
    height = HEAD + PLOT + FOOT + (OWN + BETWEEN if panel else 0)
    figure = canvas(
        _alt(told, placed), height=height, y_title="Published ImageNet top-1, %", x_title="Latency of a call here, ms"
    )
    figure.update_layout(margin_t=HEAD)
    if not own_ms:
        return figure
    front = [one for one in placed if one.name in told.front]
    published = [100 * told.own.published.top1] if told.own.published else []
    x_scale = amounts([own_ms, *(end for one in placed for end in _span(one, own_ms))], zero=False, room=ROOM)
    y_scale = percentages([*(_top1(one) for one in placed), *published], room=ROOM)
    share = (OWN + BETWEEN) / (OWN + BETWEEN + PLOT) if panel else 0.0
    figure.update_layout(
        xaxis={**x_scale.axis(), "anchor": "y2" if panel else "y"}, yaxis={**y_scale.axis(), "domain": (share, 1.0)}
    )
    _staircase(figure, front, own_ms)
    for name, group in _groups(told, placed).items():
        _points(figure, group, own_ms, name)
    _mark(figure, told, own_ms)
    _numbers(figure, front, placed, own_ms, published, x_scale, y_scale)
    if panel:
        _own_panel(figure, told, own_ms)
    return figure


def _groups(told: Advice, placed: Sequence[Architecture]) -> dict[str, list[Architecture]]:
    groups: dict[str, list[Architecture]] = {name: [] for name in COLOURS}
    for one in placed:
        advised = one.name in told.faster or one.name in told.better
        groups["other" if one.name not in told.front else "advised" if advised else "front"].append(one)
    return groups


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
        x=[_span(one, own_ms)[0] for one in front],
        y=[_top1(one) for one in front],
        mode="lines",
        name="line",
        line={"shape": "hv", "width": 2, "color": BASELINE},
        hoverinfo="skip",
    )


def _points(figure: go.Figure, group: Sequence[Architecture], own_ms: float, name: str) -> None:
    """One trace a group, also an empty one."""
    spans, colour = [_span(one, own_ms) for one in group], COLOURS[name]
    figure.add_scatter(
        x=[value for value, _, _ in spans],
        y=[_top1(one) for one in group],
        name=name,
        mode="markers",
        cliponaxis=False,
        marker={"size": 2 * RADIUS[name], "color": colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - value for value, _, high in spans],
            "arrayminus": [value - low for value, low, _ in spans],
            "color": colour,
            "thickness": 1 if name == "other" else 2,
            "width": 3,
        },
        customdata=[
            [
                html.escape(one.name),
                html.escape(one.family),
                *_speeds(one),
                one.published.img_size if one.published else 0,
            ]
            for one in group
        ],
        hovertemplate="<b>%{customdata[0]}</b> · %{customdata[1]}<br>%{x:.3g} ms, %{customdata[2]:.2f}× as fast as "
        "your model (%{customdata[3]:.2f} to %{customdata[4]:.2f})<br>%{y:.1f} % published at "
        "%{customdata[5]} px<extra></extra>",
    )


def _speeds(one: Architecture) -> tuple[float, float, float]:
    """Times as fast as the user's model, with the ends of the interval."""
    return (one.latency.speedup, one.latency.speedup_low, one.latency.speedup_high) if one.latency else (1.0, 1.0, 1.0)


def _mark(figure: go.Figure, told: Advice, own_ms: float) -> None:
    """The user's model as a line at its latency, and what was published for its architecture as one across."""
    figure.add_shape(type="line", x0=own_ms, x1=own_ms, y0=0, y1=1, yref="y domain", line=GUIDE, layer="below")
    text = f"dotted: your model, {figures(own_ms)} ms"
    if told.own.published is not None:
        top1 = 100 * told.own.published.top1
        figure.add_shape(type="line", x0=0, x1=1, xref="x domain", y0=top1, y1=top1, line=GUIDE, layer="below")
        text += f", {top1:.1f} % published"
    figure.add_annotation(
        x=0,
        xref="paper",
        y=1,
        yref="paper",
        yshift=HEAD - 4,
        xanchor="left",
        yanchor="top",
        text=text,
        showarrow=False,
        borderpad=0,
    )


def _numbers(
    figure: go.Figure,
    front: Sequence[Architecture],
    placed: Sequence[Architecture],
    own_ms: float,
    published: Sequence[float],
    x_scale: Scale,
    y_scale: Scale,
) -> None:
    """The front by number, where nothing is in the way: a phone has no room for names."""

    def down(top1: float) -> float:
        return PLOT * (1 - y_scale.place(top1))

    at = {one.name: (x_scale.place(_span(one, own_ms)[0]), down(_top1(one))) for one in placed}
    lines: list[Ends] = [((x_scale.place(own_ms), 0.0), (x_scale.place(own_ms), float(PLOT)))]
    lines += [((0.0, down(top1)), (1.0, down(top1))) for top1 in published]
    for one in placed:
        _, low, high = _span(one, own_ms)
        lines.append(((x_scale.place(low), at[one.name][1]), (x_scale.place(high), at[one.name][1])))
    for (x, y), (to_x, to_y) in ((at[a.name], at[b.name]) for a, b in pairwise(front)):
        lines += [((x, y), (to_x, y)), ((to_x, y), (to_x, to_y))]
    marks = [
        Mark(x=at[one.name][0], y=at[one.name][1], radius=RADIUS["front"], width=NUMBER, height=LINE) for one in front
    ]
    marks += [Mark(x=at[one.name][0], y=at[one.name][1], radius=RADIUS["other"]) for one in placed if one not in front]
    for number, (one, offset) in enumerate(zip(front, place(marks, lines, PLOT, far=True), strict=True), 1):
        if offset is None:
            continue
        figure.add_annotation(
            annotation(offset, RADIUS["front"]),
            text=f"<b>{number}</b>",
            y=_top1(one),
            x=x_scale.position(_span(one, own_ms)[0]),
        )


def _own_panel(figure: go.Figure, told: Advice, own_ms: float) -> None:
    """The user's model on the user's images, with its Wilson interval, on a scale of its own."""
    right = told.own.accuracy
    if right is None:
        return
    figure.add_scatter(
        x=[own_ms],
        y=[100 * right.top1],
        yaxis="y2",
        mode="markers",
        name="own",
        cliponaxis=False,
        marker={"size": 13, "color": BASELINE},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [100 * (right.high - right.top1)],
            "arrayminus": [100 * (right.top1 - right.low)],
            "thickness": 2.5,
            "width": 7,
            "color": BASELINE,
        },
        hovertemplate=f"your model<br>%{{x:.3g}} ms<br>%{{y:.2f}} % of {right.n_images:,} images<extra></extra>",
    )
    top = OWN / (OWN + BETWEEN + PLOT)
    figure.update_layout(
        yaxis2={
            **percentages([100 * right.low, 100 * right.high], most=3).axis(),
            "domain": (0.0, top),
            "anchor": "x",
            "title": {"text": "Yours, %", "standoff": 10},
            "fixedrange": True,
            "automargin": True,
            "zeroline": False,
        }
    )
    figure.add_annotation(
        x=0,
        xref="x domain",
        y=top,
        yref="paper",
        yanchor="bottom",
        xanchor="left",
        yshift=10,
        text=f"Your model on your images: {percent(right.top1, 2)} of {right.n_images:,}",
        showarrow=False,
    )


def _alt(told: Advice, placed: Sequence[Architecture]) -> str:
    front = [one for one in placed if one.name in told.front]
    listed = ", ".join(
        f"{one.name} {one.latency.speedup:.2f} times as fast as your model and {_top1(one):.1f} %"
        for one in front
        if one.latency is not None
    )
    text = f"{len(placed)} architectures by latency here and published ImageNet top-1; the front: {listed or 'empty'}"
    right = told.own.accuracy
    return f"{text}; your model on your images: {percent(right.top1, 2)}" if right else text
