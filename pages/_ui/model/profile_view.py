"""What a model is: parameters, MACs, input, layers, file size."""

import streamlit as st

from engine import (
    CatalogueEntry,
    Job,
    ModelProfile,
    ModelSource,
    ProfileRequest,
    Split,
    TimmModel,
    catalogue_entry,
    result,
)
from engine.charts import layers
from engine.wording import many
from pages._ui import chrome, live, readiness, state
from pages._ui.draft import model_name
from pages._ui.wording import count, megabytes, plain, sentence


def show(model: ModelSource) -> None:
    """The ways on and the card of the chosen model: what the catalogue knows at once, the rest as it is found out."""
    ways = st.container(horizontal=True)
    with chrome.card("profile", plain(model_name(model))):
        entry = catalogue_entry(model.name) if isinstance(model, TimmModel) else None
        known = st.empty()
        with known.container():
            _known(entry)
        request = ProfileRequest(model=model, preprocess=state.draft().preprocess)
        done = live.analysed(request, "Looking inside, in a process of its own. You can go on meanwhile.", _ways_out)
        profile = result(done.id) if done else None
        if isinstance(profile, ModelProfile):
            known.empty()
            _card(profile)
    if readiness.model(state.draft()) != "refused":
        with ways:
            _on()


def _on() -> None:
    """To the images, or past them."""
    if st.button("Next: choose images", type="primary", icon=":material/arrow_forward:"):
        state.go(chrome.DATA)
    if st.button("Go on without images", icon=":material/fast_forward:"):
        state.choose(data=None, synthetic=True, split=Split())
        state.go(chrome.OPTIMIZE)


def _known(entry: CatalogueEntry | None) -> None:
    """What the catalogue has of an architecture, for its own input and outputs."""
    if entry is not None:
        chrome.facts(
            {
                "Parameters": count(entry.parameters),
                "MACs": count(entry.macs),
                "Input": "×".join(str(n) for n in entry.input_size),
            }
        )


def _card(profile: ModelProfile) -> None:
    shape = next(iter(profile.inputs.values()), ())
    chrome.facts(
        {
            "Parameters": count(profile.parameters),
            "MACs": count(profile.macs),
            "Input": "×".join(str(n) for n in shape[1:]) or "–",
            "Classes": f"{profile.n_outputs:,}" if profile.n_outputs else "–",
            "ONNX file": megabytes(profile.size_bytes),
        }
    )
    weights = f"{plain(profile.weights)} weights, " if profile.format == "timm" else ""
    st.caption(f"{weights}opset {profile.opset}, {many(sum(profile.layers.values()), 'operator')} in the graph")
    if profile.weights == "random":
        st.warning("Random weights: size and latency are real, its answers mean nothing.", icon=":material/casino:")
    for note in profile.warnings:
        st.warning(plain(sentence(note.text)), icon=":material/warning:")
    chrome.chart(layers(profile), "layers")


def _ways_out(job: Job) -> None:
    """What else a person can do where the weights did not come."""
    model = state.draft().model
    if isinstance(model, TimmModel) and model.weights == "pretrained" and not model.name.startswith("hf"):
        if st.button(
            "Go on with random weights",
            icon=":material/casino:",
            help="Size and latency stay real; the answers mean nothing.",
        ):
            state.choose(model=model.model_copy(update={"weights": "random", "name": model.name.split(".")[0]}))
            st.rerun()
        st.caption("or choose **My own file** above to upload weights.")
