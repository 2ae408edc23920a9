"""The parts of a run, one below the other: those that are done, the running one with its chart, those to come."""

from collections.abc import Sequence

import streamlit as st

from engine import Event, Job, Part, Report, charts, events, report, timeline
from engine.wording import many
from pages._ui import chrome
from pages._ui.browser_terms import told
from pages._ui.live import ENDED
from pages._ui.results import race_view
from pages._ui.wording import duration, plain

ICONS = {
    "waiting": None,
    "done": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
    "skipped": ":material/remove:",
}
STATE_LABELS = {"waiting": "to come", "failed": "failed", "cancelled": "cancelled here", "skipped": "not reached"}


def show(run: Job) -> None:
    """Draws the timeline of a run; where it has ended, the curves of its trainings too."""
    all_events = events(run.id)
    so_far = report(run.id)
    for part in timeline(run.id):
        _part(part, [event for event in all_events if event.step == part.key], so_far, run)


def _part(part: Part, part_events: Sequence[Event], so_far: Report | None, run: Job) -> None:
    """Draws one part."""
    seconds = f" · {duration(part.seconds)}" if part.seconds is not None else ""
    state = f" · {STATE_LABELS[part.state]}" if part.state in STATE_LABELS else ""
    label = f"**{plain(part.title)}**{seconds}{state}"
    if part.state == "running":
        status = st.status(label, type="step", expanded=True)
        with status.container():  # leaving the status itself would mark it as complete
            st.progress(min(max(part.fraction, 0.0), 1.0), text=told(part.message) or None)
            _live(part, part_events, so_far)
        return
    with st.expander(label if part.state == "done" else f":gray[{label}]", type="step", icon=ICONS[part.state]):
        st.caption(told(_ending(part, so_far, run)))
        if run.state in ENDED:
            _curve(part, part_events)


def _ending(part: Part, so_far: Report | None, run: Job) -> str:
    """What is said of a part that does not run: the last message of one that is done is of its last moment alone."""
    if part.state == "failed":
        return _failure(part, so_far, run)
    return "done" if part.state == "done" else part.message or "it has not begun"


def _failure(part: Part, so_far: Report | None, run: Job) -> str:
    """The message of the error that a part failed with."""
    failures = so_far.failures if so_far else ()
    messages = [one.message for one in failures if (one.branch, one.step) == (part.chain, part.step)]
    return next(iter(messages), run.error.text if run.error else part.message)


def _live(part: Part, part_events: Sequence[Event], so_far: Report | None) -> None:
    """Draws the chart of the race or the training that runs."""
    race = (
        next(
            (
                race
                for race in so_far.races
                if (race.branch, race.step) == (part.chain, part.step) and race_view.is_running(so_far, race)
            ),
            None,
        )
        if so_far
        else None
    )
    if so_far is not None and race is not None and race.trials:
        st.caption(f"{many(len(race.trials), 'candidate')} so far; right of the line is faster than {so_far.fp32}.")
        chrome.chart(charts.race(trial for _, trial in so_far.candidates(race)), f"race-{part.key}")
    _curve(part, part_events)


def _curve(part: Part, part_events: Sequence[Event]) -> None:
    figure = charts.learning_curve(part_events)
    if figure is not None:
        chrome.chart(figure, f"curve-{part.key}")
