"""A showdown of variants and targets: which is faster, whether one can tell, and how close the outputs are."""

from collections.abc import Iterator

import streamlit as st

from engine import (
    MOST_MINUTES,
    MOST_ROUNDS,
    Job,
    Report,
    RequestError,
    Showdown,
    ShowdownEntry,
    ShowdownRequest,
    VariantFile,
    charts,
    estimate,
    input_misfit,
    list_jobs,
    report,
    result,
    row_title,
    showdown_targets,
    showdowns_of,
    start_measuring,
    target_title,
    variant_files,
)
from engine.wording import many
from pages._ui import chrome, linked_analysis, live, notes_view, state
from pages._ui.guard import show_error
from pages._ui.results import showdown_table, target_button
from pages._ui.wording import plain, roughly, sentence

PARAM = "showdown"
"""The parameter of the address that holds the job, so that a reload or a copied link finds it."""
MOST_RUNS = 30
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
            _form(own)
        return
    if job.state not in live.ENDED:
        with chrome.card("showdown", "The showdown is on", "All rows, in the same interleaved rounds"):
            live.watch(job.id, live.with_cancel)
        return
    _outcome(own, job)
    with st.expander("Another showdown", icon=":material/refresh:"):
        _form(own)


def _job(own: Report) -> Job | None:
    """The showdown in the address, else the newest one with a variant of this run."""
    jobs = [job for job, _ in showdowns_of(own.run_id, state.param(PARAM))]
    return linked_analysis.newest(PARAM, jobs)


def _form(own: Report) -> None:
    """Draws the choice of rows, about how long they take, and the button that starts."""
    files = {f"{own.run_id} {file.variant}": file for file in _files(own)}
    files |= _files_of_other_runs(own)
    if not files:
        return
    best = own.recommended_variant
    defaults = {one.file_variant_id for one in (own.main_variants[0], best) if one is not None}
    default = [key for key, file in files.items() if file.variant in defaults]
    chosen = st.multiselect(
        "Variants",
        list(files),
        default=default,
        format_func=lambda key: f"{files[key].label} · {(files[key].variant or '')[:4]}",
        key="showdown-variants",
    )
    targets = {target_title(target): target for target in showdown_targets(own.recipe.target)}
    names = st.pills("Targets", list(targets), selection_mode="multi", default=list(targets), key="showdown-targets")
    rows = tuple(ShowdownEntry(file=files[key], target=targets[name]) for key in chosen for name in names)
    _start(rows, *_rounds())


def _rounds() -> tuple[int, int]:
    """How many rounds are asked for, and how many minutes they may take."""
    with st.container(horizontal=True):
        rounds = st.number_input(
            "Rounds",
            min_value=3,
            max_value=MOST_ROUNDS,
            value=12,
            key="showdown-rounds",
            width=160,
            help="More of them tell more.",
        )
        minutes = st.number_input(
            "Minutes, at most",
            min_value=1,
            max_value=MOST_MINUTES,
            value=15,
            key="showdown-minutes",
            width=160,
            help="No round but the first three is begun after this. Nothing else measures meanwhile.",
        )
    return int(rounds), int(minutes)


def _files(of: Report) -> tuple[VariantFile, ...]:
    """The files of a run's variants; draws why there are none where they are gone."""
    try:
        return variant_files(of.run_id, from_browser=True)
    except RequestError as error:
        show_error(error.message, error.next)
        return ()


def _files_of_other_runs(own: Report) -> dict[str, VariantFile]:
    """The files of further runs that are chosen; draws why some of their variants are not comparable."""
    names = {job.id: job.name for job in list_jobs(limit=MOST_RUNS) if job.id != own.run_id and job.state in live.ENDED}
    if not names:
        return {}
    ids = st.multiselect(
        "Also from these runs",
        list(names),
        format_func=lambda id: f"{names[id]} · {id[:4]}",
        key="showdown-runs",
        placeholder="Runs of the same model",
    )
    files: dict[str, VariantFile] = {}
    for id in ids:
        other = report(id)
        if other is None or not other.main_variants:
            st.caption(f"{plain(names[id])} has measured nothing.")
            continue
        misfits = {variant.id: input_misfit(own.main_variants[0], variant) for variant in other.main_variants}
        for misfit in {misfit.message for misfit in misfits.values() if misfit is not None}:
            st.caption(f"{plain(names[id])} is not comparable: {plain(sentence(misfit))}")
        files |= {
            f"{id} {file.variant}": file.model_copy(update={"label": f"{file.label} ({names[id]})"})
            for file in _files(other)
            if misfits[file.variant or ""] is None
        }
    return files


def _start(rows: tuple[ShowdownEntry, ...], rounds: int, minutes: int) -> None:
    """Draws the estimate and the button."""
    enough = len(rows) >= 2
    pressed = st.button(
        "Start the showdown",
        type="primary",
        icon=":material/compare_arrows:",
        key="showdown-start",
        disabled=not enough,
    )
    token = state.token(pressed)
    if not enough:
        st.caption("Choose at least two rows: a variant at two targets, or two variants at one.")
        return
    try:
        request = ShowdownRequest.parse({"rows": rows, "rounds": rounds, "minutes": minutes})
        first, estimated = rows[0], estimate(request)
        st.caption(
            f"{many(len(rows), 'row')}: {roughly(estimated.seconds)}, estimated. The others are compared with "
            f"the first, {plain(first.file.label)} in {plain(target_title(first.target))}."
        )
        if estimated.phases["latency"] >= 60 * minutes:
            st.caption(
                f"That is all of the {many(minutes, 'minute')} that are allowed, in which fewer rounds may be timed. "
                "Allow more minutes, or ask for fewer rounds or rows."
            )
        if pressed:
            state.set_param(PARAM, start_measuring(request, token=token, from_browser=True).id)
            st.rerun()
    except RequestError as error:
        show_error(error.message, error.next)


def _outcome(own: Report, job: Job) -> None:
    showdown = result(job.id)
    if job.state == "failed" and job.error is not None:
        show_error(job.error.text, job.error_next)
    if job.state == "cancelled":
        st.info("You stopped it before its rounds were done; nothing of it is kept.", icon=":material/pause_circle:")
    if not isinstance(showdown, Showdown):
        return
    notes_view.show(showdown.warnings)
    for number, row in enumerate(showdown.rows, start=1):
        if row.note is not None:
            st.warning(f"Row {number}, {plain(row_title(row))}: {plain(sentence(row.note.text))}")
    _finding(own, showdown)
    if any(row.latency or row.estimate for row in showdown.rows):
        with chrome.card(
            "showdown-chart", "Beside the first row", "Right of the line is faster; the whisker is the 95 % interval."
        ):
            chrome.chart(charts.showdown(showdown), "showdown-chart")
    _tables(own, showdown)


def _finding(own: Report, showdown: Showdown) -> None:
    """Draws which row is the fastest, and the button that takes its target."""
    faster = [pair for pair in showdown.pairs if pair.reference == 0 and pair.verdict == "faster"]
    first = plain(row_title(showdown.rows[0]))
    with chrome.card("showdown-finding", accent=True):
        if not faster:
            timed = any(pair.reference == 0 for pair in showdown.pairs)
            st.header(f"Nothing is surely faster than {first}" if timed else "No speed was measured", anchor=False)
            return
        best = min(faster, key=lambda pair: pair.ratio)
        row, speed = showdown.rows[best.row], best.speedup
        st.header(f"{plain(row_title(row))}: {speed.times:.2f} times as fast", anchor=False)
        st.markdown(" ".join(_details(showdown, best.row, f"({speed.low:.2f} to {speed.high:.2f}, 95 %)", first)))
        if row.target.arithmetic != own.recipe.target.arithmetic:
            target_button.show(own, row.target, target_title(row.target, row.precision), key="showdown-use")


def _details(showdown: Showdown, number: int, interval: str, first: str) -> Iterator[str]:
    """Sentences on the fastest row: beside what, how close its outputs are, and which rows are no slower for sure."""
    yield f"That is beside {first} {interval}, in the same rounds."
    fidelity = showdown.rows[number].fidelity
    if fidelity is not None:
        close = "the same" if fidelity.sqnr_db is None else f"{fidelity.sqnr_db:.1f} dB above their error"
        yield f"Its outputs are {close} on {_inputs(showdown)}."
    equals = [
        plain(row_title(showdown.rows[pair.reference]))
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
    target, rounds = showdown.rows[0].target, many(showdown.n_rounds, "interleaved round")
    st.caption(
        f"{many(target.threads or 1, 'thread')}, batch {target.batch_size}, {rounds}. "
        f"Outputs: how many dB the answers of row 1 stand above the difference, on {_inputs(showdown)}."
        + ("" if showdown.on_images else f" {RANDOM}")
    )
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
