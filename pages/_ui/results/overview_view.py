"""The overview of a report: the recommended variant, the table of all, and the charts."""

from collections.abc import Callable, Collection

import streamlit as st
from plotly.graph_objects import Figure

from engine import MEASURES, Report, Variant, charts, report_measure
from pages._ui import chrome, notes_view, skipped_view
from pages._ui.guard import show_error
from pages._ui.results import (
    broken_view,
    outputs_table,
    race_view,
    recommendation_view,
    remeasure_view,
    suggestions_view,
    variant_table,
)
from pages._ui.wording import plain, sentence


def show(report: Report) -> None:
    """Draws recommendation, suggestions, warnings, table and charts."""
    recommendation_view.show(report)
    says_not_measured = remeasure_view.show(report)
    suggestions_view.show(report)
    _races(report)
    _warnings(report, said=(broken_view.CODE, *(("not_measured",) if says_not_measured else ())))
    if report.main_variants:
        is_single = len(report.main_variants) == 1
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
            st.header("The baseline" if is_single else "Every variant beside the baseline", anchor=False)
            everything = st.toggle("All figures", key="all-figures")
        with st.container(key="variants"):
            st.table(
                variant_table.as_frame(report, everything=everything),
                border="horizontal",
                hide_index=True,
                alt="Variants and their measurements",
            )
        st.caption(variant_table.legend(report, everything=everything))
        _outputs(report)
        _charts(report)
        _notes(report)


def _races(report: Report) -> None:
    """Draws how each race ended that the recommendation does not mention."""
    for text in race_view.other_outcomes(report):
        st.info(plain(text), icon=":material/flag:")


def _warnings(report: Report, said: Collection[str]) -> None:
    """Draws failures and warnings but those of the codes that were `said` above; skipped images in one line."""
    for failure in report.failures:
        name_chain = failure.branch is not None and len(report.recipe.chains) > 1
        show_error(
            f"chain {(failure.branch or 0) + 1}, {failure.message}" if name_chain else failure.message, failure.next
        )
    skipped = [note for note in report.warnings if note.code in skipped_view.CODES]
    notes_view.show(note for note in report.warnings if note.code not in said and note not in skipped)
    skipped_view.show(report.run_id, skipped, report.data.n_skipped if report.data else len(skipped))


def _outputs(report: Report) -> None:
    """Draws the fidelity of each output where a model has several."""
    frame = outputs_table.as_frame(report)
    if frame.empty:
        return
    with st.expander("Output by output", icon=":material/output:"):
        st.table(frame, border="horizontal", hide_index=True, alt="Outputs and how close they are to the baseline's")
        st.caption(outputs_table.LEGEND)


def _charts(report: Report) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.header("In pictures", anchor=False)
        st.page_link(
            chrome.MACHINE,
            label="How close to this machine's limit?",
            icon=":material/speed:",
            query_params={"run": report.run_id},
        )
    has_labels = any(variant.accuracy for variant in report.main_variants)
    quality = charts.accuracy if has_labels else charts.similarity
    question = "Still right?" if has_labels else _question(report)
    latency = [("How long a call takes", charts.latency, "latency")] if any(v.latency for v in report.variants) else []
    is_started = any(variant.cold_start for variant in report.main_variants)
    cold_start = (
        [
            ("How soon is a fresh process ready?", charts.cold_start, "cold-start"),
            ("How much memory does that take?", charts.memory, "memory"),
        ]
        if is_started
        else []
    )
    if len(report.main_variants) == 1:
        _grid(
            report,
            ("File size", charts.size, "size"),
            *latency,
            *([("How often it is right", charts.accuracy, "accuracy")] if has_labels else []),
            *cold_start,
        )
        return
    _grid(
        report,
        ("Smaller?", charts.size, "size"),
        *latency,
        *([("Faster, and how sure is that?", charts.speed, "speed")] if any(map(_has_speed, report.variants)) else []),
        (question, quality, quality.__name__),
        *cold_start,
    )
    if sum(_is_placed(variant) for variant in report.main_variants) < 2:  # a point alone is no trade-off
        return
    with chrome.card(
        "chart-tradeoff", "What is gained, what it costs", "Up and left is better; the bubble is the file."
    ):
        chrome.chart(charts.tradeoff(report), "tradeoff")


def _has_speed(variant: Variant) -> bool:
    """Whether a variant has a speed beside the baseline's, or an estimate of one."""
    return variant.role != "baseline" and (variant.latency or variant.latency_estimate) is not None


def _is_placed(variant: Variant) -> bool:
    """Whether a variant has both a latency and what its answers are worth."""
    is_judged = variant.role == "baseline" or (variant.accuracy or variant.fidelity) is not None
    return variant.latency is not None and is_judged


def _question(report: Report) -> str:
    """The title of the chart of similarities."""
    measure = report_measure(report)
    return MEASURES[measure].question if measure is not None else "Still the same outputs?"


def _grid(report: Report, *cards: tuple[str, Callable[[Report], Figure], str]) -> None:
    """Draws charts side by side; each is a title, a function of the report, and a key."""
    with st.grid(2, min_column_width=330, gap="medium"):
        for title, draw, key in cards:
            with chrome.card(f"chart-{key}", title, fill=True):
                chrome.chart(draw(report), key)


def _notes(report: Report) -> None:
    with_notes = [variant for variant in report.main_variants if variant.notes]
    if with_notes:
        st.header("Worth knowing", anchor=False)
    for variant in with_notes:
        with st.expander(plain(variant.label), icon=":material/sticky_note_2:"):
            st.markdown("\n".join(f"- {plain(sentence(note.text))}" for note in variant.notes))
