"""What the latest runs recommend, side by side: a row a run."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from engine.charts.rows import Row, add_point, add_reference, add_rows
from engine.charts.scales import amounts, show_x
from engine.charts.style import BASELINE, RECOMMENDED, canvas, figures, label, shortened
from engine.results import RunSummary

LONGEST = 24
"""Letters of a run's name: a small chart has one line for it."""


def answers(told: Sequence[tuple[str, RunSummary]]) -> go.Figure:
    """Runs by name: how many times as fast as its own baseline the recommended variant is, with its 95 % interval.

    A run that keeps its baseline is a grey point at 1; one without an answer, or without a latency, has no row.
    """
    known = [(name, one) for name, one in told if one.keeps_baseline or one.speedup is not None]
    figure = canvas(_alt(known), x_title="Speed, times as fast as the run's baseline (×)")
    spans = [_span(one) for _, one in known]
    scale = amounts([1.0, *(end for span in spans for end in span)], zero=False)
    middles = add_rows(
        figure,
        [
            Row(name=label(shortened(name, LONGEST)), text="baseline" if one.keeps_baseline else f"{figures(span[0])}×")
            for (name, one), span in zip(known, spans, strict=True)
        ],
    )
    show_x(figure, scale, "×")
    add_reference(figure, scale, 1.0, "baseline", middles)
    for (name, one), span, y in zip(known, spans, middles, strict=True):
        hover = f"{html.escape(name)}<br>{html.escape(one.recommended or '')}<extra></extra>"
        add_point(figure, y, *span, colour=BASELINE if one.keeps_baseline else RECOMMENDED, hover=hover)
    return figure


def _span(one: RunSummary) -> tuple[float, float, float]:
    """The speed-up with the ends of its interval; a baseline is as fast as itself."""
    value = one.speedup if one.speedup is not None else 1.0
    return value, one.speedup_low or value, one.speedup_high or value


def _alt(known: Sequence[tuple[str, RunSummary]]) -> str:
    listed = ", ".join(
        f"{name} keeps its baseline"
        if one.speedup is None
        else f"{name} {one.speedup:.2f} times (95 % interval {one.speedup_low or 0:.2f} to {one.speedup_high or 0:.2f})"
        for name, one in known
    )
    return f"Speed of what each run recommends, relative to its own baseline: {listed or 'no run has an answer'}"
