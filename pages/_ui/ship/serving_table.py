"""The loads of a server as a table."""

import pandas as pd
import streamlit as st

from engine import ServeBench, charts
from engine.wording import percent
from pages._ui.wording import milliseconds


def show(bench: ServeBench) -> None:
    """Draws a row a load, and why a setting has none."""
    rows = [
        {
            "Setting": charts.setting_name(cell),
            "Cache": "on" if cell.cached else "off",
            "Most, answers/s": f"{cell.per_s:,.0f} ({cell.per_s_low:,.0f} to {cell.per_s_high:,.0f})",
            "At, answers/s": f"{point.per_s:,.0f}",
            "p50": milliseconds(point.p50_ms),
            "p95": milliseconds(point.p95_ms),
            "p99": milliseconds(point.p99_ms),
            "From the cache": percent(point.hit_rate) if cell.cached else "",
            "Unanswered": percent(point.failed) if point.failed else "",
        }
        for cell in bench.measured
        for point in cell.points
    ]
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    for cell in bench.cells:
        if cell.note is not None and not cell.cached:
            st.caption(f"{charts.setting_name(cell)}: {cell.note.text}")
