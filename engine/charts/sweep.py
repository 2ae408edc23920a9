"""A sweep: throughput against latency, a line for each number of threads, a point for each batch size."""

import plotly.graph_objects as go

from engine.charts.key import add_key
from engine.charts.scales import amounts
from engine.charts.style import FOOT, GUIDE, RECOMMENDED, SERIES, canvas, figures
from engine.results import Sweep, SweepCell
from engine.wording import many

PLOT = 300
"""Pixels of the plot."""
ROOM = 0.1
UP = 15
"""Pixels between the upper end of a point's whisker and the middle of the batch size above it."""


def sweep(result: Sweep, limit_ms: float | None = None) -> go.Figure:
    """Images a second over the median latency of a call, ms, with the 95 % intervals of both.

    The number at a point is its batch size. `limit_ms` is a dotted line; what is beyond it is pale, and the best cell
    within it has the colour of what is recommended.
    """
    best = result.best_within(limit_ms)
    figure = canvas(
        _alt(result, limit_ms, best),
        height=PLOT + FOOT,
        x_title="Latency of a call, ms",
        y_title="Images a second",
    )
    ends_ms = [end for cell in result.measured for end in (cell.p50_ms, cell.low_ms, cell.high_ms) if end]
    x_scale = amounts([*ends_ms, *([limit_ms] if limit_ms else [])], room=ROOM)
    rates = [
        end
        for cell in result.measured
        for end in (cell.images_per_s, cell.images_per_s_low, cell.images_per_s_high)
        if end
    ]
    y_scale = amounts(rates, room=ROOM)
    figure.update_layout(xaxis=x_scale.axis(), yaxis=y_scale.axis())
    if limit_ms is not None:
        figure.add_shape(type="line", x0=limit_ms, x1=limit_ms, y0=0, y1=1, yref="y domain", line=GUIDE, layer="below")
    key = []
    for number, (name, cells) in enumerate(_lines(result).items()):
        colour = SERIES[number % len(SERIES)]
        key.append(("●", colour, name))
        _add_line(figure, name, cells, colour, limit_ms)
    if best is not None:
        _mark(figure, best)
        key.append(("◯", RECOMMENDED, "sweet spot" if limit_ms is not None else "most images a second"))
    for cell in result.measured:
        top = cell.images_per_s_high or cell.images_per_s or 1.0
        _number(figure, cell, x_scale.position(cell.p50_ms or 1.0), y_scale.position(top))
    add_key(
        figure, key, first=f"dotted: {limit_ms:g} ms. Numbers: images a call" if limit_ms else "Numbers: images a call"
    )
    return figure


def _lines(result: Sweep) -> dict[str, list[SweepCell]]:
    """The measured cells by the axes other than the last, each line in the order of its batch sizes."""
    lines: dict[str, list[SweepCell]] = {}
    for cell in result.measured:
        lines.setdefault(many(cell.target.threads or 1, "thread"), []).append(cell)
    return lines


def _add_line(figure: go.Figure, name: str, cells: list[SweepCell], colour: str, limit_ms: float | None) -> None:
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


def _number(figure: go.Figure, cell: SweepCell, x: float, y: float) -> None:
    """Writes the batch size above a point and its whisker."""
    figure.add_annotation(x=x, y=y, text=str(cell.target.batch_size), showarrow=False, yshift=UP, borderpad=0)


def _hover(cell: SweepCell) -> str:
    size = f"{many(cell.target.batch_size, 'image')} a call, {many(cell.target.threads or 1, 'thread')}"
    interval = f" ({cell.low_ms:.3g} to {cell.high_ms:.3g})" if cell.low_ms and cell.high_ms else ""
    return f"{size}<br>{cell.p50_ms:.3g} ms{interval}<br>{cell.images_per_s:,.0f} images a second"


def _alt(result: Sweep, limit_ms: float | None, best: SweepCell | None) -> str:
    cells = ", ".join(
        f"batch {cell.target.batch_size} with {many(cell.target.threads or 1, 'thread')} "
        f"{figures(cell.p50_ms or 0)} ms and {figures(cell.images_per_s or 0)} images a second"
        for cell in result.measured
    )
    within = f" within {limit_ms:g} ms" if limit_ms else ""
    spot = (
        f". The most{within}: batch {best.target.batch_size}, {many(best.target.threads or 1, 'thread')}"
        if best
        else ""
    )
    return f"Throughput against latency: {cells}{spot}"
