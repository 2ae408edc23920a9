"""From labels to outputs: which output each label was taken for, what the model predicts there, and a better order."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from engine import Confusion, ConfusionRequest, DataPreview, Finetune, ImagesData, LabelOutput, result, result_file
from engine.wording import many, percent
from pages._ui import chrome, images_view, live, notes_view, state
from pages._ui.draft import Draft
from pages._ui.guard import callback
from pages._ui.wording import plain

MOST_ROWS, MOST_EXAMPLES = 30, 12
ORDERS = {
    "offset": "with every label {offset:+d} outputs further",
    "reversed": "in reverse",
    "alphabetic": "with the numbers in alphabetic order, 10 before 2",
    "permutation": "with every label at the output that it gets most often",
}


def show(draft: Draft, preview: DataPreview) -> None:
    """Draws the mapping of one's own labelled images beside the predictions; nothing where a new head comes first."""
    starts_with_finetune = isinstance(next(iter(draft.steps), None), Finetune)
    if not preview.mapping or draft.model is None or not isinstance(draft.data, ImagesData) or starts_with_finetune:
        return
    request = ConfusionRequest(
        model=draft.model, data=draft.data, split=draft.split, preprocess=draft.preprocess, seed=draft.seed
    )
    with chrome.card("mapping", "From labels to outputs", "Which output of the model each label was taken for"):
        job = live.follow_analysis(request, "Asking the model about a few hundred of the images.")
        confusion = result(job.id) if job else None
        if job is None or not isinstance(confusion, Confusion):
            _table(preview.mapping, {})
            return
        _summary(draft.data, confusion)
        n_right = {row.label: row.n_right / row.n_images for row in confusion.rows}
        ranked = sorted(preview.mapping, key=lambda row: n_right.get(row.label, 2.0))
        _table(ranked if len(ranked) > MOST_ROWS else preview.mapping, _predictions(confusion))
        with st.container(key="predictions"), st.grid("auto", min_column_width=84, gap="small"):
            for number, (name, label, prediction) in enumerate(confusion.examples[:MOST_EXAMPLES], start=1):
                caption = f"{label}: right" if label == prediction else f"{label}, taken for {prediction}"
                path = str(result_file(job.id, name))
                st.image(path, caption=plain(caption), width="stretch", alt=f"Prediction {number}: {caption}")


def _summary(data: ImagesData, confusion: Confusion) -> None:
    """Draws how many predictions are right, and where another order fits them better, the button that sets it."""
    st.markdown(
        f"**{percent(confusion.n_right / confusion.n_images, 1)} right** on "
        f"{many(confusion.n_images, 'evaluation image')} with this mapping: the largest of "
        f"{many(confusion.n_outputs, 'output')} is that of the label."
    )
    notes_view.show(confusion.warnings)
    suggestion = confusion.suggestion
    if suggestion is None:
        return
    p_text = f"{suggestion.p_value:.2g}" if suggestion.p_value >= 0.001 else "below 0.001"
    order = ORDERS[suggestion.order].format(offset=suggestion.offset)
    st.error(
        f"The order of the classes looks wrong. In another, {order}, {suggestion.n_right} of "
        f"{many(suggestion.n_images, 'image')} are right, and {suggestion.n_right_now} as it is. The order was found "
        f"on other images (McNemar's exact test, corrected for two orders: p {p_text}).",
        icon=":material/shuffle:",
    )
    st.button(
        "Use this order",
        type="primary",
        icon=":material/check:",
        on_click=_use,
        args=(data, confusion.suggested_classes),
        help="Sets the class names in the order of the model's outputs (data.classes).",
    )


@callback
def _use(data: ImagesData, classes: tuple[str, ...] | None) -> None:
    state.choose(data=data.model_copy(update={"classes": classes}))
    state.set_widget(images_view.CLASS_NAMES, "\n".join(classes or ()))  # so that "Use these images" keeps the order


def _predictions(confusion: Confusion) -> dict[str, tuple[str, str]]:
    """The share of right predictions and the most frequent one, as text, by label."""
    labels = {row.output: row.label for row in confusion.rows}
    texts = {}
    for row in confusion.rows:
        first = row.predictions[0]
        name = labels.get(first.output) or first.name or f"output {first.output}"
        texts[row.label] = f"{row.n_right} of {row.n_images}", f"{name} ({first.n_images})"
    return texts


def _table(rows: list[LabelOutput] | tuple[LabelOutput, ...], predictions: Mapping[str, tuple[str, str]]) -> None:
    """Draws the mapping, and what is predicted where that is known; of many labels the worst."""
    shown = rows[:MOST_ROWS]
    columns = {
        "Label": [plain(row.label) for row in shown],
        "Output": [plain(f"{row.output}, {row.name}" if row.name else f"{row.output}") for row in shown],
        "Images": [f"{row.n_images:,}" for row in shown],
    }
    if predictions:
        unseen = ("none seen", "")
        columns["Right"] = [predictions.get(row.label, unseen)[0] for row in shown]
        columns["Most frequent prediction"] = [plain(predictions.get(row.label, unseen)[1]) for row in shown]
    st.table(pd.DataFrame(columns), border="horizontal", hide_index=True, alt="The output of each label")
    if len(rows) > MOST_ROWS:
        which = "with the fewest right predictions" if predictions else "that come first"
        st.caption(f"The {MOST_ROWS} labels {which}, of {len(rows):,}.")
