"""The table of a comparison: a row a variant, each figure beside that of the first run's baseline."""

import csv
import io
from collections.abc import Sequence

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from engine import ComparedVariant, RunComparison, charts

COLUMNS = (
    "Run",
    "Variant",
    "Speed",
    "Speed, interval",
    "Latency, ms",
    "Images/s",
    "Load, ms",
    "Memory, MB",
    "Size, MB",
    "Size, change",
    "Quality",
    "Loss, points",
    "Parameters, M",
    "MACs, M",
)
SHOWN = ("Run", "Variant", "Speed", "Latency, ms", "Size, MB", "Size, change", "Quality", "Loss, points")
"""Those that are shown by themselves."""
GREY = "color: #8a938f"
"""Of a row that does not meet the limits, readable on both pages."""
CSV_COLUMNS = tuple(ComparedVariant.model_fields)


def as_frame(comparison: RunComparison, base: ComparedVariant) -> pd.DataFrame:
    """A row for each variant, in its order; changes of size are from `base`."""
    whole = charts.quality_axis_of(comparison.kind).whole
    return pd.DataFrame([_row(one, base, whole) for one in comparison.variants], columns=list(COLUMNS))


def _row(variant: ComparedVariant, base: ComparedVariant, whole: float) -> dict[str, object]:
    interval = (
        None
        if variant.speedup_low is None or variant.speedup_high is None or variant.role == "baseline"
        else f"{variant.speedup_low:.2f} to {variant.speedup_high:.2f}"
    )
    return {
        "Run": variant.run_name,
        "Variant": f"{variant.label}{' (recommended)' if variant.is_recommended else ''}",
        "Speed": variant.speedup,
        "Speed, interval": interval,
        "Latency, ms": variant.p50_ms,
        "Images/s": variant.images_per_s,
        "Load, ms": variant.load_ms,
        "Memory, MB": None if variant.session_bytes is None else variant.session_bytes / 1e6,
        "Size, MB": variant.size_bytes / 1e6,
        "Size, change": None if variant is base else 100 * (variant.size_bytes / base.size_bytes - 1),
        "Quality": None if variant.quality is None else whole * variant.quality,
        "Loss, points": None if variant.drop is None else 100 * variant.drop,
        "Parameters, M": None if variant.parameters is None else variant.parameters / 1e6,
        "MACs, M": None if variant.macs is None else variant.macs / 1e6,
    }


def styled(frame: pd.DataFrame, keeps: Sequence[bool]) -> Styler:
    """The frame with the rows that do not meet the limits in grey."""
    return frame.style.apply(lambda row: ["" if keeps[row.name] else GREY] * len(row), axis=1)


def column_config(comparison: RunComparison) -> dict[str, object]:
    """How each column writes its numbers."""
    number = st.column_config.NumberColumn
    axis = charts.quality_axis_of(comparison.kind)
    quality = "%.2f %%" if axis.is_percent else "%.4f"
    return {
        "Speed": number(format="%.2f×", help="Times as fast as the baseline of its own run."),
        "Latency, ms": number(format="%.3f", help="Median of a call. Runs are not timed in the same rounds."),
        "Images/s": number(format="%.0f"),
        "Load, ms": number(format="%.1f", help="How long a fresh process takes to open the file."),
        "Memory, MB": number(
            format="%.1f", help="At its peak, for opening the file and the first call in a fresh process."
        ),
        "Size, MB": number(format="%.2f"),
        "Size, change": number(format="%+.0f %%", help="From the baseline of the first run."),
        "Quality": number(format=quality, help=f"{axis.name}, on the images that report."),
        "Loss, points": number(format="%.2f", help="Beside the baseline of its own run."),
        "Parameters, M": number(format="%.2f"),
        "MACs, M": number(format="%.0f"),
    }


def as_csv(variants: Sequence[ComparedVariant]) -> str:
    """The same rows as plain numbers, with all that is known of each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows([getattr(one, name) for name in CSV_COLUMNS] for one in variants)
    return text.getvalue()
