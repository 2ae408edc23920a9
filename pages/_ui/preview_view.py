"""The preview of the data: its splits and classes, and examples as the model will see them."""

import pandas as pd
import streamlit as st

from engine import (
    ArraySummary,
    DataPreview,
    DataSource,
    FileModel,
    Finetune,
    ImagesData,
    Job,
    PreviewRequest,
    data_misfit,
    result,
    result_file,
    selection_text,
)
from engine.charts import class_counts
from pages._ui import (
    audit_view,
    chrome,
    fit,
    folders_view,
    label_file_view,
    live,
    mapping_view,
    notes_view,
    readiness,
    skipped_view,
    state,
)
from pages._ui.browser_terms import in_browser_terms
from pages._ui.draft import Draft, data_name
from pages._ui.wording import plain

MAX_EXAMPLES = 24


def show(draft: Draft) -> None:
    """Draws the card of the chosen data: its preview, or until that is there its progress or failure."""
    if draft.model is None or draft.data is None:
        chrome.empty(
            "First a model",
            "The preview shows the data as the model will see it, so it needs to know the model's input.",
            ":material/network_node:",
        )
        st.page_link(chrome.MODEL, label="Choose a model", icon=":material/arrow_back:")
        return
    request = PreviewRequest(
        model=draft.model, data=draft.data, split=draft.split, preprocess=draft.preprocess, seed=draft.seed
    )
    next_link = st.container()
    with chrome.card("preview", plain(data_name(draft))):
        job = live.follow_analysis(
            request,
            "Reading the data and preparing it for the model.",
            lambda failed: _ways_out(draft, failed),
        )
        preview = result(job.id) if job else None
        if job and isinstance(preview, DataPreview):
            _card(job.id, preview, draft)
        label_file_view.show(draft, request)
    if isinstance(preview, DataPreview):
        mapping_view.show(draft, preview)
        _head(draft, draft.data, preview)
        audit_view.show(draft)
    if readiness.data(draft) != "refused":
        with next_link:
            st.page_link(chrome.OPTIMIZE, label="Next: choose what to try", icon=":material/arrow_forward:")


def _ways_out(draft: Draft, failed: Job) -> None:
    """Draws what helps on where reading failed: the files that were left out, and answers to a question on folders."""
    skipped_view.download(failed.id)
    folders_view.question(draft, failed)


def _card(id: str, preview: DataPreview, draft: Draft) -> None:
    summary, preprocess = preview.summary, preview.preprocess
    chrome.metrics(
        {
            "Train": f"{summary.n_train:,}",
            "Calibration": f"{summary.n_calibration:,}",
            "Evaluation": f"{summary.n_evaluation:,}",
            **({} if summary.n_selection is None else {"Selection": f"{summary.n_selection:,}"}),
            "Classes": f"{len(summary.classes):,}" if summary.classes else "unlabelled",
            **({} if preprocess is None or preview.arrays else {"Seen at": "{}×{} px".format(*preprocess.size)}),
        }
    )
    st.caption(selection_text(summary, "example" if preview.arrays else "image"))
    if preview.folders is not None:
        folders_view.show(draft, preview.folders)
    notes_view.show(note for note in preview.warnings if note.code != folders_view.FOLDERS_READ)
    skipped_view.show(id, preview.skipped, summary.n_skipped)
    if preview.counts:
        st.markdown("**Examples per class**" if preview.arrays else "**Images per class**")
        chrome.chart(class_counts(preview), "classes")
    st.markdown("**As the model sees them**")
    if preview.arrays:
        _arrays(preview.arrays)
        return
    with st.container(key="examples"), st.grid("auto", min_column_width=84, gap="small"):
        for index, (name, caption) in enumerate(preview.examples[:MAX_EXAMPLES]):
            path = result_file(id, name)
            st.image(str(path), caption=plain(caption), width="stretch", alt=f"Example {index + 1}: {caption}")


def _arrays(arrays: tuple[ArraySummary, ...]) -> None:
    """Draws the table of what each input gets in the first examples."""
    columns = {
        "Input": [plain(one.name) for one in arrays],
        "Type": [one.dtype for one in arrays],
        "Shape of one": ["×".join(map(str, one.shape)) or "one value" for one in arrays],
        "Lowest": [f"{one.low:,.6g}" for one in arrays],
        "Highest": [f"{one.high:,.6g}" for one in arrays],
        "Mean": [f"{one.mean:,.6g}" for one in arrays],
    }
    st.table(pd.DataFrame(columns), border="horizontal", hide_index=True, alt="The values of each input")


def _head(draft: Draft, data: DataSource, preview: DataPreview) -> None:
    """Says why the labels do not fit the model, and draws what mends that: a fine-tune first, or no labels."""
    refusal = data_misfit(draft.model, data, preview) if draft.model is not None else None
    if refusal is None:
        return
    if preview.head_fits is not False or isinstance(draft.model, FileModel):
        st.warning("  \n".join(fit.sentences(refusal)), icon=":material/call_split:")
        if isinstance(data, ImagesData) and st.button("Go on without labels", icon=":material/label_off:"):
            state.choose(data=data.model_copy(update={"labels": "none", "classes": None}))
            st.rerun()
        return
    st.warning(f"The head does not fit: {plain(in_browser_terms(refusal.message))}.", icon=":material/call_split:")
    is_on = isinstance(next(iter(draft.steps), None), Finetune)
    switch = st.toggle(
        f"Fine-tune first, with a new head for the {len(preview.summary.classes or ())} classes",
        value=is_on,
        key="finetune-first",
        help="The fine-tuned model becomes the baseline of the run.",
    )
    if switch != is_on:
        state.replace_draft(draft.with_step(Finetune(), at=0) if switch else draft.without_first_step())
        st.rerun()
