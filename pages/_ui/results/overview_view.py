"""The overview of a report: the recommended variant, the table of all, and the charts."""

from collections.abc import Collection

import streamlit as st

from engine import Report, charts
from pages._ui import chrome, notes_view, skipped_view
from pages._ui.browser_terms import told
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
from pages._ui.wording import plain


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
        with st.container(key="variants-all" if everything else "variants"):
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
    *side_by_side, last = charts.overview_charts(report)
    is_wide = last.name == "tradeoff"
    with st.grid(2, min_column_width=330, gap="medium"):
        for one in side_by_side if is_wide else (*side_by_side, last):
            with chrome.card(f"chart-{one.name}", one.question, fill=True):
                chrome.chart(one.draw(report), one.name)
    if is_wide:
        with chrome.card("chart-tradeoff", last.question, "The bubble is the size of the file."):
            chrome.chart(last.draw(report), last.name)


def _notes(report: Report) -> None:
    with_notes = [variant for variant in report.main_variants if variant.notes]
    if with_notes:
        st.header("Worth knowing", anchor=False)
    for variant in with_notes:
        with st.expander(plain(variant.label), icon=":material/sticky_note_2:"):
            st.markdown("\n".join(f"- {told(note.text)}" for note in variant.notes))
