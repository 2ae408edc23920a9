"""What an ONNX file leaves open and only its owner knows: the size of its images, the output of its class scores."""

from collections.abc import Callable, Mapping

import streamlit as st

from engine import FileModel, Job, ModelSignature, SignatureRequest, result
from pages._ui import forms, live, state
from pages._ui.wording import plain

SIZE_OPEN, OUTPUT_OPEN = "input_size_open", "output_open"
"""Codes of the errors that a question answers."""
USUAL_SIZE = (224, 224)
AUTOMATIC = "automatic"


def question(profile: Job) -> Callable[[FileModel], None] | None:
    """What draws the question whose answer a failed profile missed; None where it did not fail for want of one."""
    questions = {SIZE_OPEN: _any_size, OUTPUT_OPEN: _several_outputs}
    return questions.get(profile.error.code) if profile.error is not None else None


def _any_size(model: FileModel) -> None:
    st.markdown("**It takes images of any size: which are yours?** The figures will be those of this size.")
    ask_size(model)


def _several_outputs(model: FileModel) -> None:
    read = live.follow_analysis(SignatureRequest(model=model), "Reading its inputs and outputs.")
    signature = result(read.id) if read else None
    if isinstance(signature, ModelSignature):
        wrong = f" The output “{plain(model.output)}” holds none." if model.output else ""
        st.markdown(f"**Which of its outputs holds the class scores?**{wrong}")
        ask_output(model, signature.outputs, can_be_told=False)


def ask_size(model: FileModel) -> None:
    """Draws height and width, and writes them into the draft."""
    asked = model if model.size is not None else model.model_copy(update={"size": USUAL_SIZE})
    form = forms.form(FileModel, f"size-{model.sha256}-{model.size}", asked, only=("size",))
    is_new = form.settings.size not in (None, model.size)
    if st.button("Use this size", icon=":material/check:", disabled=bool(form.problems) or not is_new):
        _choose(form.settings)


def ask_output(model: FileModel, outputs: Mapping[str, tuple[int | str, ...]], *, can_be_told: bool) -> None:
    """Draws the choice of an output by name and shape, and writes it into the draft.

    Where it `can_be_told` which holds the class scores, it need not be named.
    """
    options = [*([AUTOMATIC] if can_be_told else []), *outputs]
    current = model.output or (AUTOMATIC if can_be_told else None)
    name = st.selectbox(
        forms.label_of(FileModel, "output"),
        options,
        index=options.index(current) if current in options else None,
        placeholder="Choose one",
        key=state.key(f"output-{model.sha256}"),
        format_func=lambda one: f"{one} · {'×'.join(map(str, outputs[one])) or '?'}" if one in outputs else one,
        help="Its other outputs stay in the file.",
    )
    chosen = None if name == AUTOMATIC else name
    if name is not None and chosen != model.output:
        _choose(model.model_copy(update={"output": chosen}))


def ask_task(model: FileModel) -> None:
    """Draws what the model is asked for, and writes it into the draft."""
    chosen = forms.form(FileModel, f"task-{model.sha256}", model, only=("task",)).settings
    if chosen != model:
        _choose(chosen)


def _choose(model: FileModel) -> None:
    """Writes the model into the draft; it is the same file, so its preprocessing stays."""
    state.choose(model=model, preprocess=state.draft().preprocess)
    st.rerun()
