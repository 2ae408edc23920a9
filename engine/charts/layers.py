"""The layers of a model by type."""

import html

import plotly.graph_objects as go

from engine.charts.rows import Row, add_bar, add_rows
from engine.charts.scales import counts, show_x
from engine.charts.style import SERIES, canvas, label
from engine.results import ModelProfile

MOST = 10


def layers(profile: ModelProfile) -> go.Figure:
    """Operators of the exported graph by type, the commonest on top; beyond ten types the rest is one bar."""
    ranked = sorted(profile.layers.items(), key=lambda item: (-item[1], item[0]))
    bars = ranked[:MOST]
    n_others = sum(count for _, count in ranked[MOST:])
    if n_others:
        bars.append((f"{len(ranked) - MOST} other types", n_others))
    counts_text = ", ".join(f"{count} {kind}" for kind, count in bars)
    figure = canvas(f"Layers by type: {counts_text}", x_title="Operators in the graph, count")
    middles = add_rows(figure, [Row(name=label(kind), text=f"{count:,}") for kind, count in bars])
    for (kind, count), y in zip(bars, middles, strict=True):
        hover = f"{html.escape(kind)}: {count:,}<extra></extra>"
        add_bar(figure, y, 0, count, colour=SERIES[-1], hover=hover)
    show_x(figure, counts(count for _, count in bars))
    return figure
