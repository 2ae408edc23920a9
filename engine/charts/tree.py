"""The tree of variants: the parent, the step, the outcome and the figures of each."""

import html
from collections.abc import Iterator

import plotly.graph_objects as go

from engine.charts.style import BASELINE, LINE, canvas, figures, label, n_lines, unbroken
from engine.charts.variants import colour, remark
from engine.results import MEASURES, Report, Variant, similarity_text
from engine.wording import size_text

GAP = 14
"""Pixels between two variants."""
WIDTH, DEEP = 14.0, 3.0
"""The width of the chart in steps of indentation: the least, and the factor on the deepest variant."""
FIGURES = 36
"""Letters of one line of figures, more than of names, which are bold."""
BELOW_NAME = 8
"""Pixels from the top of a variant to the centre of its mark, which is beside its name."""


def tree(report: Report) -> go.Figure:
    """Every variant below its parent and indented by one step; the candidates of races are left out.

    The colours are those of all charts of a report; the star is recommended and the diamond is the baseline.
    """
    family = list(_rows(report))
    figure = canvas(_alt(report, family))
    texts = [_text(report, variant) for variant, _ in family]
    positions, y = {}, 0.0
    for (variant, depth), text in zip(family, texts, strict=True):
        positions[variant.id] = (depth, y - BELOW_NAME)
        y -= LINE * n_lines(text) + GAP
    _lines(figure, positions, family)
    for (variant, _), text in zip(family, texts, strict=True):
        _node(figure, report, variant, positions[variant.id], text)
    deepest = max((depth for _, depth in family), default=0)
    figure.update_xaxes(visible=False, range=[-0.5, max(WIDTH, DEEP * deepest)])
    figure.update_yaxes(visible=False, range=[min(y, -LINE), 4])
    figure.update_layout(margin={"l": 0, "r": 0, "t": 4, "b": 4, "pad": 0}, height=max(-y, LINE) + 12)
    return figure


def _rows(report: Report) -> Iterator[tuple[Variant, int]]:
    """Variants with their depths, depth first, in the order in which they were made."""
    ids = {variant.id for variant in report.main_variants}
    children: dict[str | None, list[Variant]] = {}
    for variant in report.main_variants:
        children.setdefault(variant.parent_id if variant.parent_id in ids else None, []).append(variant)
    stack = [(variant, 0) for variant in reversed(children.get(None, []))]
    while stack:
        variant, depth = stack.pop()
        yield variant, depth
        stack.extend((child, depth + 1) for child in reversed(children.get(variant.id, [])))


def _lines(figure: go.Figure, positions: dict[str, tuple[int, float]], family: list[tuple[Variant, int]]) -> None:
    xs: list[float | None] = []
    ys: list[float | None] = []
    last: dict[str, float] = {}
    for variant, depth in family:
        if variant.parent_id in positions:
            y = last[variant.parent_id] = positions[variant.id][1]
            xs += [positions[variant.parent_id][0], depth, None]
            ys += [y, y, None]
    for parent, y in last.items():
        xs += [positions[parent][0], positions[parent][0], None]
        ys += [positions[parent][1], y, None]
    figure.add_scatter(x=xs, y=ys, mode="lines", line={"color": BASELINE, "width": 1.5}, hoverinfo="skip")


def _node(figure: go.Figure, report: Report, variant: Variant, position: tuple[int, float], text: str) -> None:
    depth, y = position
    best = report.recommends(variant)
    symbol = "diamond" if variant.role == "baseline" else "star" if best else "circle"
    hover = "<br>".join((html.escape(variant.label), " · ".join(_figures(variant))))
    figure.add_scatter(
        x=[depth],
        y=[y],
        mode="markers",
        cliponaxis=False,
        hovertemplate=f"{hover}<extra></extra>",
        marker={"size": 17 if symbol == "star" else 12, "symbol": symbol, "color": colour(report, variant)},
    )
    figure.add_annotation(
        x=depth,
        y=y + BELOW_NAME,
        text=text,
        showarrow=False,
        xanchor="left",
        yanchor="top",
        xshift=13,
        align="left",
        borderpad=0,
    )


def _text(report: Report, variant: Variant) -> str:
    """The label of the variant's last step with its remark, and its figures."""
    caption = " · ".join(part for part in (variant.step_label, unbroken(remark(report, variant))) if part)
    return f"<b>{label(caption)}</b><br>{label(' · '.join(unbroken(figure) for figure in _figures(variant)), FIGURES)}"


def _figures(variant: Variant) -> Iterator[str]:
    yield size_text(variant.size_bytes)
    if variant.latency is not None and variant.role != "baseline":
        yield f"{figures(variant.latency.speedup)}× as fast"
    if variant.accuracy is not None:
        yield f"{100 * variant.accuracy.top1:.1f} %"
    elif variant.fidelity is not None:
        yield MEASURES[variant.fidelity.measure].short.format(figure=similarity_text(variant.fidelity, 1))


def _alt(report: Report, family: list[tuple[Variant, int]]) -> str:
    parents = {variant.id: variant.label for variant in report.main_variants}
    figures_text = "; ".join(
        f"{variant.label}{f' from {parents[variant.parent_id]}' if variant.parent_id in parents else ''}: "
        f"{', '.join(_figures(variant))}"
        for variant, _ in family
    )
    return f"Family tree of the variants: {figures_text}"
