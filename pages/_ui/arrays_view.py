"""The choice of one's own arrays, and what they must hold, for a model that takes no images."""

import streamlit as st

from engine import ArraysData, ModelProfile, ProfileRequest, RequestError, Split, find_analysis, result
from pages._ui import chrome, forms, state, uploads_view
from pages._ui.draft import Draft
from pages._ui.wording import plain


def profile_of(draft: Draft) -> ModelProfile | None:
    """The profile of the draft's model; None until it is known."""
    if draft.model is None:
        return None
    try:
        job = find_analysis(ProfileRequest(model=draft.model, preprocess=draft.preprocess), from_browser=True)
    except RequestError:
        return None
    profile = result(job.id) if job is not None and job.state == "done" else None
    return profile if isinstance(profile, ModelProfile) else None


def choose(profile: ModelProfile | None) -> None:
    """Draws the uploader of an .npz and the split; writes the data into the draft."""
    with chrome.card("arrays", "Your arrays", "An .npz of numpy; it stays on this machine"):
        _explain(profile)
        data = state.draft().data
        current = data.sha256 if isinstance(data, ArraysData) else None
        upload = uploads_view.pick("arrays", "An .npz with one array for each input", ["npz"], current=current)
        with st.expander("Split"):
            split = forms.form(Split, "split", state.draft().split)
        if st.button(
            "Use these arrays", type="primary", icon=":material/check:", disabled=upload is None or bool(split.problems)
        ):
            chosen = ArraysData(sha256=upload.sha256) if upload is not None else None
            state.choose(data=chosen, synthetic=False, split=split.settings)
            st.rerun()


def _explain(profile: ModelProfile | None) -> None:
    """Draws what the file must hold, as far as the model's profile tells."""
    specs = profile.input_specs if profile is not None else ()
    if specs:
        st.markdown("**One array for each input**, with as many examples (N) on the first axis of each:")
        st.markdown("\n".join(f"- {plain(spec.declaration)}" for spec in specs))
    st.markdown(
        "An array named `labels` (N) of integers may say which output is right for each example; then there is "
        "accuracy, and else agreement with the original."
    )
    with st.expander("How to save them", icon=":material/code:"):
        st.code(f"import numpy as np\n\n{_saving([spec.name for spec in specs])}", language="python")


def _saving(names: list[str]) -> str:
    """The call of numpy that saves an array for each of the names."""
    if all(name.isidentifier() for name in names):
        arguments = ", ".join(f"{name}={name}" for name in names or ["name"])
    else:
        arguments = "**{" + ", ".join(f"{name!r}: array_{number}" for number, name in enumerate(names, 1)) + "}"
    return f'np.savez("inputs.npz", {arguments})'
