"""A sweep: throughput against latency, a line for threads and streams, a point for each batch size."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import plotly.graph_objects as go

from engine.charts.key import add_key
from engine.charts.placing import Ends, Mark, annotation, place_labels
from engine.charts.scales import Scale, amounts
from engine.charts.style import FOOT, GUIDE, LINE, RECOMMENDED, SERIES, canvas, figures
from engine.results import Sweep, SweepCell
from engine.wording import many, threads_text

PLOT = 300
"""Pixels of the plot."""
ROOM = 0.1
RADIUS, LETTER = 5.0, 7.0
"""Pixels: half a point, and the width of a figure."""


def sweep(result: Sweep, limit_ms: float | None = None) -> go.Figure:
    """Images a second over the median latency of a call, ms, with the 95 % intervals of both.

    The number at a point is its batch size; where there is no room for it, the hover text has it. `limit_ms` is a
    dotted line; what is beyond it is pale, and the best cell within it has the colour of what is recommended.
    """
    best, curves = result.best_within(limit_ms), _curves(result)
    figure = canvas(
        _alt(result, limit_ms, best),
        height=PLOT + FOOT,
        x_title="Latency of a call, ms",
        y_title="Throughput, images/s",
    )
    axes = _axes(result, limit_ms)
    figure.update_layout(xaxis=axes.x.axis(), yaxis=axes.y.axis())
    if limit_ms is not None:
        figure.add_shape(type="line", x0=limit_ms, x1=limit_ms, y0=0, y1=1, yref="y domain", line=GUIDE, layer="below")
    key = []
    for number, (name, cells) in enumerate(curves.items()):
        colour = SERIES[number % len(SERIES)]
        key.append(("●", colour, name))
        _add_curve(figure, name, cells, colour, limit_ms)
    if best is not None:
        _mark(figure, best)
        key.append(("◯", RECOMMENDED, "most images a second" if limit_ms is None else "sweet spot"))
    _add_numbers(figure, result, axes, [*axes.segments(curves.values()), *axes.limit(limit_ms)])
    add_key(figure, key, first=f"{f'dotted: {limit_ms:g} ms. ' if limit_ms else ''}Numbers: images a call")
    return figure


@dataclass(frozen=True)
class Axes:
    """The two scales, and where values lie on the plot: a share of its width, and px from its top."""

    x: Scale
    y: Scale

    def place(self, ms: float, per_s: float) -> tuple[float, float]:
        return self.x.fraction(ms), PLOT * (1 - self.y.fraction(per_s))

    def segments(self, curves: Iterable[list[SweepCell]]) -> Iterator[Ends]:
        """Every line that is drawn: between the points of a curve, and the whiskers."""
        for cells in curves:
            points = [self.place(cell.p50_ms or 1.0, cell.images_per_s or 1.0) for cell in cells]
            yield from pairwise(points)
            for cell in cells:
                ms, per_s = cell.p50_ms or 1.0, cell.images_per_s or 1.0
                yield self.place(cell.low_ms or ms, per_s), self.place(cell.high_ms or ms, per_s)
                low, high = cell.images_per_s_low or per_s, cell.images_per_s_high or per_s
                yield self.place(ms, low), self.place(ms, high)

    def limit(self, limit_ms: float | None) -> list[Ends]:
        """The line of the latency that a call may take."""
        if limit_ms is None:
            return []
        x = self.x.fraction(limit_ms)
        return [((x, 0.0), (x, float(PLOT)))]


def _axes(result: Sweep, limit_ms: float | None) -> Axes:
    """Scales on which all figures and their intervals fit, and the limit."""
    ms = [end for cell in result.measured for end in (cell.p50_ms, cell.low_ms, cell.high_ms) if end]
    per_s = [
        end
        for cell in result.measured
        for end in (cell.images_per_s, cell.images_per_s_low, cell.images_per_s_high)
        if end
    ]
    return Axes(amounts([*ms, *([limit_ms] if limit_ms else [])], room=ROOM), amounts(per_s, room=ROOM))


def _curves(result: Sweep) -> dict[str, list[SweepCell]]:
    """The measured cells by their threads and streams, small batches first."""
    curves: dict[str, list[SweepCell]] = {}
    for cell in result.measured:
        curves.setdefault(threads_text(cell.target.threads, cell.target.streams), []).append(cell)
    return curves


def _add_curve(figure: go.Figure, name: str, cells: list[SweepCell], colour: str, limit_ms: float | None) -> None:
    figure.add_scatter(
        x=[cell.p50_ms for cell in cells],
        y=[cell.images_per_s for cell in cells],
        mode="lines+markers",
        name=name,
        cliponaxis=False,
        line={"color": colour, "width": 2},
        marker={
            "color": colour,
            "size": 9,
            "opacity": [1.0 if cell.within(limit_ms) != "no" else 0.35 for cell in cells],
        },
        error_x=_whiskers([(cell.p50_ms, cell.low_ms, cell.high_ms) for cell in cells], colour),
        error_y=_whiskers(
            [(cell.images_per_s, cell.images_per_s_low, cell.images_per_s_high) for cell in cells], colour
        ),
        hovertext=[_hover(cell) for cell in cells],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _whiskers(ends: list[tuple[float | None, float | None, float | None]], colour: str) -> dict[str, object]:
    """Whiskers from each low to each high end; none where the interval is not known."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value if high and value else 0 for value, _, high in ends],
        "arrayminus": [value - low if low and value else 0 for value, low, _ in ends],
        "thickness": 1.5,
        "width": 3,
        "color": colour,
    }


def _mark(figure: go.Figure, best: SweepCell) -> None:
    figure.add_scatter(
        x=[best.p50_ms],
        y=[best.images_per_s],
        mode="markers",
        cliponaxis=False,
        hoverinfo="skip",
        marker={"size": 20, "color": RECOMMENDED, "symbol": "circle-open", "line": {"width": 3}},
    )


def _add_numbers(figure: go.Figure, result: Sweep, axes: Axes, lines: Sequence[Ends]) -> None:
    """Writes batch sizes beside their points, where no line strikes them."""
    marks = []
    for cell in result.measured:
        x, y = axes.place(cell.p50_ms or 1.0, cell.images_per_s or 1.0)
        width = LETTER * len(str(cell.target.batch_size)) + 2
        marks.append(Mark(x=x, y=y, radius=RADIUS, width=width, height=LINE))
    for cell, offset in zip(result.measured, place_labels(marks, lines, PLOT, far=False), strict=True):
        if offset is not None:
            figure.add_annotation(
                annotation(offset, RADIUS),
                x=axes.x.position(cell.p50_ms or 1.0),
                y=axes.y.position(cell.images_per_s or 1.0),
                text=str(cell.target.batch_size),
            )


def _hover(cell: SweepCell) -> str:
    compute = threads_text(cell.target.threads, cell.target.streams)
    size = f"{many(cell.target.batch_size, 'image')} a call, {compute}"
    interval = f" ({cell.low_ms:.3g} to {cell.high_ms:.3g})" if cell.low_ms and cell.high_ms else ""
    return f"{size}<br>{cell.p50_ms:.3g} ms{interval}<br>{cell.images_per_s:,.0f} images a second"


def _alt(result: Sweep, limit_ms: float | None, best: SweepCell | None) -> str:
    cells = ", ".join(
        f"batch {cell.target.batch_size} with {threads_text(cell.target.threads, cell.target.streams)} "
        f"{figures(cell.p50_ms or 0)} ms and {figures(cell.images_per_s or 0)} images a second"
        for cell in result.measured
    )
    within = f" within {limit_ms:g} ms" if limit_ms else ""
    spot = (
        f". The most{within}: batch {best.target.batch_size}, {threads_text(best.target.threads, best.target.streams)}"
        if best
        else ""
    )
    return f"Throughput against latency: {cells}{spot}"
