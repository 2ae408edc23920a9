"""The family of variants: which came from which, by which step, and what became of it."""

from collections.abc import Iterator

import plotly.graph_objects as go

from engine.charts.style import BETTER, NEUTRAL, WORSE, canvas, label
from engine.results import Report, Variant

ROW = 46
"""Pixels of one variant: its name, and its figures below."""
WIDTH = 11.0
"""The chart in steps of indentation: the deepest chains of a report leave more than half of it to the words."""
NAME = 34


def tree(report: Report) -> go.Figure:
    """A row a variant, below the one it came from and indented by one; candidates of races are left to their races.

    Green is within the budget and faster by the whole interval, red is outside it or slower, grey is neither; the star
    is recommended and the diamond is the baseline.
    """
    family = list(_rows(report))
    figure = canvas(_alt(report, family), height=40 + ROW * max(len(family), 1))
    places = {variant.id: (depth, row) for row, (variant, depth) in enumerate(family)}
    _lines(figure, places, family)
    best = report.recommended.id if report.recommended else None
    for variant, _ in family:
        _node(figure, variant, places[variant.id], recommended=variant.id == best)
    deepest = max((depth for _, depth in family), default=0)
    figure.update_xaxes(visible=False, range=[-0.5, max(WIDTH, 2.5 * deepest)])
    figure.update_yaxes(visible=False, range=[len(family) - 0.4, -0.6])
    figure.update_layout(margin={"l": 0, "r": 0, "t": 4, "b": 4})
    return figure


def _rows(report: Report) -> Iterator[tuple[Variant, int]]:
    """Depth first, in the order in which they were made."""
    known = {variant.id for variant in report.main_variants}
    children: dict[str | None, list[Variant]] = {}
    for variant in report.main_variants:
        children.setdefault(variant.parent_id if variant.parent_id in known else None, []).append(variant)
    waiting = [(variant, 0) for variant in reversed(children.get(None, []))]
    while waiting:
        variant, depth = waiting.pop()
        yield variant, depth
        waiting.extend((child, depth + 1) for child in reversed(children.get(variant.id, [])))


def _lines(figure: go.Figure, places: dict[str, tuple[int, int]], family: list[tuple[Variant, int]]) -> None:
    xs: list[float | None] = []
    ys: list[float | None] = []
    last: dict[str, int] = {}
    for variant, depth in family:
        if variant.parent_id in places:
            row = last[variant.parent_id] = places[variant.id][1]
            xs += [places[variant.parent_id][0], depth, None]
            ys += [row, row, None]
    for parent, row in last.items():
        xs += [places[parent][0], places[parent][0], None]
        ys += [places[parent][1], row, None]
    figure.add_scatter(x=xs, y=ys, mode="lines", line={"color": NEUTRAL, "width": 1.5}, hoverinfo="skip")


def _node(figure: go.Figure, variant: Variant, place: tuple[int, int], *, recommended: bool) -> None:
    depth, row = place
    name, figures = label(own(variant), NAME), " · ".join(_figures(variant))
    symbol = "star" if recommended else "diamond" if variant.role == "baseline" else "circle"
    figure.add_scatter(
        x=[depth], y=[row], mode="markers", hovertemplate=f"{label(variant.label, NAME)}<br>{figures}<extra></extra>",
        marker={"size": 17 if recommended else 12, "symbol": symbol, "color": _colour(variant)},
    )  # fmt: skip
    figure.add_annotation(
        x=depth, y=row, text=f"<b>{name}</b><br>{figures}", showarrow=False, xanchor="left", xshift=14, align="left",
    )  # fmt: skip


def own(variant: Variant) -> str:
    """What the step is called that made it; the tree itself says what came before."""
    return variant.settings.label if variant.settings else variant.label


def _figures(variant: Variant) -> Iterator[str]:
    yield f"{variant.size_bytes / 1e6:,.2f} MB"
    if variant.latency is not None and variant.role != "baseline":
        yield f"{variant.latency.ratio_to_baseline:.2f}× the time"
    if variant.accuracy is not None:
        yield f"{100 * variant.accuracy.top1:.1f} %"
    elif variant.fidelity is not None:
        yield f"{100 * variant.fidelity.agreement:.1f} % agree"


def _colour(variant: Variant) -> str:
    verdict = variant.verdict
    if verdict is None:
        return NEUTRAL
    if not verdict.within_budget or "slower_than_baseline" in verdict.codes:
        return WORSE
    return BETTER if verdict.faster == "yes" else NEUTRAL


def _alt(report: Report, family: list[tuple[Variant, int]]) -> str:
    parents = {variant.id: variant.label for variant in report.main_variants}
    listed = "; ".join(
        f"{variant.label}{f' from {parents[variant.parent_id]}' if variant.parent_id in parents else ''}: "
        f"{', '.join(_figures(variant))}"
        for variant, _ in family
    )
    return f"Family tree of the variants: {listed}"
