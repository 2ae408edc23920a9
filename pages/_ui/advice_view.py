"""The advisor: which architectures would be faster here than the chosen model, or better, and the ways on."""

import hashlib
from contextlib import suppress

import pandas as pd
import streamlit as st

from engine import (
    Advice,
    AdviseRequest,
    Distill,
    ImagesData,
    Job,
    NotFoundError,
    TimmModel,
    cancel,
    catalogue_entry,
    charts,
    delete,
    estimate,
    job,
    result,
)
from pages._ui import chrome, live, picking, state
from pages._ui.draft import Draft
from pages._ui.guard import say
from pages._ui.wording import duration, many, milliseconds, plain, sentence, share

ADDRESS = "advice"
TITLE = "Which architecture would be faster here?"
TEXT = ("Latency depends on the machine as much as on the network. A shortlist of architectures is timed on this "
        "machine, each in turns with your model, and set against the ImageNet accuracy published for it.")  # fmt: skip
WORDS = ("faster", "better", "front")
"""Of what in an advice an architecture can be a part; the table says which."""


def show(draft: Draft) -> None:
    """The offer, the measuring as it goes, or the advice, for the draft's model and target."""
    if draft.model is None:
        return
    labelled = draft.data is not None and not (isinstance(draft.data, ImagesData) and not draft.data.labelled)
    request = AdviseRequest(model=draft.model, target=draft.target, preprocess=draft.preprocess, seed=draft.seed,
                            data=draft.data if labelled else None, split=draft.split)  # fmt: skip
    with chrome.card("advice", TITLE, TEXT):
        found = _started(request)
        if found is None:
            _offer(request)
        elif found.state not in live.ENDED:
            live.watch(found.id, _going)
        else:
            _ended(draft, request, found)


def _digest(request: AdviseRequest) -> str:
    return hashlib.sha256(request.model_dump_json().encode()).hexdigest()[:12]


def _started(request: AdviseRequest) -> Job | None:
    """The job of this request: of this session, or of the page's address where that is of the same request."""
    asked, _, id = (state.param(ADDRESS) or "").partition("-")
    if asked == _digest(request):
        with suppress(NotFoundError):
            return job(id)
    return state.asked(request)


def _start(request: AdviseRequest) -> None:
    state.forget(request)
    state.set_param(ADDRESS, f"{_digest(request)}-{state.analysis(request).id}")
    st.rerun()


def _offer(request: AdviseRequest) -> None:
    seconds = estimate(request).seconds
    if st.button(TITLE, icon=":material/speed:"):
        _start(request)
    st.caption(f"About {duration(seconds)} the first time, estimated; what was measured is kept. You can stop it, "
               "and go on with something else meanwhile.")  # fmt: skip


def _going(found: Job) -> None:
    """What the fragment draws each second."""
    live.progress(found)
    about = f"about {duration(found.estimate_seconds)}" if found.estimate_seconds else "–"
    advice = result(found.id)
    measured = f"{len(advice.measured)} of {len(advice.architectures)}" if isinstance(advice, Advice) else "–"
    chrome.facts({"Elapsed": duration(found.seconds), "Estimate": about, "Measured": measured})
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
            st.info(f"It was ended with {many(left, 'architecture')} still to come; what was measured is kept.",
                    icon=":material/pause_circle:")  # fmt: skip
    elif found.state == "cancelled":
        st.info("Stopped before the first figure.", icon=":material/pause_circle:")
    whole = found.state == "done" and isinstance(advice, Advice) and advice.complete
    if whole and isinstance(advice, Advice) and not any(one.busy for one in advice.architectures):
        return
    label = "Measure the disturbed ones again" if whole else "Go on"
    if st.button(label, icon=":material/play_arrow:", key="again-advice"):
        if found.state == "done":
            delete(found.id)  # else the same answer would come back
        _start(request)


def _told(draft: Draft, advice: Advice) -> None:
    """What is advised in a sentence, the chart, the table, and what to do with one of them."""
    if advice.reason:
        st.markdown(f"**{plain(sentence(advice.reason.text))}**")
    for note in advice.warnings:
        st.warning(plain(sentence(note.text)), icon=":material/warning:")
    chrome.chart(charts.advice(advice), "advice")
    _front(advice)
    st.caption(_legend(advice))
    name = _pick(advice)
    _refused(advice)
    if name is not None:
        _ways_on(advice, name)


def _front(advice: Advice) -> None:
    """The front by name, as its points are numbered."""
    found = [one for name in advice.front if (one := advice.architecture(name))]
    st.markdown("The front: " + " · ".join(
        f"**{number}** {plain(one.name)} {plain(share(one.published.top1)) if one.published else ''}"
        for number, one in enumerate(found, start=1)
    ))  # fmt: skip


def _legend(advice: Advice) -> str:
    own, target = advice.own, advice.target
    channels, height, width = own.input_shape
    spread = (f", between {milliseconds(own.lowest_ms)} and {milliseconds(own.highest_ms)} as the machine drifted"
              if own.lowest_ms and own.highest_ms else "")  # fmt: skip
    text = (f"Measured here at {channels}×{height}×{width}, batch {target.batch_size}, {target.threads} threads, "
            f"untrained. Your model's median is {milliseconds(own.p50_ms or 0)}{spread}; points lie at their ratio to "
            "it in the same rounds, with its 95 % interval.")  # fmt: skip
    sizes = {one.published.img_size for one in advice.measured if one.published}
    if sizes - {max(height, width)}:
        listed = ", ".join(str(size) for size in sorted(sizes))
        text += (f" Top-1 was published at {listed} px: at another size, and on other images, a network reaches "
                 "something else; it says how architectures compare.")  # fmt: skip
    return text


def _pick(advice: Advice) -> str | None:
    """The architecture that is pointed at in the table, else the first that is advised."""
    frame = _table(advice)
    event = st.dataframe(
        frame, hide_index=True, on_select="rerun", selection_mode=picking.MODES, key="advice-table", height=320,
        alt="Architectures, the fastest first",
        column_config={
            "Architecture": st.column_config.TextColumn(pinned=True),
            "ms": st.column_config.NumberColumn(format="%.2f", help="Its ratio times your model's median."),
            "of yours": st.column_config.NumberColumn(format="%.2f", help="Latency beside your model's."),
            "top-1": st.column_config.NumberColumn(format="%.1f %%", help="Published, on ImageNet."),
            "parameters": st.column_config.NumberColumn(format="%.1f M"),
            "advice": st.column_config.TextColumn(
                help="faster: at least your model's published top-1, and surely faster. better: more top-1, and not "
                     "surely slower. front: no other is faster and at least as accurate."
            ),
        },
    )  # fmt: skip
    row = picking.picked(event, len(frame))
    if row is not None:
        return str(frame.iloc[row]["Architecture"])
    return next(iter((*advice.faster, *advice.better)), None)


def _table(advice: Advice) -> pd.DataFrame:
    """A row an architecture that was measured, the fastest first."""
    return pd.DataFrame([
        {
            "Architecture": one.name,
            "of yours": one.latency.ratio_to_baseline,
            "95 %": f"{one.latency.ratio_low:.2f} to {one.latency.ratio_high:.2f}" + (" (busy)" if one.busy else ""),
            "ms": one.latency.ratio_to_baseline * (advice.own.p50_ms or 0),
            "top-1": 100 * one.published.top1 if one.published else None,
            "at px": one.published.img_size if one.published else None,
            "parameters": one.parameters / 1e6 if one.parameters else None,
            "advice": ", ".join(word for word in WORDS if one.name in getattr(advice, word)),
            "what it is": f"{one.family}: {one.why}",
        }
        for one in advice.measured
        if one.latency
    ])  # fmt: skip


def _refused(advice: Advice) -> None:
    refused = [one for one in advice.architectures if one.refused]
    if refused:
        with st.expander(f"{many(len(refused), 'architecture')} cannot take your input", icon=":material/block:"):
            st.markdown("\n".join(f"- {plain(one.name)}: {plain(sentence(one.refused.text))}"
                                  for one in refused if one.refused))  # fmt: skip


def _ways_on(advice: Advice, name: str) -> None:
    """Both start from the weights whose figure is shown."""
    one = advice.architecture(name)
    if one is None:
        return
    weights = f"{name}.{one.published.tag}" if one.published else name
    figure = f", {share(one.published.top1)} published for {weights}" if one.published else ""
    st.markdown(f"**{plain(name)}**{plain(figure)}")
    with st.container(horizontal=True):
        st.button("Start from this one", icon=":material/flag:", on_click=_take, args=(advice, weights), key="take",
                  help="Makes it your model, with pretrained weights; fine-tune it for your classes.")  # fmt: skip
        if st.button("Distil into this one", icon=":material/school:", key="distil",
                     help="It learns your model's answers on your images and takes its place."):  # fmt: skip
            state.choose(distill=Distill(student=weights))
            state.renew()
            st.switch_page(chrome.OPTIMIZE)


def _take(advice: Advice, weights: str) -> None:
    """The architecture as the draft's model, at the input that it was measured at."""
    channels, height, width = advice.own.input_shape
    entry = catalogue_entry(weights)
    own = entry.input_size if entry else (3, height, width)
    model = TimmModel(name=weights, in_chans=channels if channels != own[0] else None,
                      img_size=height if height == width and height != own[1] else None)  # fmt: skip
    state.choose(model=model, name=None, preprocess=None)
    state.turn("source", "Catalogue")
