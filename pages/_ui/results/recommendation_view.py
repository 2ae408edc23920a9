"""The recommended variant of a run: how much faster and smaller it is, what it costs, and how sure that is."""

import streamlit as st

from engine import Report, Variant, cut_short, finding, headline_figures, leak_text, losses_text, unconfirmed_text
from pages._ui import chrome, state
from pages._ui.browser_terms import told
from pages._ui.results import files_view
from pages._ui.wording import plain


def show(report: Report) -> None:
    """Draws the finding in two sentences, the download, and the figures behind it."""
    best = report.recommended_variant
    base = report.baseline
    if best is None or base is None or report.recommended is None:
        return
    answer, cost = finding(report)
    with chrome.card("recommended", accent=True):
        with st.container(key="eyebrow-recommended", gap=None):
            st.markdown(_eyebrow(report, best))
        with st.container(key="answer"):
            st.header(plain(answer), anchor=False)
        if cost:
            st.markdown(plain(cost))
        if losses := losses_text(best, report):
            st.caption(plain(losses))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            files_view.download(report, best, best.label)
            st.button(
                "How to run it",
                icon=":material/code:",
                type="tertiary",
                key="to-files",
                on_click=state.set_widget,
                args=("view", "Take home"),
            )
            files_view.html_download(report, "html-report-here", "tertiary")
            if report.races:
                st.button(
                    "See the race",
                    icon=":material/flag:",
                    type="tertiary",
                    key="to-race",
                    on_click=state.set_widget,
                    args=("view", "Race"),
                    help="Every candidate, and what became of it.",
                )
        _figures(report)
        if unconfirmed := unconfirmed_text(report):
            st.caption(f":material/warning: {told(unconfirmed)}")
        if leak := leak_text(report):
            st.caption(f":material/warning: {told(leak)}")


def _eyebrow(report: Report, best: Variant) -> str:
    """The line above the sentence, and whether a deadline ended the run before everything was tried."""
    baseline_title = "Recommended: keep the baseline" if report.compares else "The baseline"
    if report.is_undecided:
        return "No answer yet"
    title = "Recommended" if best.role != "baseline" else baseline_title
    partial_steps = cut_short(report)
    if any(one.variant_id in {variant.id for variant in report.lineage(best.id)} for one in partial_steps):
        return f"{title} · its time was up, this is the best so far"
    return f"{title} · the time was up before all was tried" if partial_steps else title


def _figures(report: Report) -> None:
    """Draws the recommended variant's figures, each with what stands beside it."""
    with st.grid(4, min_column_width=125, gap="small"):
        for figure in headline_figures(report):
            st.metric(
                figure.name,
                figure.value,
                figure.beside or None,
                delta_arrow="off",
                delta_color="off",
                help=plain(figure.meaning),
            )
