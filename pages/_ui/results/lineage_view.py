"""What each step of a chain gained and cost, and the tree of all variants."""

import streamlit as st

from engine import Report, Variant, charts, measure_title, report_quality
from pages._ui import chrome
from pages._ui.wording import duration, plain

TREE = (
    "Each below the one it came from. Teal is recommended, grey is the baseline, red is over the budget or slower, "
    "blue is any other."
)


def show(report: Report) -> None:
    """Draws the chain of one variant, the recommended one first, and the tree of all."""
    variants = _final_variants(report)
    names = charts.variant_names(report)
    id = st.selectbox(
        "The chain that leads to",
        [variant.id for variant in variants],
        key="chain-to",
        format_func=lambda id: names[id].replace("<br>", " "),
    )
    quality = measure_title(report_quality(report) or "similarity")
    with st.grid(2, min_column_width=330, gap="medium"):
        for title, quantity in (
            ("File size, step by step", "size"),
            ("Latency, step by step", "latency"),
            (f"{quality}, step by step", "quality"),
        ):
            with chrome.card(f"chart-steps-{quantity}", title, fill=True):
                chrome.chart(charts.waterfall(report, id, quantity), f"steps-{quantity}")
        with chrome.card("steps-read", "How to read this", fill=True):
            _legend(report, id)
    with chrome.card("chart-tree", "The family of variants", TREE):
        chrome.chart(charts.tree(report), "tree")


def _final_variants(report: Report) -> list[Variant]:
    """All variants but the baseline: the recommended one first, the others from the last to the first."""
    best = report.recommended.id if report.recommended else None
    variants = [variant for variant in reversed(report.main_variants) if variant.role != "baseline"]
    return sorted(variants, key=lambda variant: variant.id != best)


def _legend(report: Report, id: str) -> None:
    st.markdown(
        "A bar goes from where the step before it ended to where this step ended. Teal is better than before, red is "
        "worse, and grey cannot be told apart: the 95 % intervals of before and after meet. What stands beside a bar "
        "is against the step before; the intervals are those of the difference from the baseline."
    )
    steps = charts.chain_steps(report, id)
    durations = [f"{plain(row.name.replace('<br>', ' '))} {duration(row.seconds)}" for row in steps]
    st.caption(f"Computed once, however many chains begin with it: {', '.join(durations)}.")
