"""The variant that a view of a run is about; one choice for all views, in the page's address."""

import streamlit as st

from engine import Report, Variant


def choose(report: Report) -> Variant | None:
    """Draws the choice, the recommended variant first; None where the report has no variants."""
    best = report.recommended.id if report.recommended else None
    variants = sorted(report.main_variants, key=lambda variant: variant.id != best)
    if not variants:
        return None
    labels = {variant.id: f"{variant.label} · {variant.id[:6]}" for variant in variants}
    id = st.selectbox("Variant", list(labels), format_func=labels.__getitem__, key="variant", bind="query-params")
    return next(variant for variant in variants if variant.id == id)
