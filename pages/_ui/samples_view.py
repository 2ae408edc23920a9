"""The choice of one of the samples: the digits, or photos for pretrained networks."""

from dataclasses import dataclass

import streamlit as st

from engine import SampleData, SampleModel, Split
from pages._ui import chrome, state
from pages._ui.draft import Draft


@dataclass(frozen=True)
class _Sample:
    """What a card says of a sample, and its button."""

    data: SampleData
    title: str
    subtitle: str
    text: str
    button: str


DIGITS = _Sample(
    SampleData(),
    "Digits",
    "1,797 handwritten digits from scikit-learn, ten classes",
    "Real images, always there, with a fixed split: what the sample network was trained on. Models of other classes "
    "need a new head for them, by a fine-tune that comes first.",
    "Use the sample",
)
PHOTOS = _Sample(
    SampleData(name="photos"),
    "Photos",
    "600 crops of 15 real photos, without labels",
    "Photos of people, animals, things and places for a pretrained network, such as one of ImageNet: to calibrate, "
    "compare and race it at once, by **agreement** with the original. They have no labels, so nothing is said of "
    "accuracy.",
    "Use the photos",
)


def choose(draft: Draft) -> None:
    """Draws a card for each sample that is not chosen; the photos come first where the model is not the sample's."""
    samples = (DIGITS, PHOTOS) if isinstance(draft.model, SampleModel | None) else (PHOTOS, DIGITS)
    for number, sample in enumerate(one for one in samples if one.data != draft.data):
        with chrome.card(sample.data.name, sample.title, sample.subtitle):
            st.markdown(sample.text)
            is_first = number == 0 and not isinstance(draft.data, SampleData)
            kind = "primary" if is_first else "secondary"
            if st.button(sample.button, type=kind, icon=":material/check:", key=f"use-{sample.data.name}"):
                state.choose(data=sample.data, synthetic=False, split=Split())
                st.rerun()
