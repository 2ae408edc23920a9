"""Architectures beside the user's model: latency here against published accuracy, with the Pareto front."""

import html
from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go

from engine.charts.placing import Ends, Mark, annotation, place_labels
from engine.charts.scales import Scale, amounts, percentages
from engine.charts.style import BASELINE, CANDIDATE, FOOT, GUIDE, LINE, RECOMMENDED, canvas, figures
from engine.results import Advice, Architecture
from engine.wording import percent

PLOT, HEAD = 360, 30
"""Pixels of the panel with ImageNet's top-1, and of the space above it."""
OWN, BETWEEN = 90, 40
"""Pixels of the panel with the user's images, which has a scale of its own, and between the two panels."""
RADIUS = {"advised": 6, "front": 6, "other": 4}
COLOURS = {"advised": RECOMMENDED, "front": CANDIDATE, "other": BASELINE}
NUMBER = 15
"""Pixels of a point's number."""
ROOM = 0.08


def advice(advice: Advice) -> go.Figure:
    """Published ImageNet top-1, %, over latency, ms: one point an architecture, with its interval.

    Advised architectures have RECOMMENDED's colour, others on the Pareto front CANDIDATE's, the rest is grey; the front
    is numbered from its fastest. The x of a point is its ratio to the user's model in the same rounds times that
    model's median, so that drift of the machine does not shift it against the line of the user's model. With labels,
    a panel below shows the model's accuracy on the user's images.
    """
    own_ms = advice.own.p50_ms
    architectures = [one for one in advice.measured if one.published is not None] if own_ms else []
    panel = advice.own.accuracy is not None and own_ms is not None
    height = HEAD + PLOT + FOOT + (OWN + BETWEEN if panel else 0)
    figure = canvas(
        _alt(advice, architectures),
        height=height,
        y_title="Published ImageNet top-1, %",
        x_title="Latency of a call here, ms",
    )
    figure.update_layout(margin_t=HEAD)
    if not own_ms:
        return figure
    pareto_front = [one for one in architectures if one.name in advice.front]
    published = [100 * advice.own.published.top1] if advice.own.published else []
    x_scale = amounts([own_ms, *(end for one in architectures for end in _span(one, own_ms))], zero=False, room=ROOM)
    y_scale = percentages([*(_top1(one) for one in architectures), *published], room=ROOM)
    share = (OWN + BETWEEN) / (OWN + BETWEEN + PLOT) if panel else 0.0
    figure.update_layout(
        xaxis={**x_scale.axis(), "anchor": "y2" if panel else "y"}, yaxis={**y_scale.axis(), "domain": (share, 1.0)}
    )
    _staircase(figure, pareto_front, own_ms)
    for name, group in _groups(advice, architectures).items():
        _points(figure, group, own_ms, name)
    _add_own_model(figure, advice, own_ms)
    _numbers(figure, pareto_front, architectures, own_ms, published, x_scale, y_scale)
    if panel:
        _own_panel(figure, advice, own_ms)
    return figure


def _groups(advice: Advice, architectures: Sequence[Architecture]) -> dict[str, list[Architecture]]:
    groups: dict[str, list[Architecture]] = {name: [] for name in COLOURS}
    for architecture in architectures:
        advised = architecture.name in advice.faster or architecture.name in advice.better
        groups["other" if architecture.name not in advice.front else "advised" if advised else "front"].append(
            architecture
        )
    return groups


def _span(architecture: Architecture, own_ms: float) -> tuple[float, float, float]:
    """Latency in ms, with the ends of its interval."""
    ratio = architecture.latency
    if ratio is None:
        return own_ms, own_ms, own_ms
    return own_ms * ratio.ratio_to_baseline, own_ms * ratio.ratio_low, own_ms * ratio.ratio_high


def _top1(architecture: Architecture) -> float:
    return 100 * architecture.published.top1 if architecture.published else 0.0


def _staircase(figure: go.Figure, pareto_front: Sequence[Architecture], own_ms: float) -> None:
    """Draw the best published top-1 that is reached within each latency."""
    figure.add_scatter(
        x=[_span(one, own_ms)[0] for one in pareto_front],
        y=[_top1(one) for one in pareto_front],
        mode="lines",
        name="line",
        line={"shape": "hv", "width": 2, "color": BASELINE},
        hoverinfo="skip",
    )


def _points(figure: go.Figure, group: Sequence[Architecture], own_ms: float, name: str) -> None:
    """Add the trace of a group, also of an empty one."""
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


def _speeds(architecture: Architecture) -> tuple[float, float, float]:
    """Times as fast as the user's model, with the ends of the interval."""
    return (
        (architecture.latency.speedup, architecture.latency.speedup_low, architecture.latency.speedup_high)
        if architecture.latency
        else (1.0, 1.0, 1.0)
    )


def _add_own_model(figure: go.Figure, advice: Advice, own_ms: float) -> None:
    """Draw the user's model as a line at its latency, and the published top-1 of its architecture as one across."""
    figure.add_shape(type="line", x0=own_ms, x1=own_ms, y0=0, y1=1, yref="y domain", line=GUIDE, layer="below")
    text = f"dotted: your model, {figures(own_ms)} ms"
    if advice.own.published is not None:
        top1 = 100 * advice.own.published.top1
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
    pareto_front: Sequence[Architecture],
    architectures: Sequence[Architecture],
    own_ms: float,
    published: Sequence[float],
    x_scale: Scale,
    y_scale: Scale,
) -> None:
    """Number the points of the front where a number fits; names would not fit on a phone."""

    def down(top1: float) -> float:
        return PLOT * (1 - y_scale.fraction(top1))

    points = {
        architecture.name: (x_scale.fraction(_span(architecture, own_ms)[0]), down(_top1(architecture)))
        for architecture in architectures
    }
    lines: list[Ends] = [((x_scale.fraction(own_ms), 0.0), (x_scale.fraction(own_ms), float(PLOT)))]
    lines += [((0.0, down(top1)), (1.0, down(top1))) for top1 in published]
    for architecture in architectures:
        _, low, high = _span(architecture, own_ms)
        lines.append(
            (
                (x_scale.fraction(low), points[architecture.name][1]),
                (x_scale.fraction(high), points[architecture.name][1]),
            )
        )
    for (x, y), (to_x, to_y) in ((points[a.name], points[b.name]) for a, b in pairwise(pareto_front)):
        lines += [((x, y), (to_x, y)), ((to_x, y), (to_x, to_y))]
    marks = [
        Mark(
            x=points[architecture.name][0],
            y=points[architecture.name][1],
            radius=RADIUS["front"],
            width=NUMBER,
            height=LINE,
        )
        for architecture in pareto_front
    ]
    marks += [
        Mark(x=points[architecture.name][0], y=points[architecture.name][1], radius=RADIUS["other"])
        for architecture in architectures
        if architecture not in pareto_front
    ]
    for number, (architecture, offset) in enumerate(
        zip(pareto_front, place_labels(marks, lines, PLOT, far=True), strict=True), 1
    ):
        if offset is None:
            continue
        figure.add_annotation(
            annotation(offset, RADIUS["front"]),
            text=f"<b>{number}</b>",
            y=_top1(architecture),
            x=x_scale.position(_span(architecture, own_ms)[0]),
        )


def _own_panel(figure: go.Figure, advice: Advice, own_ms: float) -> None:
    """Draw the accuracy of the user's model on the user's images, with its Wilson interval, on its own scale."""
    accuracy = advice.own.accuracy
    if accuracy is None:
        return
    figure.add_scatter(
        x=[own_ms],
        y=[100 * accuracy.top1],
        yaxis="y2",
        mode="markers",
        name="own",
        cliponaxis=False,
        marker={"size": 13, "color": BASELINE},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [100 * (accuracy.high - accuracy.top1)],
            "arrayminus": [100 * (accuracy.top1 - accuracy.low)],
            "thickness": 2.5,
            "width": 7,
            "color": BASELINE,
        },
        hovertemplate=f"your model<br>%{{x:.3g}} ms<br>%{{y:.2f}} % of {accuracy.n_images:,} images<extra></extra>",
    )
    top = OWN / (OWN + BETWEEN + PLOT)
    figure.update_layout(
        yaxis2={
            **percentages([100 * accuracy.low, 100 * accuracy.high], most=3).axis(),
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
        text=f"Your model on your images: {percent(accuracy.top1, 2)} of {accuracy.n_images:,}",
        showarrow=False,
    )


def _alt(advice: Advice, architectures: Sequence[Architecture]) -> str:
    pareto_front = [one for one in architectures if one.name in advice.front]
    figures_text = ", ".join(
        f"{one.name} {one.latency.speedup:.2f} times as fast as your model and {_top1(one):.1f} %"
        for one in pareto_front
        if one.latency is not None
    )
    subject = f"{len(architectures)} architectures by latency here and published ImageNet top-1"
    text = f"{subject}; the front: {figures_text or 'empty'}"
    accuracy = advice.own.accuracy
    return f"{text}; your model on your images: {percent(accuracy.top1, 2)}" if accuracy else text
