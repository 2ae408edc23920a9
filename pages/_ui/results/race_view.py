"""The race of a step: the winner with the reason, the chart, and every candidate with its outcome."""

import streamlit as st

from engine import Race, Report, charts, example_noun
from engine.wording import many
from pages._ui import chrome
from pages._ui.browser_terms import in_browser_terms, told
from pages._ui.results import files_view, race_table
from pages._ui.wording import duration, plain, sentence


def other_outcomes(report: Report) -> tuple[str, ...]:
    """A sentence on how each race ended that the recommendation does not mention."""
    best = report.recommended
    return tuple(
        _outcome(report, race)
        for race in report.races
        if race.reason
        and (
            best is None
            or (race.winner_id != best.id and race.reason.text not in best.reason.text)
            or (_keeps_parent(race) and race.reason.text not in best.reason.text)
        )
    )


def show(report: Report) -> None:
    """Draws one race of a report that has at least one: the reason, the chart, the table."""
    races = {_name(report, race): race for race in report.races}
    name = next(iter(races))
    if len(races) > 1:
        name = st.selectbox("Race", list(races), key="race", bind="query-params")
    race = races[name]
    candidates = report.candidates(race)
    _reason(report, race)
    with chrome.card(
        "race-chart",
        "How fast, and how close to FP32",
        f"Right of the line is faster than {plain(report.fp32)}; the whisker is the 95 % interval, or the range of the "
        "three rounds of the screening. SQNR is how many dB the answers stand above their error: more is "
        "closer.",
    ):
        chrome.chart(
            charts.race((trial for _, trial in candidates), recommended=_is_recommended(report, race)), "race-chart"
        )
    st.header("Every candidate", anchor=False)
    with st.container(key="race-table"):
        st.table(
            race_table.as_frame(candidates),
            border="horizontal",
            hide_index=True,
            alt="Candidates of the race and what became of them",
        )
    st.caption(_legend(report, race))
    if race.notes:
        with st.expander("Worth knowing", icon=":material/sticky_note_2:"):
            st.markdown("\n".join(f"- {told(note.text)}" for note in race.notes))
    if race.reason or not is_running(report, race):
        _downloads(report, race)


def is_running(report: Report, race: Race) -> bool:
    """Whether a race still runs: it has no winner, and neither its run nor its step has ended."""
    failed_steps = {(failure.branch, failure.step) for failure in report.failures}
    return race.reason is None and report.state == "running" and (race.branch, race.step) not in failed_steps


def _is_recommended(report: Report, race: Race) -> bool:
    """Whether the recommended variant is the winner, or was made from it."""
    best = report.recommended
    return best is not None and race.winner_id in {variant.id for variant in report.lineage(best.id)}


def _keeps_parent(race: Race) -> bool:
    """Whether no candidate was better than the variant that the race began with."""
    return race.winner_id == race.parent_id


def _outcome(report: Report, race: Race) -> str:
    """A sentence on a race that has ended, with its name where the report has several."""
    name = "The race" if len(report.races) == 1 else f"The race of {_name(report, race).lower()}"
    reason = f"{name}: {race.reason.text if race.reason else ''}"
    if _keeps_parent(race):
        return sentence(in_browser_terms(reason))
    return sentence(f"{in_browser_terms(reason)}. Timed again beside all variants, it is not what is recommended")


def _name(report: Report, race: Race) -> str:
    parent = report.variant(race.parent_id)
    return f"Chain {race.branch + 1}, step {race.step + 1}" + (f": after {parent.label}" if parent else "")


def _reason(report: Report, race: Race) -> None:
    """Draws the winner with the reason, or how many candidates there are so far."""
    with chrome.card("race", accent=race.reason is not None):
        if race.reason is None:
            runs = is_running(report, race)
            st.subheader("The race is on" if runs else "This race has no winner", anchor=False)
            n_built = many(len(race.trials), "candidate")
            st.markdown(
                f"{n_built} built so far, and no winner yet."
                if runs
                else f"It ended before it was decided. What was built and measured by then is kept: {n_built}."
            )
            return
        trial = race.trials.get(race.winner_id or "")
        parent = report.variant(race.parent_id)
        with st.container(key="eyebrow-race", gap=None):
            st.markdown("Winner")
        st.header(plain(trial.name if trial else f"FP32: {parent.label if parent else 'as it was'}"), anchor=False)
        st.markdown(told(race.reason.text))
        _final_latency(report, race)
        chrome.metrics(
            {
                "Candidates": str(len(race.trials)),
                f"{example_noun(report).capitalize()}s that chose": f"{race.n_images:,}",
                "Took": duration(race.seconds),
            }
        )
        if race.reused:
            st.caption(
                f"The same race was run before, with the same model, {example_noun(report)}s, budget and machine: its "
                "figures are from then. Whoever reached its final was timed again in this run."
            )


def _final_latency(report: Report, race: Race) -> None:
    """Draws the winner's latency from the rounds of all variants, which counts in place of the race's."""
    winner = report.variant(race.winner_id or "")
    if winner is not None and winner.latency is not None and not _keeps_parent(race):
        latency = winner.latency
        interval = f"{latency.speedup_low:.2f} to {latency.speedup_high:.2f}"
        st.markdown(
            f"Timed again beside all variants of the run, it is **{latency.speedup:.2f} times** as fast as "
            f"{plain(report.reference)} ({interval}): that figure stands."
        )


def _legend(report: Report, race: Race) -> str:
    """What the table's figures were measured at."""
    n_images = next((trial.fidelity.n_images for trial in race.trials.values() if trial.fidelity), None)
    parts = [
        f"Speed: times as fast as {plain(report.fp32)}, from the last rounds that a candidate was in, with its 95 % "
        "interval in a final and the range of three rounds, in grey, in the screening"
    ]
    if n_images is not None:
        examples = many(n_images, example_noun(report))
        parts.append(f"SQNR beside FP32 on the {examples} that choose, which set no range and report nothing")
    return ". ".join(parts) + "."


def _downloads(report: Report, race: Race) -> None:
    """Draws the downloads: all candidates as a CSV, and any one of them as an ONNX file."""
    with st.expander("Take a candidate along", icon=":material/download:"):
        name = f"race-{report.run_id}-chain-{race.branch + 1}-step-{race.step + 1}.csv"
        st.download_button(
            "Candidates as CSV",
            race_table.as_csv(report, report.candidates(race)),
            mime="text/csv",
            on_click="ignore",
            file_name=name,
            icon=":material/table:",
        )
        labels = {id: trial.name for id, trial in race.trials.items()}
        id = st.selectbox("Candidate", list(labels), format_func=labels.__getitem__, key="candidate")
        variant = report.variant(id)
        if variant is not None:
            files_view.card(report, variant, labels[id])
