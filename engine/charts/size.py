"""File size of every variant."""

import plotly.graph_objects as go

from engine.charts.intervals import Interval, Reference, add_intervals
from engine.charts.scales import amounts
from engine.charts.style import canvas, figures
from engine.results import Report

BYTES_PER_MB = 1_000_000


def size(report: Report) -> go.Figure:
    """A row a variant: MB (10^6 bytes) of the ONNX file, with the budget's limit where there is one.

    Bars from zero, or points on a logarithmic axis where the sizes span more than ten times.
    """
    sizes = {variant.id: variant.size_bytes / BYTES_PER_MB for variant in report.main_variants}
    intervals = {
        id: Interval(value=value, low=value, high=value, text=f"{figures(value)} MB", hover=f"{value:,.3f} MB")
        for id, value in sizes.items()
    }
    limit = report.recipe.budget.max_size_mb
    figure = canvas(_alt(report, sizes), x_title="File size, MB")
    add_intervals(
        figure,
        report,
        intervals,
        amounts([*sizes.values(), *([limit] if limit else [])]),
        bars=True,
        reference=Reference(value=limit, text=f"budget {limit:g} MB") if limit else None,
    )
    return figure


def _alt(report: Report, sizes: dict[str, float]) -> str:
    figures_text = ", ".join(f"{variant.label} {figures(sizes[variant.id])} MB" for variant in report.main_variants)
    return f"File size of every variant: {figures_text}"
