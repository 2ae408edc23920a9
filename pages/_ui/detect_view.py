"""The preprocessing detective: whether the model does better when its images are prepared otherwise, and its fix."""

import streamlit as st

from engine import (
    ArraysData,
    DetectRequest,
    Job,
    PreprocessingDetection,
    RequestError,
    SampleModel,
    charts,
    estimate,
    preprocessing_text,
    result,
    result_file,
)
from engine.wording import many
from pages._ui import arrays_view, chrome, detect_table, linked_analysis, live, notes_view, state
from pages._ui.draft import Draft
from pages._ui.guard import callback, show_error
from pages._ui.wording import plain, roughly, share

ADDRESS = "detect"
TITLE = "Is this how the model was trained?"
TEXT = (
    "A wrong mean, order of channels or crop makes a good model look bad. Other ways to prepare the same images are "
    "tried, and labels tell which is right."
)
ASK = "Try other preparations"
SHORT, LONG = 1.0, 10.0
"""Minutes of the first search, and of the one that goes on where these were not enough."""
CLASSIFIERS = ("classification", "binary")


def show(draft: Draft) -> None:
    """Draws the card for the draft's model and images; nothing where there is no choice, as for the sample."""
    if draft.model is None or draft.data is None or isinstance(draft.model, SampleModel):
        return
    profile = arrays_view.profile_of(draft)
    is_classifier = profile is None or (profile.preprocess is not None and profile.task in CLASSIFIERS)
    if isinstance(draft.data, ArraysData) or not is_classifier:
        return
    requests = [
        DetectRequest(
            model=draft.model,
            data=draft.data,
            split=draft.split,
            preprocess=draft.preprocess,
            seed=draft.seed,
            minutes=minutes,
        )
        for minutes in (LONG, SHORT)
    ]
    jobs = [(request, job) for request in requests if (job := linked_analysis.find(ADDRESS, request)) is not None]
    with chrome.card("detect", TITLE, TEXT):
        if not jobs:
            _start_button(requests[-1], ASK)
            return
        request, job = jobs[0]
        if job.state not in live.ENDED:
            live.watch(job.id, live.with_cancel)
        else:
            _ended(request, requests[0], job)


def _start_button(request: DetectRequest, label: str) -> None:
    pressed = st.button(label, icon=":material/troubleshoot:", key=f"ask-detect-{request.minutes:g}")
    st.caption(f"It takes {roughly(estimate(request).seconds)}, estimated, on images that report nothing.")
    if pressed:
        try:
            linked_analysis.start(ADDRESS, request)
        except RequestError as error:
            show_error(error.message, error.next)


def _ended(request: DetectRequest, longer: DetectRequest, job: Job) -> None:
    """Draws what an ended job has found, and the button that goes on or tries again."""
    detection = result(job.id)
    if job.state == "failed" and job.error:
        show_error(job.error.text, job.error_next)
    if isinstance(detection, PreprocessingDetection) and job.state == "done":
        _detection(job.id, detection)
        if detection.untried and request != longer:
            _start_button(longer, "Look longer")
        return
    if job.state == "cancelled":
        st.info("It was stopped before it could tell.", icon=":material/pause_circle:")
    _start_button(request, "Try again")


def _detection(id: str, detection: PreprocessingDetection) -> None:
    """Draws the outcome with its button and pictures, the chart, and the table of all that was tried."""
    notes_view.show(note for note in detection.warnings if note.code == "head_does_not_fit")
    if detection.winner is not None:
        _better(id, detection)
    elif detection.labelled:
        _none_better(detection)
    else:
        st.info(
            "**A hint, no more.** Without labels nobody can tell which preparation is right: a wrong one can make a "
            "model surer of wrong answers. A right one tends to be sure, and to give many different answers.",
            icon=":material/lightbulb:",
        )
    if detection.labelled:
        chrome.chart(charts.preprocessing(detection), "detect")
    with st.expander("All that was tried", icon=":material/table_rows:", expanded=not detection.labelled):
        st.table(
            detect_table.as_frame(detection),
            border="horizontal",
            hide_index=True,
            alt="Preprocessings and what the model answers under them",
        )
        st.caption(plain(detect_table.legend(detection)))
    if detection.untried:
        names = [preprocessing_text(one, detection.declared.preprocess) for one in detection.untried]
        st.caption(f"Not tried, as the time was up: {plain('; '.join(names))}.")


def _better(id: str, detection: PreprocessingDetection) -> None:
    """Draws what is better and by how much, its button, and what the model sees under both."""
    winner, comparison = detection.winner, detection.comparison
    if winner is None or comparison is None:
        return
    name = preprocessing_text(winner.preprocess, detection.declared.preprocess)
    title = plain(name[0].upper() + name[1:])
    st.error(
        f"**The images are prepared wrongly. {title}** is surely better: {share(winner.top1 or 0.0)} top-1 in place of "
        f"{share(detection.declared.top1 or 0.0)}. {many(comparison.n_better or 0, 'image')} become right and "
        f"{comparison.n_worse or 0:,} wrong.",
        icon=":material/troubleshoot:",
    )
    st.button(
        "Use it",
        icon=":material/check:",
        type="primary",
        key="use-detected",
        on_click=_use,
        args=(detection, name),
        help="Sets how images are prepared, for everything from here on.",
    )
    st.markdown("**What the model sees**, with its numbers turned back into pictures")
    with st.grid(len(detection.pictures), min_column_width=110, gap="small"):
        for caption, declared, better in detection.pictures:
            with st.container(gap="xsmall"):
                for file, what in ((declared, "now"), (better, name)):
                    alt = f"{caption}, {what}"
                    st.image(str(result_file(id, file)), caption=plain(alt), width="stretch", alt=alt)


def _none_better(detection: PreprocessingDetection) -> None:
    declared, n_images = detection.declared, many(detection.declared.n_images, "image")
    top1 = share(declared.top1 or 0.0)
    if not detection.can_tell:
        st.info(
            f"{n_images} cannot show that another preparation is better, however much it is: add labelled images.",
            icon=":material/help:",
        )
        return
    unfinished = " of those that were tried" if detection.untried else ""
    st.success(
        f"None{unfinished} is surely better than how the images are prepared now: {top1} top-1 on {n_images}. Where "
        "that is far too low, look at the order of the classes, and at what the model was trained on.",
        icon=":material/check_circle:",
    )


@callback
def _use(detection: PreprocessingDetection, name: str) -> None:
    if detection.winner is not None:
        state.choose(preprocess=detection.winner.preprocess)
        state.set_notice(f"Images are now prepared with: {name}")
