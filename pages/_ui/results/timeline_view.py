"""The parts of a run, one below the other: what is done, what is going on with its live chart, what is to come."""

from collections.abc import Sequence

import streamlit as st

from engine import Event, Job, Part, Report, charts, events, report, timeline
from engine.wording import many
from pages._ui import chrome
from pages._ui.live import ENDED
from pages._ui.results import race_view
from pages._ui.wording import duration, plain, sentence

ICONS = {
    "waiting": None,
    "done": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
    "skipped": ":material/remove:",
}
WORDS = {"waiting": "to come", "failed": "failed", "cancelled": "cancelled here", "skipped": "not reached"}


def show(run: Job) -> None:
    """The timeline of a run; where it has ended, the curves of its trainings too."""
    told = events(run.id)
    found = report(run.id)
    for part in timeline(run.id):
        _part(part, [event for event in told if event.step == part.key], found, run)


def _part(part: Part, told: Sequence[Event], found: Report | None, run: Job) -> None:
    took = f" · {duration(part.seconds)}" if part.seconds is not None else ""
    word = f" · {WORDS[part.state]}" if part.state in WORDS else ""
    label = f"**{plain(part.title)}**{took}{word}"
    if part.state == "running":
        going = st.status(label, type="step", expanded=True)
        with going.container():  # to leave the status itself would mean that it is complete
            st.progress(min(max(part.fraction, 0.0), 1.0), text=plain(sentence(part.message)) or None)
            _live(part, told, found)
        return
    with st.expander(label if part.state == "done" else f":gray[{label}]", type="step", icon=ICONS[part.state]):
        why = _why(part, found, run) if part.state == "failed" else part.message
        st.caption(plain(sentence(why)) or "It has not begun.")
        if run.state in ENDED:
            _curve(part, told)


def _why(part: Part, found: Report | None, run: Job) -> str:
    """What a part that failed has failed of."""
    failures = found.failures if found else ()
    own = [one.message for one in failures if (one.branch, one.step) == (part.chain, part.step)]
    return next(iter(own), run.error.text if run.error else part.message)


def _live(part: Part, told: Sequence[Event], found: Report | None) -> None:
    """The race or the training that goes on."""
    race = (
        next(
            (
                race
                for race in found.races
                if (race.branch, race.step) == (part.chain, part.step) and race_view.going(found, race)
            ),
            None,
        )
        if found
        else None
    )
    if found is not None and race is not None and race.trials:
        st.caption(f"{many(len(race.trials), 'candidate')} so far; right of the line is faster than FP32.")
        chrome.chart(charts.race(trial for _, trial in found.entrants(race)), f"race-{part.key}")
    _curve(part, told)


def _curve(part: Part, told: Sequence[Event]) -> None:
    figure = charts.learning_curve(told)
    if figure is not None:
        chrome.chart(figure, f"curve-{part.key}")
