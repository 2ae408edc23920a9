"""File size of every variant."""

import plotly.graph_objects as go

from engine.charts.style import canvas, reference, rows
from engine.charts.variants import colour, drawn, names, top_down
from engine.results import Report

BYTES_PER_MB = 1_000_000


def size(report: Report) -> go.Figure:
    """A bar a variant, in MB (10^6 bytes) of the ONNX file, with the budget's limit where there is one."""
    by_id = names(report)
    figure = canvas(_alt(report), height=rows(len(report.main_variants)), x_title="File size, MB")
    for variant in drawn(report):
        megabytes = variant.size_bytes / BYTES_PER_MB
        figure.add_bar(
            x=[megabytes], y=[by_id[variant.id]], orientation="h", marker={"color": colour(variant)},
            text=[f"{megabytes:,.2f}"], textposition="outside", cliponaxis=False,
            hovertemplate="%{y}<br>%{x:,.3f} MB<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="overlay")
    figure.update_yaxes(categoryorder="array", categoryarray=top_down(report))
    figure.update_xaxes(rangemode="tozero")
    if report.recipe.budget.max_size_mb is not None:
        reference(figure, x=report.recipe.budget.max_size_mb, text="budget")
    return figure


def _alt(report: Report) -> str:
    listed = ", ".join(f"{v.label} {v.size_bytes / BYTES_PER_MB:,.2f} MB" for v in report.main_variants)
    return f"File size of every variant: {listed}"
