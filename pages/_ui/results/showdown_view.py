"""A showdown of variants and targets: which is faster, whether one can tell, and how close the outputs are."""

from collections.abc import Iterator

import streamlit as st

from engine import (
    Job,
    Report,
    Showdown,
    charts,
    copies_text,
    result,
    showdowns_of,
    target_title,
)
from engine.wording import many, threads_text
from pages._ui import chrome, linked_analysis, live, notes_view, state
from pages._ui.browser_terms import told
from pages._ui.guard import show_error
from pages._ui.results import measured_on, showdown_form, showdown_table, target_button
from pages._ui.wording import plain

PARAM = "showdown"
"""The parameter of the address that holds the job, so that a reload or a copied link finds it."""
RANDOM = "These are unlike any image, so that quantized files, whose ranges come from images, look worse than they are."


def show(own: Report) -> None:
    """Draws the newest showdown with a variant of the run, or the one in the address, and the form for another."""
    job = _job(own)
    state.set_param(PARAM, job.id if job is not None else None)
    if job is None:
        with chrome.card("showdown", "Which is faster, where?"):
            st.markdown(
                "The same file runs at other speeds in another runtime, and OpenVINO in 16 bits answers a little "
                "otherwise. A showdown times variants at several targets in the same rounds, says of every two which "
                "is faster or that nobody can tell, and compares their outputs."
            )
            showdown_form.show(own, PARAM)
        return
    if job.state not in live.ENDED:
        with chrome.card("showdown", "The showdown is on", "All rows, in the same interleaved rounds"):
            live.watch(job.id, live.with_cancel)
        return
    _outcome(own, job)
    with st.expander("Another showdown", icon=":material/refresh:"):
        showdown_form.show(own, PARAM)


def _job(own: Report) -> Job | None:
    """The showdown in the address, else the newest one with a variant of this run."""
    jobs = [job for job, _ in showdowns_of(own.run_id, state.param(PARAM))]
    return linked_analysis.newest(PARAM, jobs)


def _outcome(own: Report, job: Job) -> None:
    showdown = result(job.id)
    if job.state == "failed" and job.error is not None:
        show_error(job.error.text, job.error_next)
    if not isinstance(showdown, Showdown):
        if job.state == "cancelled":
            st.info(
                "You stopped it before three rounds were done, and fewer tell nothing.", icon=":material/pause_circle:"
            )
        return
    if not showdown.complete:
        how = "You stopped it" if job.state == "cancelled" else "It broke off"
        st.info(f"{how} after {showdown.rounds_text}: what they tell is here.", icon=":material/pause_circle:")
    measured_on.show(showdown.environment)
    notes_view.show(showdown.warnings)
    for number, row in enumerate(showdown.rows):
        if row.note is not None:
            st.warning(f"Row {number + 1}, {plain(showdown.title(number))}: {told(row.note.text)}")
    _finding(own, showdown)
    if any(row.latency or row.estimate for row in showdown.rows):
        with chrome.card(
            "showdown-chart", "Beside the first row", "Right of the line is faster; the whisker is the 95 % interval."
        ):
            chrome.chart(charts.showdown(showdown), "showdown-chart")
    _tables(own, showdown)


def _finding(own: Report, showdown: Showdown) -> None:
    """Draws which row is the fastest, and the button that takes its target."""
    beside = [pair for pair in showdown.pairs if pair.reference == showdown.reference]
    faster = [pair for pair in beside if pair.verdict == "faster"]
    first = plain(showdown.title(showdown.reference))
    with chrome.card("showdown-finding", accent=True):
        if not faster:
            nothing = (
                "Nothing can be compared" if any(row.latency for row in showdown.rows) else "No speed was measured"
            )
            st.header(f"Nothing is surely faster than {first}" if beside else nothing, anchor=False)
            return
        best = min(faster, key=lambda pair: pair.ratio)
        row, speed = showdown.rows[best.row], best.speedup
        st.header(f"{plain(showdown.title(best.row))}: {speed.times:.2f} times as fast", anchor=False)
        st.markdown(" ".join(_details(showdown, best.row, f"({speed.low:.2f} to {speed.high:.2f}, 95 %)", first)))
        has_others = row.target.threads != _threads(own)
        if has_others or row.target.arithmetic != own.recipe.target.arithmetic:
            name = target_title(row.target, row.precision, with_threads=has_others)
            target_button.show(own, row.target, name, key="showdown-use")


def _threads(own: Report) -> int:
    """Those that the run's files were timed with."""
    return own.recipe.target.threads or own.environment.cores


def _details(showdown: Showdown, number: int, interval: str, first: str) -> Iterator[str]:
    """Sentences on the fastest row: beside what, how close its outputs are, and which rows are no slower for sure."""
    yield f"That is beside {first} {interval}, in the same rounds."
    fidelity = showdown.rows[number].fidelity
    if fidelity is not None:
        close = "the same" if fidelity.sqnr_db is None else f"{fidelity.sqnr_db:.1f} dB above their error"
        yield f"Its outputs are {close} on {_inputs(showdown)}."
    equals = [
        plain(showdown.title(pair.reference))
        for pair in showdown.pairs
        if pair.row == number and pair.verdict == "cannot_tell"
    ]
    if equals:
        yield f"Whether it is faster than {' or '.join(equals)}, these rounds cannot tell."


def _inputs(showdown: Showdown) -> str:
    return many(showdown.n_examples, "evaluation image" if showdown.on_images else "random input")


def _tables(own: Report, showdown: Showdown) -> None:
    st.header("Every row", anchor=False)
    with st.container(key="showdown-rows"):
        st.table(
            showdown_table.as_frame(showdown), border="horizontal", hide_index=True, alt="Rows and their measurements"
        )
    target = showdown.rows[0].target
    size = f"{many(target.batch_size, 'image')} a call"
    if not showdown.threads_differ:
        size = f"{threads_text(target.threads)}, {size}"
    st.caption(
        f"{size}, {showdown.rounds_text}, interleaved. "
        f"Outputs: how many dB the answers of row 1 stand above the difference, on {_inputs(showdown)}."
        + ("" if showdown.on_images else f" {RANDOM}")
    )
    if copies := copies_text(showdown):
        st.caption(copies)
    if showdown.pairs:
        st.header("Every pair", anchor=False)
        with st.container(key="showdown-pairs"):
            st.table(
                showdown_table.pairs_frame(showdown),
                border="horizontal",
                hide_index=True,
                alt="Every row beside another",
            )
    st.download_button(
        "Rows as CSV",
        showdown_table.as_csv(showdown),
        mime="text/csv",
        file_name=f"showdown-{own.run_id}.csv",
        icon=":material/table:",
        on_click="ignore",
    )
