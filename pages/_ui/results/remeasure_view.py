"""Measuring the latencies of a run again: the offer where the machine was busy, the progress, and both measurements."""

import streamlit as st

from engine import Job, NotFoundError, Report, job, start_remeasure
from engine.wording import many
from pages._ui import chrome, live, state
from pages._ui.guard import show_error
from pages._ui.live import ENDED
from pages._ui.wording import ago, plain

PARAM = "remeasure"
"""The parameter of the address that holds the job, so that a reload finds it."""


def start(run_id: str) -> None:
    """Queues another measurement, and draws the page again with its progress."""
    state.set_param(PARAM, start_remeasure(run_id).id)
    st.rerun()


def show(report: Report) -> bool:
    """Draws the measurement that is under way, or the offer of one where a variant has no latency.

    Whether it said that a speed was not measured.
    """
    current = _job()
    if current is not None and current.state not in ENDED:
        with chrome.card("remeasure", "Measuring the latencies again", "All variants, in fresh interleaved rounds"):
            live.watch(current.id, live.with_cancel)
        return False
    if current is not None and current.state == "failed" and current.error:
        show_error(current.error.text, current.error_next)
    if current is not None and current.state == "done":
        _outcome(report)
    n_missing = sum(variant.latency_estimate is not None for variant in report.main_variants)
    if not n_missing:
        return False
    with chrome.card("remeasure"):
        st.markdown(
            f"**{n_missing} of {many(len(report.main_variants), 'variant')} {'has' if n_missing == 1 else 'have'} no "
            "measured speed**: other programs disturbed the calls. What processor time says is an estimate, and "
            "nothing is recommended by it."
        )
        if st.button("Measure again", type="primary", icon=":material/refresh:", key="remeasure-now"):
            start(report.run_id)
    return True


def _outcome(report: Report) -> None:
    """Draws whether the measurement that has just ended stands, or which one does."""
    if not report.measurements:
        return
    last = report.measurements[-1]
    measured = f"Measured again: {len(last.latencies)} of {many(last.n_variants, 'file')}"
    if last.stands:
        st.success(f"{measured}. The figures shown are the new ones.", icon=":material/timer:")
        return
    (standing,) = (one for one in report.measurements if one.stands)
    better = "with as many and without busy programs beside it"
    if len(standing.latencies) > len(last.latencies):
        better = f"with {len(standing.latencies)}"
    st.info(f"{measured}. The measurement of {ago(standing.created)}, {better}, stands.", icon=":material/timer:")


def history(report: Report) -> None:
    """Draws each measurement and which of them stands; nothing where there is one alone."""
    if not report.measurements:
        return
    with chrome.card(
        "measurements",
        "Measurements of latency",
        "The one of the most files stands, candidates of races among them; of equals the newer",
    ):
        st.table(
            [
                {
                    "When": ago(one.created),
                    "Machine": plain(one.hardware),
                    "Measured": f"{len(one.latencies)} of {many(one.n_variants, 'file')}",
                    "": ":green-badge[stands]" if one.stands else "",
                }
                for one in report.measurements
            ],
            border="horizontal",
            hide_index=True,
            alt="Measurements of latency",
        )


def _job() -> Job | None:
    id = state.param(PARAM)
    if id is None:
        return None
    try:
        return job(id)
    except NotFoundError:
        return None
