"""Where the time of a call goes: two files side by side, a pair of bars a row."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from engine.charts.key import add_key
from engine.charts.rows import Row, add_bar, add_rows
from engine.charts.scales import amounts, show_x
from engine.charts.style import BASELINE, CANDIDATE, canvas, figures, label
from engine.results.time_profile import TimeProfile

MOST_OPERATORS, MOST_NODES = 10, 20
THIN, APART = 8, 5
"""Pixels: the height of one bar of a pair, and from the middle of the row to its own."""
GLYPH = "■"


@dataclass(frozen=True)
class _Pair:
    """A row: its name, what the hover text adds, and the milliseconds in both files; None where one has nothing."""

    name: str
    more: str
    baseline_ms: float | None
    model_ms: float | None


def operator_times(profile: TimeProfile, name: str) -> go.Figure:
    """Milliseconds of one call by what operators compute, beyond ten kinds the rest as one row.

    `name` is the variant's. What a file has nothing of has no bar.
    """
    pairs = [
        _Pair(one.family, _operators(one.baseline_operators, one.model_operators), one.baseline_ms, one.model_ms)
        for one in profile.operators
    ]
    rest = pairs[MOST_OPERATORS:]
    if rest:
        sums = sum(one.baseline_ms or 0 for one in rest), sum(one.model_ms or 0 for one in rest)
        pairs = [*pairs[:MOST_OPERATORS], _Pair(f"{len(rest)} other kinds", "", *sums)]
    return _figure(pairs, name, "by operator")


def heaviest_nodes(profile: TimeProfile, name: str) -> go.Figure:
    """Milliseconds of one call in the 20 heaviest nodes of either file, matched by name."""
    pairs = [
        _Pair(
            row.name,
            "" if row.is_matched else "no match in the other file",
            row.baseline_ms if row.baseline else None,
            row.model_ms if row.model else None,
        )
        for row in profile.rows[:MOST_NODES]
    ]
    return _figure(pairs, name, "in the heaviest nodes")


def _figure(pairs: Sequence[_Pair], name: str, title: str) -> go.Figure:
    texts = ", ".join(f"{one.name} {_text(one.baseline_ms)} and {_text(one.model_ms)}" for one in pairs)
    figure = canvas(
        f"Milliseconds of one call {title}, in the baseline and in {name}: {texts}", x_title="Time in one call, ms"
    )
    rows = [
        Row(name=label(one.name), text=f"{_text(one.baseline_ms)} → {_text(one.model_ms)}".replace(" ms →", " →"))
        for one in pairs
    ]
    middles = add_rows(figure, rows)
    for one, y in zip(pairs, middles, strict=True):
        for who, value, colour, shift in (
            ("Baseline", one.baseline_ms, BASELINE, APART),
            (name, one.model_ms, CANDIDATE, -APART),
        ):
            if value:
                hover = "<br>".join(
                    html.escape(text) for text in (one.name, f"{who}: {value:.4g} ms", one.more) if text
                )
                add_bar(figure, y + shift, 0.0, value, colour=colour, hover=f"{hover}<extra></extra>", width=THIN)
    longest = max((value for one in pairs for value in (one.baseline_ms, one.model_ms) if value), default=1.0)
    show_x(figure, amounts([0.0, longest]))
    add_key(figure, [(GLYPH, BASELINE, "Baseline"), (GLYPH, CANDIDATE, name)])
    return figure


def _text(value: float | None) -> str:
    return f"{figures(value)} ms" if value else "–"


def _operators(baseline: Sequence[str], model: Sequence[str]) -> str:
    return f"{', '.join(baseline) or 'none'} beside {', '.join(model) or 'none'}"
