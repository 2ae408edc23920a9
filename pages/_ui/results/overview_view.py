"""The answer of a report, its table and its charts."""

from collections.abc import Callable

import streamlit as st
from plotly.graph_objects import Figure

from engine import Report, charts
from pages._ui import chrome
from pages._ui.guard import say
from pages._ui.results import race_view, recommendation_view, suggestions_view, variant_table
from pages._ui.wording import plain, sentence


def show(report: Report) -> None:
    """From the answer to its evidence: recommendation, warnings, table, charts."""
    recommendation_view.show(report)
    suggestions_view.show(report)
    _races(report)
    _warnings(report)
    if report.main_variants:
        alone = len(report.main_variants) == 1
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
            st.header("The baseline" if alone else "Every variant beside the baseline", anchor=False)
            everything = st.toggle("All figures", key="all-figures")
        with st.container(key="variants"):
            st.table(
                variant_table.shown(report, everything=everything),
                border="horizontal",
                hide_index=True,
                alt="Variants and their measurements",
            )
        st.caption(variant_table.legend(report))
        _charts(report)
        _notes(report)


def _races(report: Report) -> None:
    """What every race came to, where the headline does not say so already."""
    for text in race_view.untold(report):
        st.info(plain(text), icon=":material/flag:")


def _warnings(report: Report) -> None:
    for failure in report.failures:
        several = failure.branch is not None and len(report.recipe.chains) > 1
        say(f"chain {(failure.branch or 0) + 1}, {failure.message}" if several else failure.message, failure.next)
    for note in report.warnings:
        st.warning(plain(sentence(note.text)), icon=":material/warning:")


def _charts(report: Report) -> None:
    st.header("In pictures", anchor=False)
    labelled = any(variant.accuracy for variant in report.main_variants)
    quality = charts.accuracy if labelled else charts.agreement
    if len(report.main_variants) == 1:
        _grid(
            report,
            ("File size", charts.size, "size"),
            ("How long a call takes", charts.latency, "latency"),
            *([("How often it is right", charts.accuracy, "accuracy")] if labelled else []),
        )
        return
    _grid(
        report,
        ("Smaller?", charts.size, "size"),
        ("How long a call takes", charts.latency, "latency"),
        ("Faster, and how sure is that?", charts.speed, "speed"),
        ("Still right?" if labelled else "Still the same answers?", quality, quality.__name__),
    )
    with chrome.card(
        "chart-tradeoff", "What is gained, what it costs", "Up and left is better; the bubble is the file."
    ):
        chrome.chart(charts.tradeoff(report), "tradeoff")


def _grid(report: Report, *cards: tuple[str, Callable[[Report], Figure], str]) -> None:
    """Charts side by side, by title, chart and key."""
    with st.grid(2, min_column_width=330, gap="medium"):
        for title, draw, key in cards:
            with chrome.card(f"chart-{key}", title, fill=True):
                chrome.chart(draw(report), key)


def _notes(report: Report) -> None:
    noted = [variant for variant in report.main_variants if variant.notes]
    if noted:
        st.header("Worth knowing", anchor=False)
    for variant in noted:
        with st.expander(plain(variant.label), icon=":material/sticky_note_2:"):
            st.markdown("\n".join(f"- {plain(sentence(note.text))}" for note in variant.notes))
