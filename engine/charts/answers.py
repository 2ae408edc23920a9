"""The recommendations of the latest runs side by side: a row a run."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from engine.charts.rows import Row, add_point, add_reference, add_rows
from engine.charts.scales import amounts, show_x
from engine.charts.style import BASELINE, RECOMMENDED, canvas, figures, label, shortened
from engine.results import RunSummary

LONGEST = 24
"""The most letters of a run's name, which has one line in a small chart."""


def answers(runs: Sequence[tuple[str, RunSummary]]) -> go.Figure:
    """How many times as fast as its baseline the recommended variant of each run is, with the 95 % interval.

    `runs` are names and summaries. A run that keeps its baseline is a grey point at 1; one without a recommendation or
    without a latency has no row.
    """
    answered_runs = [(name, summary) for name, summary in runs if summary.keeps_baseline or summary.speedup is not None]
    figure = canvas(_alt(answered_runs), x_title="Speed, times as fast as the run's baseline (×)")
    spans = [_span(summary) for _, summary in answered_runs]
    scale = amounts([1.0, *(end for span in spans for end in span)], zero=False)
    middles = add_rows(
        figure,
        [
            Row(
                name=label(shortened(name, LONGEST)),
                text="baseline" if summary.keeps_baseline else f"{figures(span[0])}×",
            )
            for (name, summary), span in zip(answered_runs, spans, strict=True)
        ],
    )
    show_x(figure, scale, "×")
    add_reference(figure, scale, 1.0, "baseline", middles)
    for (name, summary), span, y in zip(answered_runs, spans, middles, strict=True):
        hover = f"{html.escape(name)}<br>{html.escape(summary.recommended or '')}<extra></extra>"
        add_point(figure, y, *span, colour=BASELINE if summary.keeps_baseline else RECOMMENDED, hover=hover)
    return figure


def _span(summary: RunSummary) -> tuple[float, float, float]:
    """The speed-up with the ends of its interval; 1 for a run that keeps its baseline."""
    value = summary.speedup if summary.speedup is not None else 1.0
    return value, summary.speedup_low or value, summary.speedup_high or value


def _speed_text(summary: RunSummary) -> str:
    if summary.speedup is None:
        return "keeps its baseline"
    value, low, high = _span(summary)
    return f"{value:.2f} times (95 % interval {low:.2f} to {high:.2f})"


def _alt(answered_runs: Sequence[tuple[str, RunSummary]]) -> str:
    figures_text = ", ".join(f"{name} {_speed_text(summary)}" for name, summary in answered_runs)
    return f"Speed of what each run recommends, relative to its own baseline: {figures_text or 'no run has an answer'}"
