"""File size of every variant."""

import plotly.graph_objects as go

from engine.charts.intervals import Interval, Reference, add_intervals
from engine.charts.scales import amounts
from engine.charts.style import canvas
from engine.results import Report
from engine.wording import size_text, size_unit

BYTES_PER_MB = 1_000_000


def size(report: Report) -> go.Figure:
    """A row a variant: the ONNX file in MB (10^6 bytes), kB for small files, with the budget's limit if there is one.

    Bars from zero, or points on a logarithmic axis where the sizes span more than ten times.
    """
    largest = max((variant.size_bytes for variant in report.main_variants), default=BYTES_PER_MB)
    divisor, unit = size_unit(largest)
    sizes = {variant.id: variant.size_bytes for variant in report.main_variants}
    intervals = {
        id: Interval(
            value=n_bytes / divisor,
            low=n_bytes / divisor,
            high=n_bytes / divisor,
            text=size_text(n_bytes),
            hover=f"{n_bytes / divisor:,.3f} {unit}",
        )
        for id, n_bytes in sizes.items()
    }
    limit_mb = report.recipe.budget.max_size_mb
    limits = [] if limit_mb is None else [limit_mb * BYTES_PER_MB / divisor]
    figure = canvas(_alt(report, sizes), x_title=f"File size, {unit}")
    add_intervals(
        figure,
        report,
        intervals,
        amounts([*(one.value for one in intervals.values()), *limits]),
        bars=True,
        references=[Reference(value=limit, text=f"budget {limit_mb:g} MB") for limit in limits],
    )
    return figure


def _alt(report: Report, sizes: dict[str, int]) -> str:
    figures_text = ", ".join(f"{variant.label} {size_text(sizes[variant.id])}" for variant in report.main_variants)
    return f"File size of every variant: {figures_text}"
