"""What a model is made of."""

import plotly.graph_objects as go

from engine.charts.style import canvas, label
from engine.results import ModelProfile

MOST = 10


def layers(profile: ModelProfile) -> go.Figure:
    """Operators of the exported graph by type, the commonest on top; beyond ten types the rest is one bar."""
    ranked = sorted(profile.layers.items(), key=lambda item: (-item[1], item[0]))
    shown = ranked[:MOST]
    rest = sum(count for _, count in ranked[MOST:])
    if rest:
        shown.append((f"{len(ranked) - MOST} other types", rest))
    listed = ", ".join(f"{count} {kind}" for kind, count in shown)
    figure = canvas(f"Layers by type: {listed}", height=64 + 28 * len(shown), x_title="Operators in the graph")
    figure.add_bar(
        x=[count for _, count in shown], y=[label(kind) for kind, _ in shown], orientation="h",
        text=[f"{count:,}" for _, count in shown], textposition="outside", cliponaxis=False,
        hovertemplate="%{y}: %{x}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(bargap=0.35)
    figure.update_yaxes(autorange="reversed")
    return figure
