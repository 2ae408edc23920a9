"""How a run was measured: its timeline, machine, versions, data and recipe."""

import streamlit as st

from engine import Report, dump_recipe, example_noun, job, report_quality, selection_text
from engine.wording import size_text
from pages._ui import chrome, state
from pages._ui.draft import from_recipe
from pages._ui.results import remeasure_view, timeline_view
from pages._ui.wording import plain


def show(report: Report) -> None:
    """Draws what is needed to judge the figures and to measure them again."""
    with chrome.card("did", "What it did", "Part by part, with the curves of its trainings"):
        timeline_view.show(job(report.run_id))
    remeasure_view.history(report)
    machine = report.environment
    with chrome.card("machine", "Machine", plain(machine.cpu)):
        chrome.metrics({"Cores": str(machine.cores), "Memory": size_text(machine.memory_bytes)})
        st.caption("Instructions: " + plain(", ".join(machine.isa) or "none that matter here"))
        if machine.graphics_cards:
            st.caption("Graphics cards: " + plain(", ".join(machine.graphics_cards)))
        st.table(
            {plain(name): plain(version) for name, version in machine.versions.items()},
            border="horizontal",
            width="content",
            alt="Versions of the libraries",
        )
    if report.data:
        data, noun = report.data, example_noun(report)
        with chrome.card("data", "Data", "Train, calibration, evaluation and holdout never overlap"):
            chrome.metrics(
                {
                    "Train": f"{data.n_train:,}",
                    "Calibration": f"{data.n_calibration:,}",
                    "Evaluation": f"{data.n_evaluation:,}",
                    **({} if data.n_selection is None else {"Selection": f"{data.n_selection:,}"}),
                    "Holdout": f"{data.n_holdout:,}",
                    "Skipped": f"{data.n_skipped:,}",
                }
            )
            st.caption(selection_text(data, noun))
            quality = report_quality(report) or "similarity"
            st.caption(f"SHA-256 of the evaluation set: runs with the same one compare in {quality}")
            st.code(data.evaluation_sha256, language=None, wrap_lines=True)
    with chrome.card("recipe", "Recipe", "Running it again gives the same run"):
        text = dump_recipe(report.recipe)
        with st.expander("The whole recipe", icon=":material/description:"):
            st.code(text, language="yaml")
        with st.container(horizontal=True):
            st.download_button(
                "Save the recipe",
                text,
                file_name=f"recipe-{report.run_id}.yaml",
                on_click="ignore",
                mime="application/yaml",
                icon=":material/download:",
            )
            if st.button("Run again with changes", icon=":material/edit:"):
                state.replace_draft(from_recipe(report.recipe))
                state.go(chrome.OPTIMIZE)
