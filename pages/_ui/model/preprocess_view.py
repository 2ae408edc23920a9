"""How images are prepared for the model: what is assumed and where it comes from, with the form that corrects it."""

import hashlib
from collections.abc import Mapping

import streamlit as st

from engine import NORMALISATIONS, FileModel, ModelProfile, Preprocess, SampleModel
from pages._ui import chrome, forms, state
from pages._ui.guard import callback
from pages._ui.model import questions_view
from pages._ui.wording import plain

ORIGINS = {
    "asked": "set here",
    "file": "the file's metadata",
    "beside": "files beside it",
    "graph": "the graph",
    "assumed": "assumed",
}
"""What each origin of a setting is called."""
BYTES = ("mean", "std", "scale")
"""Settings that are no choice where the graph takes bytes."""


def show(profile: ModelProfile | None) -> None:
    """Draws the card of the draft's model, with what its profile tells; without one, what was set here."""
    draft = state.draft()
    current = draft.preprocess or (profile.preprocess if profile is not None else None)
    if current is None or isinstance(draft.model, SampleModel):
        return
    with chrome.card(
        "preprocess", "How images are prepared", "If this is not as in the model's training, its answers are wrong."
    ):
        origins = profile.preprocess_origins if profile is not None else {}
        st.markdown("  \n".join(_lines(current, origins)))
        is_assumed = "assumed" in (origins.get(name) for name in BYTES)
        with st.expander("Correct it", icon=":material/tune:", expanded=is_assumed):
            if isinstance(draft.model, FileModel) and draft.model.size is not None:
                questions_view.ask_size(draft.model)
            _correct(current, _fixed(profile, draft.model))
        if draft.preprocess is not None:
            st.button("Back to what was read", icon=":material/undo:", type="tertiary", on_click=_use, args=(None,))


def _fixed(profile: ModelProfile | None, model: object) -> tuple[str, ...]:
    """The settings that the graph, or the choice of a size for it, leaves no choice."""
    has_size = isinstance(model, FileModel) and model.size is not None
    is_sized = profile is not None and (
        has_size or profile.preprocess_origins.get("size") == "graph" or _sized(profile)
    )
    takes_bytes = profile is not None and profile.input_kind == "uint8"
    return (*(("size",) if is_sized else ()), *(BYTES if takes_bytes else ()))


def _sized(profile: ModelProfile) -> bool:
    """Whether the graph takes images of one height and width alone."""
    shape = next(iter(profile.inputs.values()), ())
    return profile.format == "onnx" and all(isinstance(dim, int) for dim in shape[1:])


def _correct(current: Preprocess, fixed: tuple[str, ...]) -> None:
    """Draws the presets and the form, and writes what is used into the draft."""
    if not set(BYTES) & set(fixed):
        st.caption("What becomes of the pixels")
        with st.container(horizontal=True, gap="small"):
            for name, normalisation in NORMALISATIONS.items():
                preset = normalisation.applied(current)
                st.button(
                    name,
                    key=f"pixels-{name}",
                    type="primary" if preset == current else "secondary",
                    on_click=_use,
                    args=(preset,),
                )
    digest = hashlib.sha256(current.model_dump_json().encode()).hexdigest()[:8]
    result = forms.form(Preprocess, f"preprocess-{digest}", current, without=fixed)
    is_new = result.settings != current
    if st.button("Use these", icon=":material/check:", disabled=bool(result.problems) or not is_new):
        state.choose(preprocess=result.settings)
        st.rerun()


@callback
def _use(preprocess: Preprocess | None) -> None:
    state.choose(preprocess=preprocess)


def _lines(current: Preprocess, origins: Mapping[str, str]) -> list[str]:
    """A line for each setting, with where it comes from where that is known."""
    height, width = current.size
    values = {
        "size": f"{height}×{width} px",
        "mean": _numbers(current.mean),
        "std": _numbers(current.std),
        "scale": f"{current.scale:g}",
        "interpolation": forms.choices_of(Preprocess, "interpolation")[current.interpolation],
        "crop_pct": f"{100 * current.crop_pct:.4g} %",
        "resize": forms.choices_of(Preprocess, "resize")[current.resize],
        "channels": current.channels.upper() if current.channels else ("Gray" if len(current.mean) == 1 else "RGB"),
    }
    labels = {name: forms.label_of(Preprocess, name).removesuffix(", px").removesuffix(", %") for name in values}
    texts = {name: f" :gray[· {ORIGINS[origins[name]]}]" if name in origins else "" for name in values}
    return [f"**{labels[name]}** {plain(value)}{texts[name]}" for name, value in values.items()]


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)
