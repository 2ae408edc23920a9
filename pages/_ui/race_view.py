"""The race of a step: who won and why, the chart, and every candidate with what became of it."""

from dataclasses import dataclass

import streamlit as st

from engine import Note, Race, Report, Variant, charts
from pages._ui import chrome, files_view, race_table
from pages._ui.wording import duration, many, plain, sentence


@dataclass(frozen=True)
class Shown:
    """A race with its end, or without one: then it goes on, or its run or its chain ended before it did."""

    entrants: tuple[Variant, ...]
    race: Race | None
    going: bool


def races(report: Report) -> dict[str, Shown]:
    """Every race of the report by its name, those without an end included."""
    ended: dict[tuple[int, int], Race | None] = {(race.branch, race.step): race for race in report.races}
    failed = {(failure.branch, failure.step) for failure in report.failures}
    return {
        _name(report, branch, step): Shown(
            entrants=report.entrants(branch, step),
            race=race,
            going=race is None and report.state == "running" and (branch, step) not in failed,
        )
        for (branch, step), race in (ended | dict.fromkeys(report.open_races)).items()
    }


def untold(report: Report) -> tuple[Note, ...]:
    """The reasons of the races that the recommendation does not speak of."""
    best = report.recommended
    return tuple(
        race.reason
        for race in report.races
        if best is None or (race.winner_id != best.id and race.reason.text not in best.reason.text)
    )


def show(report: Report) -> None:
    """One race of a report that has any: the reason, the chart, the table."""
    found = races(report)
    name = next(iter(found))
    if len(found) > 1:
        name = st.selectbox("Race", list(found), key="race", bind="query-params")
    shown = found[name]
    _reason(report, shown)
    with chrome.card("race-chart", "How fast, and how close to FP32",
                     "Right of the line is faster than FP32; the whisker is the 95 % interval. SQNR is how many dB the "
                     "answers stand above their error: more is closer."):  # fmt: skip
        chrome.chart(charts.race(variant.trial for variant in shown.entrants if variant.trial), "race-chart")
    st.header("Every candidate", anchor=False)
    with st.container(key="race-table"):
        st.table(race_table.shown(shown.entrants), border="horizontal", hide_index=True,
                 alt="Candidates of the race and what became of them")  # fmt: skip
    st.caption(_legend(shown))
    if not shown.going:
        _take(report, shown)


def _name(report: Report, branch: int, step: int) -> str:
    entrants = report.entrants(branch, step)
    parent = report.variant(entrants[0].parent_id or "") if entrants else None
    return f"Chain {branch + 1}, step {step + 1}" + (f": after {parent.label}" if parent else "")


def _reason(report: Report, shown: Shown) -> None:
    """What came of it in a sentence, or how far it is."""
    race = shown.race
    with chrome.card("race", accent=race is not None):
        if race is None:
            st.subheader("The race is on" if shown.going else "This race has no winner", anchor=False)
            built = many(len(shown.entrants), "candidate")
            st.markdown(
                f"{built} built so far, and no winner yet."
                if shown.going
                else f"It ended before it was decided. What was built and measured by then is kept: {built}."
            )
            return
        winner = report.variant(race.winner_id)
        trial = winner.trial if winner else None
        with st.container(key="eyebrow-race", gap=None):
            st.markdown("Winner")
        st.header(plain(trial.name) if trial else "FP32, the model as it was", anchor=False)
        st.markdown(plain(sentence(race.reason.text)))
        chrome.facts({
            "Candidates": str(len(shown.entrants)),
            "Held-back images": f"{race.n_images:,}",
            "Took": duration(race.seconds),
        })  # fmt: skip


def _legend(shown: Shown) -> str:
    images = next((v.trial.fidelity.n_images for v in shown.entrants if v.trial and v.trial.fidelity), None)
    parts = ["Speed: times as fast as FP32, with its 95 % interval, from the last rounds that a candidate was in"]
    if images is not None:
        parts.append(f"SQNR and agreement with FP32 on {many(images, 'held-back calibration image')}, which set no "
                     "range and are not the evaluation images")  # fmt: skip
    return ". ".join(parts) + "."


def _take(report: Report, shown: Shown) -> None:
    """All candidates as a file of figures, and any one of them as a model."""
    with st.expander("Take a candidate along", icon=":material/download:"):
        st.download_button("Candidates as CSV", race_table.as_csv(shown.entrants), mime="text/csv", on_click="ignore",
                           file_name=f"race-{report.run_id}.csv", icon=":material/table:")  # fmt: skip
        labels = {variant.id: variant.trial.name for variant in shown.entrants if variant.trial}
        id = st.selectbox("Candidate", list(labels), format_func=labels.__getitem__, key="candidate")
        files_view.card(report, next(variant for variant in shown.entrants if variant.id == id))
