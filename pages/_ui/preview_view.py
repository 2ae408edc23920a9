"""What the images are and how the model will see them."""

import streamlit as st

from engine import DataPreview, FileModel, Finetune, PreviewRequest, result, result_file
from engine.charts import class_counts
from engine.wording import many
from pages._ui import chrome, live, readiness, state
from pages._ui.draft import Draft, data_name
from pages._ui.wording import plain, sentence

MOST_EXAMPLES = 24


def show(draft: Draft) -> None:
    """The card of the chosen data, once its preview is there; progress and failure until then."""
    if draft.model is None or draft.data is None:
        chrome.empty(
            "First a model",
            "The preview shows the images as the model will see them, so it needs to know the model's input.",
            ":material/network_node:",
        )
        st.page_link(chrome.MODEL, label="Choose a model", icon=":material/arrow_back:")
        return
    request = PreviewRequest(
        model=draft.model, data=draft.data, split=draft.split, preprocess=draft.preprocess, seed=draft.seed
    )
    way = st.container()
    with chrome.card("preview", plain(data_name(draft))):
        done = live.analysed(request, "Reading the images and preparing them for the model.")
        found = result(done.id) if done else None
        if done and isinstance(found, DataPreview):
            _card(done.id, found)
    if isinstance(found, DataPreview):
        _head(draft, found)
    if readiness.data(draft) != "refused":
        with way:
            st.page_link(chrome.OPTIMIZE, label="Next: choose what to try", icon=":material/arrow_forward:")


def _card(id: str, found: DataPreview) -> None:
    summary, size = found.summary, found.preprocess.size
    chrome.facts(
        {
            "Train": f"{summary.n_train:,}",
            "Calibration": f"{summary.n_calibration:,}",
            "Evaluation": f"{summary.n_evaluation:,}",
            "Classes": f"{len(summary.classes):,}" if summary.classes else "unlabelled",
            "Seen at": f"{size[0]}×{size[1]} px",
        }
    )
    for note in found.warnings:
        st.warning(plain(sentence(note.text)), icon=":material/warning:")
    if found.skipped:
        with st.expander(f"{many(summary.n_skipped, 'image')} skipped", icon=":material/broken_image:"):
            st.code("\n".join(note.text for note in found.skipped), language=None)
    if found.counts:
        st.markdown("**Images per class**")
        chrome.chart(class_counts(found), "classes")
    st.markdown("**As the model sees them**")
    with st.container(key="examples"), st.grid("auto", min_column_width=84, gap="small"):
        for index, (name, caption) in enumerate(found.examples[:MOST_EXAMPLES]):
            path = result_file(id, name)
            st.image(str(path), caption=plain(caption), width="stretch", alt=f"Example {index + 1}: {caption}")


def _head(draft: Draft, found: DataPreview) -> None:
    """Where the outputs do not fit the classes: say so and offer the fine-tune that makes them fit."""
    if found.head_fits is not False:
        return
    classes = len(found.summary.classes or ())
    st.warning(
        f"The model has {found.n_outputs:,} outputs and your images {many(classes, 'class', 'classes')}: "
        "its head does not fit.",
        icon=":material/call_split:",
    )
    if isinstance(draft.model, FileModel):
        st.markdown(
            "An ONNX file cannot be trained here. Give the class names in the order of its outputs above, "
            "or choose a timm model and fine-tune it."
        )
        return
    leads = isinstance(next(iter(draft.steps), None), Finetune)
    wanted = st.toggle(
        f"Fine-tune first, with a new head for the {classes} classes",
        value=leads,
        key="finetune-first",
        help="The fine-tuned model becomes the baseline of the run.",
    )
    if wanted != leads:
        state.replace_draft(draft.with_added(Finetune(), at=0) if wanted else draft.without_first())
        st.rerun()
