"""The advisor: which architectures would be faster here than the chosen model, or better, and the ways on."""

import streamlit as st

from engine import (
    Advice,
    AdviseRequest,
    Distill,
    ImagesData,
    Job,
    TimmModel,
    cancel,
    catalogue_entry,
    charts,
    delete,
    estimate,
    result,
)
from engine.wording import many
from pages._ui import chrome, linked_analysis, live, row_selection, state
from pages._ui.draft import Draft
from pages._ui.guard import callback, say
from pages._ui.model import advice_table
from pages._ui.wording import duration, plain, roughly, sentence, share

ADDRESS = "advice"
TITLE = "Other architectures on this machine"
ASK = "Which architecture would be faster here?"
TEXT = (
    "Latency depends on the machine as much as on the network. A shortlist of architectures is timed on this "
    "machine, each in turns with your model, and set against the ImageNet accuracy published for it."
)


def show(draft: Draft) -> None:
    """The offer, the measuring as it goes, or the advice, for the draft's model and target."""
    if draft.model is None:
        return
    labelled = draft.data is not None and not (isinstance(draft.data, ImagesData) and not draft.data.labelled)
    request = AdviseRequest(
        model=draft.model,
        target=draft.target,
        preprocess=draft.preprocess,
        seed=draft.seed,
        data=draft.data if labelled else None,
        split=draft.split,
    )
    with chrome.card("advice", TITLE, TEXT):
        found = linked_analysis.started(ADDRESS, request)
        if found is None:
            _add_candidate(request)
        elif found.state not in live.ENDED:
            live.watch(found.id, _going)
        else:
            _ended(draft, request, found)


def _add_candidate(request: AdviseRequest) -> None:
    seconds = estimate(request).seconds
    if st.button(ASK, icon=":material/speed:"):
        linked_analysis.start(ADDRESS, request)
    st.caption(
        f"About {duration(seconds)} the first time, estimated; what was measured is kept. You can stop it, "
        "and go on with something else meanwhile."
    )


def _going(found: Job) -> None:
    """What the fragment draws each second."""
    live.progress(found)
    left = roughly(found.remaining_seconds) if found.remaining_seconds is not None else "–"
    advice = result(found.id)
    measured = f"{len(advice.measured)} of {len(advice.architectures)}" if isinstance(advice, Advice) else "–"
    chrome.facts({"Elapsed": duration(found.seconds), "Left": left, "Measured": measured})
    if st.button("Stop", icon=":material/stop:", key="stop-advice", type="tertiary"):
        cancel(found.id)
    if isinstance(advice, Advice) and advice.measured:
        chrome.chart(charts.advice(advice), "advice-so-far")


def _ended(draft: Draft, request: AdviseRequest, found: Job) -> None:
    advice = result(found.id)
    if found.state == "failed" and found.error:
        say(found.error.text, found.error_next)
    if isinstance(advice, Advice) and advice.measured:
        _told(draft, advice)
        if not advice.complete:
            left = sum(one.latency is None and one.refused is None for one in advice.architectures)
            st.info(
                f"It was ended with {many(left, 'architecture')} still to come; what was measured is kept.",
                icon=":material/pause_circle:",
            )
    elif found.state == "cancelled":
        st.info("Stopped before the first figure.", icon=":material/pause_circle:")
    elif isinstance(advice, Advice) and found.state == "done":
        st.info("None of the architectures was measured.", icon=":material/block:")
        _notes(advice)
        _refused(advice)
    whole = found.state == "done" and isinstance(advice, Advice) and advice.complete
    if whole and isinstance(advice, Advice) and not any(one.busy for one in advice.architectures):
        return
    label = "Measure the disturbed ones again" if whole else "Go on"
    if st.button(label, icon=":material/play_arrow:", key="again-advice"):
        if found.state == "done":
            delete(found.id)  # else the same answer would come back
        linked_analysis.start(ADDRESS, request)


def _told(draft: Draft, advice: Advice) -> None:
    """What is advised in a sentence, the chart, the table, and what to do with one of them."""
    if advice.reason:
        st.markdown(f"**{plain(sentence(advice.reason.text))}**")
    _notes(advice)
    chrome.chart(charts.advice(advice), "advice")
    st.markdown(advice_table.front(advice))
    st.caption(advice_table.legend(advice))
    name = _pick(advice)
    _refused(advice)
    if name is not None:
        _ways_on(advice, name)


def _notes(advice: Advice) -> None:
    for note in advice.warnings:
        st.warning(plain(sentence(note.text)), icon=":material/warning:")


def _refused(advice: Advice) -> None:
    if lines := advice_table.refused(advice):
        with st.expander(f"{many(len(lines), 'architecture')} could not be measured", icon=":material/block:"):
            st.markdown("\n".join(f"- {line}" for line in lines))


def _pick(advice: Advice) -> str | None:
    """The architecture that is pointed at in the table, else the first that is advised."""
    frame = advice_table.shown(advice)
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
    row = row_selection.picked(event, len(frame))
    if row is not None:
        return str(frame.iloc[row]["Architecture"])
    return next(iter((*advice.faster, *advice.better)), None)


def _ways_on(advice: Advice, name: str) -> None:
    """Both start from the weights whose figure is shown."""
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
            on_click=_take,
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
def _take(advice: Advice, weights: str) -> None:
    """The architecture as the draft's model, at the input that it was measured at."""
    channels, height, width = advice.own.input_shape
    entry = catalogue_entry(weights)
    own = entry.input_size if entry else (3, height, width)
    model = TimmModel(
        name=weights,
        in_chans=channels if channels != own[0] else None,
        img_size=TimmModel.edge_of((height, width)) if height != own[1] else None,
    )
    state.replace_draft(state.draft().changed(model=model))
    state.turn("source", "Catalogue")
