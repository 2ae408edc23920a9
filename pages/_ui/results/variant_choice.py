"""The variant that a view of a run is about; one choice for all views, in the page's address."""

from collections.abc import Sequence

import streamlit as st

from engine import Report, Variant


def choose(report: Report, among: Sequence[Variant] | None = None, label: str = "Variant") -> Variant | None:
    """Draws the choice, the recommended variant first; None where there is nothing to choose from.

    All variants of the report but the candidates of its races can be chosen where `among` names no others.
    """
    best = report.recommended.id if report.recommended else None
    variants = sorted(report.main_variants if among is None else among, key=lambda variant: variant.id != best)
    if not variants:
        return None
    labels = {variant.id: f"{variant.label} · {variant.id[:6]}" for variant in variants}
    id = st.selectbox(label, list(labels), format_func=labels.__getitem__, key="variant", bind="query-params")
    return next(variant for variant in variants if variant.id == id)
