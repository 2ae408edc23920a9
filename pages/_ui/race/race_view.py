"""The choice of a run and of its variants, and the stage on which they race."""

from collections.abc import Sequence

import streamlit as st

from engine import MOST_LANES, Job, Report, Variant, charts, live_race_refusal, report
from pages._ui import chrome, run_choice, state, variant_choice
from pages._ui.guard import guarded, show_error
from pages._ui.race import stage

RUN_HELP = "A finished run of a classifier of images. Its files race at the target that they were measured at."
FIRST_SHOWN = 2
"""So many variants race beside the baseline before somebody chooses."""
EMPTY = (
    "When a run has finished, its baseline and its variants can race here: through the run's own images, on a photo "
    "that you drop, or before a camera. It is the page to show to an audience."
)


def show(runs: dict[str, Job]) -> None:
    """Draws the choices and the stage, or what is needed for one."""
    if not runs:
        chrome.empty("Nothing to race yet", EMPTY, ":material/sports_score:")
        st.page_link(chrome.START, label="Start with the sample", icon=":material/arrow_back:")
        return
    left, right = st.columns(2)
    with left:
        run = run_choice.choose(runs, "race-run", RUN_HELP)
    with guarded():
        found = report(run)
        refusal = live_race_refusal(found) if found is not None else None
        if found is None or refusal is not None:
            show_error(refusal.message if refusal else "this run has no report", refusal.next if refusal else "")
            return
        with right:
            chosen = _choose_variants(found)
        stage.show(state.live_race(run, [one.id for one in chosen]), _lanes(found, chosen))


def _choose_variants(found: Report) -> list[Variant]:
    """Draws the choice of variants; these after the baseline, in the report's order."""
    others = [one for one in found.main_variants if one.role != "baseline"]
    ids: list[str] = []
    if others:
        ids = variant_choice.choose_several(
            found,
            "lanes",
            "Variants beside the baseline",
            others,
            n_first=FIRST_SHOWN,
            most=MOST_LANES - 1,
            placeholder="The baseline alone",
        )
    return [one for one in found.main_variants if one.role == "baseline" or one.id in ids]


def _lanes(found: Report, chosen: Sequence[Variant]) -> list[stage.LaneCard]:
    """What the stage shows of each lane before it starts: name, colour, and what was measured in the run."""
    return [
        stage.LaneCard(
            id=one.id,
            label=one.label,
            colour=colour,
            size_bytes=one.size_bytes,
            measured_ms=one.latency.p50_ms if one.latency is not None else None,
            threads=one.latency.threads if one.latency is not None else None,
        )
        for one, colour in zip(chosen, charts.lane_colours(found, chosen), strict=True)
    ]
