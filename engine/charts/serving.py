"""A bundle's server under load: the answers a second against the time that 99 of 100 take, a line a setting."""

import plotly.graph_objects as go

from engine.charts.key import add_key
from engine.charts.scales import amounts
from engine.charts.style import FOOT, GUIDE, RECOMMENDED, SERIES, canvas, figures
from engine.results import LoadPoint, ServeBench, ServeCell
from engine.wording import many, percent

PLOT = 300
"""Pixels of the plot."""
ROOM = 0.12


def serving(result: ServeBench, limit_ms: float | None = None, *, cached: bool = False) -> go.Figure:
    """The p99 of an answer, ms, over the answers a second at the rates that were measured.

    Whiskers are the lowest and the highest of the repeats. `limit_ms` is a dotted line; the best point within it has
    the colour of what is recommended.
    """
    cells = [cell for cell in result.measured if cell.cached == cached]
    best = result.best_within(limit_ms, cached=cached)
    figure = canvas(
        _alt(cells, cached), height=PLOT + FOOT, x_title="Answered, images/s", y_title="99 of 100 answers within, ms"
    )
    points = [point for cell in cells for point in cell.points]
    heights = [end for point in points for end in (point.p99_ms, point.p99_high_ms)]
    limits = [limit_ms] if limit_ms is not None else []
    figure.update_layout(
        xaxis=amounts([point.per_s for point in points], room=ROOM).axis(),
        yaxis=amounts([*heights, *limits], room=ROOM).axis(),
    )
    if limit_ms is not None:
        figure.add_shape(type="line", x0=0, x1=1, xref="x domain", y0=limit_ms, y1=limit_ms, line=GUIDE, layer="below")
    key = []
    for number, cell in enumerate(cells):
        colour = SERIES[number % len(SERIES)]
        key.append(("●", colour, setting_name(cell)))
        _add_line(figure, cell, colour)
    if best is not None and (point := best.within(limit_ms)) is not None:
        _mark(figure, point)
        key.append(("◯", RECOMMENDED, "most answers" if limit_ms is None else "most answers in time"))
    add_key(figure, key, first=f"dotted: {limit_ms:g} ms" if limit_ms is not None else "")
    return figure


def setting_name(cell: ServeCell) -> str:
    """Of a setting, as charts and tables call it."""
    if cell.max_batch_size == 1:
        return "1 image a call"
    return f"up to {many(cell.max_batch_size, 'image')}, {cell.batch_timeout_ms:g} ms"


def _add_line(figure: go.Figure, cell: ServeCell, colour: str) -> None:
    figure.add_scatter(
        x=[point.per_s for point in cell.points],
        y=[point.p99_ms for point in cell.points],
        mode="lines+markers",
        name=setting_name(cell),
        cliponaxis=False,
        line={"color": colour, "width": 2},
        marker={"color": colour, "size": 9},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [point.p99_high_ms - point.p99_ms for point in cell.points],
            "arrayminus": [point.p99_ms - point.p99_low_ms for point in cell.points],
            "thickness": 1.5,
            "width": 3,
            "color": colour,
        },
        hovertext=[_hover(cell, point) for point in cell.points],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _mark(figure: go.Figure, point: LoadPoint) -> None:
    figure.add_scatter(
        x=[point.per_s],
        y=[point.p99_ms],
        mode="markers",
        cliponaxis=False,
        hoverinfo="skip",
        marker={"size": 20, "color": RECOMMENDED, "symbol": "circle-open", "line": {"width": 3}},
    )


def _hover(cell: ServeCell, point: LoadPoint) -> str:
    hits = f"<br>{percent(point.hit_rate)} out of the cache" if cell.cached else ""
    return (
        f"{setting_name(cell)}<br>{point.per_s:,.0f} answers a second<br>"
        f"p50 {point.p50_ms:.3g}, p95 {point.p95_ms:.3g}, p99 {point.p99_ms:.3g} ms{hits}"
    )


def _alt(cells: list[ServeCell], cached: bool) -> str:
    texts = ", ".join(
        f"{setting_name(cell)} {figures(point.per_s)} a second with p99 {figures(point.p99_ms)} ms"
        for cell in cells
        for point in cell.points
    )
    return f"Answers a second and their p99 {'with' if cached else 'without'} the cache: {texts}"
