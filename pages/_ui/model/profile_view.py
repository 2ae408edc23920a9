"""The profile of a model: parameters, MACs, input, layers, file size."""

import streamlit as st

from engine import (
    CatalogueEntry,
    FileModel,
    Job,
    ModelProfile,
    ModelSource,
    ProfileRequest,
    Result,
    Split,
    TimmModel,
    catalogue_entry,
    result,
)
from engine.charts import layers
from engine.wording import many, size_text
from pages._ui import chrome, live, notes_view, readiness, state
from pages._ui.draft import model_name
from pages._ui.model import applicability_view, graph_view, preprocess_view, questions_view, weights_view
from pages._ui.wording import count, plain

WEIGHTS_DO_NOT_FIT = "weights_do_not_fit"
"""The code of the error that another architecture mends."""


def show(model: ModelSource) -> None:
    """Draws the card of the chosen model, first from the catalogue and then from its profile, and the next buttons."""
    buttons = st.container(horizontal=True)
    with chrome.card("profile", plain(model_name(model))):
        entry = catalogue_entry(model.name) if isinstance(model, TimmModel) else None
        preliminary = st.empty()
        with preliminary.container():
            _catalogue_metrics(entry)
        request = ProfileRequest(model=model, preprocess=state.draft().preprocess)
        profile = _follow(model, request)
        if isinstance(profile, ModelProfile):
            preliminary.empty()
            _card(profile)
            if isinstance(model, FileModel):
                _ask(model, profile)
    known = profile if isinstance(profile, ModelProfile) else None
    preprocess_view.show(known)
    if known is not None:
        applicability_view.show(known)
    if readiness.model(state.draft()) != "refused":
        with buttons:
            _next_buttons(takes_images=known is None or known.preprocess is not None)


def _follow(model: ModelSource, request: ProfileRequest) -> Result | None:
    """The profile once it is done; until then its progress, what the file leaves open, or why it cannot be read."""
    question = questions_view.question(state.analysis(request)) if isinstance(model, FileModel) else None
    if question is not None and isinstance(model, FileModel):
        question(model)
        return None
    job = live.follow_analysis(
        request, "Looking inside, in a process of its own. You can go on meanwhile.", _random_weights_button
    )
    error = state.analysis(request).error if job is None else None
    if isinstance(model, TimmModel) and error is not None and error.code == WEIGHTS_DO_NOT_FIT:
        weights_view.suggest(model)
    return result(job.id) if job else None


def _ask(model: FileModel, profile: ModelProfile) -> None:
    """Draws what the model is asked for, and where its answer is, for correction."""
    if len(profile.outputs) > 1:
        questions_view.ask_output(model, profile.outputs, can_be_told=True)
    questions_view.ask_task(model)


def _next_buttons(*, takes_images: bool) -> None:
    """Draws the buttons that go on to the images or other inputs, or past them."""
    noun = "images" if takes_images else "inputs"
    if st.button(f"Next: choose {noun}", type="primary", icon=":material/arrow_forward:"):
        state.go(chrome.DATA)
    if st.button(f"Go on without {noun}", icon=":material/fast_forward:"):
        state.choose(data=None, synthetic=True, split=Split())
        state.go(chrome.OPTIMIZE)


def _catalogue_metrics(entry: CatalogueEntry | None) -> None:
    """Draws the figures of the catalogue, which hold for the architecture's own input and outputs."""
    if entry is not None:
        chrome.metrics(
            {
                "Parameters": count(entry.parameters),
                "MACs": count(entry.macs),
                "Input": "×".join(str(n) for n in entry.input_size),
            }
        )


def _card(profile: ModelProfile) -> None:
    scores = "Classes" if profile.task == "classification" else "Scores"
    chrome.metrics(
        {
            "Parameters": count(profile.parameters),
            "MACs": count(profile.macs),
            "Input": _input(profile),
            **({scores: f"{profile.n_outputs:,}"} if profile.n_outputs else {}),
            "ONNX file": size_text(profile.size_bytes),
        }
    )
    weights = f"{plain(profile.weights)} weights, " if profile.format == "timm" else ""
    read_as = f", read as {profile.task}" if profile.format == "onnx" else ""
    n_operators = many(sum(profile.layers.values()), "operator")
    st.caption(f"{weights}opset {profile.opset}, {n_operators} in the graph{read_as}")
    if profile.weights == "random":
        st.warning("Random weights: size and latency are real, its answers mean nothing.", icon=":material/casino:")
    notes_view.show(profile.warnings)
    if len(profile.inputs) > 1:
        arrays = (f"{plain(name)} {'×'.join(map(str, shape)) or 'one value'}" for name, shape in profile.inputs.items())
        st.caption(f"Inputs: {', '.join(arrays)}")
    chrome.chart(layers(profile), "layers")
    graph_view.show(profile)


def _input(profile: ModelProfile) -> str:
    """The shape of one image's input; axes that the graph leaves open are those of its preprocessing.

    Of several inputs, how many they are.
    """
    if len(profile.inputs) > 1:
        return many(len(profile.inputs), "array")
    shape = next(iter(profile.inputs.values()), ())[1:]
    if profile.preprocess is not None and not all(isinstance(dim, int) for dim in shape):
        shape = (len(profile.preprocess.mean), *profile.preprocess.size)
    return "×".join(str(dim) for dim in shape) or "–"


def _random_weights_button(job: Job) -> None:
    """Draws the button that goes on without pretrained weights, where the profile failed for want of them."""
    model = state.draft().model
    if isinstance(model, TimmModel) and model.weights == "pretrained" and not model.from_hub:
        if st.button(
            "Go on with random weights",
            icon=":material/casino:",
            help="Size and latency stay real; the answers mean nothing.",
        ):
            state.choose(model=model.model_copy(update={"weights": "random", "name": model.name.split(".")[0]}))
            st.rerun()
        st.caption("or choose **My own file** above to upload weights.")
