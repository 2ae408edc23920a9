"""How many images of each class stand in each split."""

import plotly.graph_objects as go

from engine.charts.style import canvas, label
from engine.results import DataPreview

SPLITS = ("train", "calibration", "evaluation", "holdout")
MOST = 24


def class_counts(preview: DataPreview) -> go.Figure:
    """A stacked bar a class, a colour a split; of more than 24 classes the largest are shown."""
    counts = sorted(preview.counts, key=lambda c: -(c.train + c.calibration + c.evaluation + c.holdout))[:MOST]
    shown = [count for count in preview.counts if count in counts]
    totals = {split: sum(getattr(count, split) for count in preview.counts) for split in SPLITS}
    listed = ", ".join(f"{total} {split}" for split, total in totals.items() if total)
    figure = canvas(f"Images of {len(preview.counts)} classes: {listed}", height=300, y_title="Images")
    for split in (split for split in SPLITS if totals[split]):
        figure.add_bar(
            x=[label(count.name, 14) for count in shown], y=[getattr(count, split) for count in shown], name=split,
            hovertemplate=f"%{{x}}<br>%{{y}} {split}<extra></extra>",
        )  # fmt: skip
    legend = {"traceorder": "normal", "orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    figure.update_layout(barmode="stack", showlegend=True, bargap=0.3, legend=legend)
    figure.update_xaxes(type="category")
    return figure
