"""What a showdown is of: variants, also of other runs, and targets; and the button that starts it."""

import streamlit as st

from engine import (
    MOST_MINUTES,
    MOST_ROUNDS,
    Report,
    RequestError,
    ShowdownEntry,
    ShowdownRequest,
    Target,
    VariantFile,
    cores,
    estimate,
    fitting_target,
    input_misfit,
    list_jobs,
    report,
    showdown_targets,
    start_measuring,
    target_title,
    thread_counts,
    variant_files,
)
from engine.wording import many, threads_text
from pages._ui import chrome, known_hardware, live, state
from pages._ui.browser_terms import told
from pages._ui.guard import show_error
from pages._ui.results import minutes_field
from pages._ui.wording import plain, roughly

MOST_RUNS = 500
"""So many of the newest runs are on offer beside the page's own."""


def show(own: Report, param: str) -> None:
    """Draws the choice of rows, about how long they take, and the button that starts.

    The started job goes into this parameter of the address.
    """
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
    target = _fitting(own.recipe.target)
    targets = {target_title(one): one for one in _targets(target)}
    names = st.pills("Targets", list(targets), selection_mode="multi", default=list(targets), key="showdown-targets")
    sizes = _threads(target)
    rows = tuple(
        ShowdownEntry(file=files[key], target=fitting_target(targets[name].model_copy(update={"threads": threads})))
        for key in chosen
        for name in names
        for threads in sizes
    )
    _start(rows, *_rounds(), param)


def _fitting(asked: Target) -> Target:
    """The run's own target as far as this machine has it; draws what of it is not here."""
    target = fitting_target(asked)
    if target != asked:
        st.caption(
            f"The run's target is {threads_text(asked.threads or cores(), asked.streams)}; here it is "
            f"{threads_text(target.threads or cores(), target.streams)}, as this app may use {many(cores(), 'core')}."
        )
    return target


def _targets(target: Target) -> tuple[Target, ...]:
    """The targets on offer at the size of this one; draws what is not known yet of this machine."""
    found = known_hardware.providers()
    if found is None:
        st.page_link(
            chrome.MACHINE,
            label="Look for graphics cards and other devices; those that work are on offer here then",
            icon=":material/search:",
        )
    return showdown_targets(target, found or ())


def _threads(target: Target) -> tuple[int | None, ...]:
    """The numbers of threads that are chosen, at first the target's own; None stands for it where it names none."""
    own = target.threads or cores()
    chosen = st.pills(
        "Threads",
        sorted({*thread_counts(cores()), own}),
        selection_mode="multi",
        default=[own],
        key=f"showdown-threads-{own}",
        help="With several, every variant is timed at every target with each of them.",
    )
    return tuple(target.threads if count == own else count for count in chosen)


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
        minutes = minutes_field.choose(
            MOST_MINUTES,
            "showdown-minutes",
            "No round but the first three is begun after this. Nothing else measures meanwhile.",
        )
    return int(rounds), minutes


def _files(of: Report) -> tuple[VariantFile, ...]:
    """The files of a run's variants; draws why there are none where they are gone."""
    try:
        return variant_files(of.run_id, from_browser=True)
    except RequestError as error:
        show_error(error.message, error.next)
        return ()


def _files_of_other_runs(own: Report) -> dict[str, VariantFile]:
    """The files of further runs that are chosen; draws why some of their variants are not comparable."""
    newest = list_jobs(limit=MOST_RUNS + 1)
    names = {job.id: job.name for job in newest[:MOST_RUNS] if job.id != own.run_id and job.state in live.ENDED}
    if not names:
        return {}
    if len(newest) > MOST_RUNS:
        st.caption(
            f"On offer are the {MOST_RUNS:,} newest runs. To compare with an older one, open its results, and choose "
            "this run there."
        )
    ids = st.multiselect(
        "Also from these runs",
        list(names),
        format_func=lambda id: f"{names[id]} · {id[:4]}",
        key="showdown-runs",
        placeholder="Runs of the same model; type to search",
    )
    files: dict[str, VariantFile] = {}
    for id in ids:
        other = report(id)
        if other is None or not other.main_variants:
            st.caption(f"{plain(names[id])} has measured nothing.")
            continue
        misfits = {variant.id: input_misfit(own.main_variants[0], variant) for variant in other.main_variants}
        for misfit in {misfit.message for misfit in misfits.values() if misfit is not None}:
            st.caption(f"{plain(names[id])} is not comparable: {told(misfit)}")
        files |= {
            f"{id} {file.variant}": file.model_copy(update={"label": f"{file.label} ({names[id]})"})
            for file in _files(other)
            if misfits[file.variant or ""] is None
        }
    return files


def _start(rows: tuple[ShowdownEntry, ...], rounds: int, minutes: int, param: str) -> None:
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
        st.caption("Choose at least two rows: two variants, or one at two targets or with two numbers of threads.")
        return
    try:
        request = ShowdownRequest.parse({"rows": rows, "rounds": rounds, "minutes": minutes})
        first, estimated = rows[0], estimate(request)
        where = target_title(
            first.target.model_copy(update={"threads": first.target.threads or cores()}),
            with_threads=len({row.target.threads for row in rows}) > 1,
        )
        st.caption(
            f"{many(len(rows), 'row')}: {roughly(estimated.seconds)}, estimated. The others are compared with "
            f"the first, {plain(first.file.label)} in {plain(where)}."
        )
        if estimated.phases["latency"] >= 60 * minutes:
            st.caption(
                f"The {many(minutes, 'minute')} that are allowed may be up before all rounds are timed: then no round "
                "but the first three is begun. Allow more minutes, or ask for fewer rounds or rows."
            )
        if pressed:
            state.set_param(param, start_measuring(request, token=token, from_browser=True).id)
            st.rerun()
    except RequestError as error:
        show_error(error.message, error.next)
