"""The advisor: which architectures are faster here than the chosen model, or better, and how to go on with one."""

import streamlit as st

from engine import (
    Advice,
    AdviseRequest,
    ChainInputs,
    Distill,
    Job,
    ModelProfile,
    TimmModel,
    cancel,
    catalogue_entry,
    charts,
    delete,
    estimate,
    result,
)
from engine.wording import many
from pages._ui import chrome, fit, linked_analysis, live, notes_view, row_selection, state
from pages._ui.browser_terms import told
from pages._ui.draft import Draft
from pages._ui.guard import callback, show_error
from pages._ui.model import advice_table
from pages._ui.wording import duration, plain, roughly, share

ADDRESS = "advice"
TITLE = "Other architectures on this machine"
ASK = "Which architecture would be faster here?"
TEXT = (
    "Latency depends on the machine as much as on the network. A shortlist of architectures is timed on this "
    "machine, each in turns with your model, and set against the ImageNet accuracy published for it."
)


def show(draft: Draft) -> None:
    """Draws the button that starts it, its progress or its advice, for the draft's model and target."""
    profile = fit.profile_of(draft)
    if draft.model is None or (profile is not None and not _is_classifier(profile)):
        return
    has_labels = ChainInputs.of(draft.model, draft.data).labels
    request = AdviseRequest(
        model=draft.model,
        target=draft.target,
        preprocess=draft.preprocess,
        seed=draft.seed,
        data=draft.data if has_labels else None,
        split=draft.split,
    )
    with chrome.card("advice", TITLE, TEXT):
        job = linked_analysis.find(ADDRESS, request)
        if job is None:
            _start_button(request)
        elif job.state not in live.ENDED:
            live.watch(job.id, _progress)
        else:
            _result(draft, request, job)


def _is_classifier(profile: ModelProfile) -> bool:
    """Whether what is published for image classifiers can be set against the model."""
    return profile.takes_images and profile.task == "classification"


def _start_button(request: AdviseRequest) -> None:
    seconds = estimate(request).seconds
    if st.button(ASK, icon=":material/speed:"):
        linked_analysis.start(ADDRESS, request)
    st.caption(
        f"About {duration(seconds)} the first time, estimated; what was measured is kept. You can stop it, "
        "and go on with something else meanwhile."
    )


def _progress(job: Job) -> None:
    """Draws the progress and the figures so far; the fragment calls it every second."""
    live.progress(job)
    remaining = roughly(job.remaining_seconds) if job.remaining_seconds is not None else "–"
    advice = result(job.id)
    measured = f"{len(advice.measured)} of {len(advice.architectures)}" if isinstance(advice, Advice) else "–"
    chrome.metrics({"Elapsed": duration(job.seconds), "Left": remaining, "Measured": measured})
    if st.button("Stop", icon=":material/stop:", key="stop-advice", type="tertiary"):
        cancel(job.id)
    if isinstance(advice, Advice) and advice.measured:
        chrome.chart(charts.advice(advice), "advice-so-far")


def _result(draft: Draft, request: AdviseRequest, job: Job) -> None:
    """Draws what an ended job has measured, and the button that goes on with the rest."""
    advice = result(job.id)
    if job.state == "failed" and job.error:
        show_error(job.error.text, job.error_next)
    if isinstance(advice, Advice) and advice.measured:
        _advice(draft, advice)
        if not advice.complete:
            n_remaining = sum(one.latency is None and one.refused is None for one in advice.architectures)
            st.info(
                f"It was ended with {many(n_remaining, 'architecture')} still to come; what was measured is kept.",
                icon=":material/pause_circle:",
            )
    elif job.state == "cancelled":
        st.info("Stopped before the first figure.", icon=":material/pause_circle:")
    elif isinstance(advice, Advice) and job.state == "done":
        st.info("None of the architectures was measured.", icon=":material/block:")
        _notes(advice)
        _refusals(advice)
    is_whole = job.state == "done" and isinstance(advice, Advice) and advice.complete
    if is_whole and isinstance(advice, Advice) and not any(one.busy for one in advice.architectures):
        return
    label = "Measure the disturbed ones again" if is_whole else "Go on"
    if st.button(label, icon=":material/play_arrow:", key="again-advice"):
        if job.state == "done":
            delete(job.id)  # else the same result would come back
        linked_analysis.start(ADDRESS, request)


def _advice(draft: Draft, advice: Advice) -> None:
    """Draws the advice in a sentence, the chart, the table, and the buttons for the selected architecture."""
    if advice.reason:
        st.markdown(f"**{told(advice.reason.text)}**")
    _notes(advice)
    chrome.chart(charts.advice(advice), "advice")
    st.markdown(advice_table.front(advice))
    st.caption(advice_table.legend(advice))
    name = _pick(advice)
    _refusals(advice)
    if name is not None:
        _actions(advice, name)


def _notes(advice: Advice) -> None:
    notes_view.show(advice.warnings)


def _refusals(advice: Advice) -> None:
    if lines := advice_table.refusals(advice):
        with st.expander(f"{many(len(lines), 'architecture')} could not be measured", icon=":material/block:"):
            st.markdown("\n".join(f"- {line}" for line in lines))


def _pick(advice: Advice) -> str | None:
    """Draws the table; the architecture that is selected in it, else the first that is advised."""
    frame = advice_table.as_frame(advice)
    event = st.dataframe(
        frame,
        hide_index=True,
        on_select="rerun",
        selection_mode=row_selection.MODES,
        key="advice-table",
        height=320,
        alt="Architectures, the fastest first",
        column_config={
            "Architecture": st.column_config.TextColumn(pinned=True),
            "ms": st.column_config.NumberColumn(format="%.2f", help="Its ratio times your model's median."),
            "of yours": st.column_config.NumberColumn(format="%.2f", help="Latency beside your model's."),
            "top-1": st.column_config.NumberColumn(format="%.1f %%", help="Published, on ImageNet."),
            "parameters": st.column_config.NumberColumn(format="%.1f M"),
            "advice": st.column_config.TextColumn(
                help="faster: at least your model's published top-1, and surely faster. better: more top-1 at no more "
                "latency. front: no other is faster and at least as accurate."
            ),
        },
    )
    row = row_selection.selected_row(event, len(frame))
    if row is not None:
        return str(frame.iloc[row]["Architecture"])
    return next(iter((*advice.faster, *advice.better)), None)


def _actions(advice: Advice, name: str) -> None:
    """Draws the buttons for one architecture; both use the weights whose figure is shown."""
    one = advice.architecture(name)
    if one is None:
        return
    weights = f"{name}.{one.published.tag}" if one.published else name
    figure = f", {share(one.published.top1)} published for {weights}" if one.published else ""
    st.markdown(f"**{plain(name)}**{plain(figure)}")
    with st.container(horizontal=True):
        st.button(
            "Start from this one",
            icon=":material/flag:",
            on_click=_use_architecture,
            args=(advice, weights),
            key="take",
            help="Makes it your model, with pretrained weights; fine-tune it for your classes.",
        )
        if st.button(
            "Distil into this one",
            icon=":material/school:",
            key="distil",
            help="It learns the answers of your model as it is now, and takes its place.",
        ):
            state.replace_draft(state.draft().with_student(Distill(student=weights)))
            state.go(chrome.OPTIMIZE)


@callback
def _use_architecture(advice: Advice, weights: str) -> None:
    """Makes the architecture the draft's model, at the input that it was measured at."""
    channels, height, width = advice.own.input_shape
    entry = catalogue_entry(weights)
    own = entry.input_size if entry else (3, height, width)
    model = TimmModel(
        name=weights,
        in_chans=channels if channels != own[0] else None,
        img_size=TimmModel.edge_of((height, width)) if height != own[1] else None,
    )
    state.replace_draft(state.draft().replace(model=model))
    state.set_widget("source", "Catalogue")
