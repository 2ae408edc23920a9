"""What a sweep of a variant is over: batch sizes, threads, streams and a runtime, and the button that starts it."""

from collections.abc import Mapping
from contextlib import suppress

import streamlit as st

from engine import (
    MOST_SWEEP_MINUTES,
    FileModel,
    Report,
    RequestError,
    SweepRequest,
    Target,
    Variant,
    cores,
    estimate,
    known_profile,
    showdown_targets,
    start_measuring,
    target_title,
    thread_counts,
    variant_files,
)
from engine.wording import many
from pages._ui import known_hardware, state
from pages._ui.guard import show_error
from pages._ui.results import minutes_field
from pages._ui.wording import roughly

BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)
LEAST_MS = 0.001


def show(report: Report, variant: Variant, param: str) -> None:
    """Draws what is swept over, about how long that takes, and the button that starts it.

    The started job goes into this parameter of the address.
    """
    try:
        (file,) = variant_files(report.run_id, prefix=variant.id, from_browser=True)
    except RequestError as error:
        show_error(error.message, error.next)
        return
    fixed = _fixed_batch(report, variant)
    options = (fixed,) if fixed is not None else BATCH_SIZES
    batch_sizes = st.pills(
        "Images a call", options, selection_mode="multi", default=options[:6], key=f"sweep-batches-{variant.id}"
    )
    counts = thread_counts(cores())
    if fixed is not None:
        st.caption(f"The file takes {many(fixed, 'image')} a call and no other number: its batch size is fixed.")
    own = report.target_of(variant)
    base = own.model_copy(update={"streams": None})  # how many there are is an axis of its own
    targets = {target_title(target): target for target in showdown_targets(base, known_hardware.providers() or ())}
    runtime = st.segmented_control(
        "Runtime",
        list(targets),
        default=_own_title(base, targets),
        required=True,
        key=f"sweep-runtime-{variant.id}",
        wrap=True,
    )
    threads = _threads(targets[runtime], counts)
    most = max(threads, default=1)
    streams = _streams(targets[runtime], tuple(count for count in counts if count <= most), own.streams)
    limit, minutes = _limits(report)
    _start(
        {
            "file": file,
            "target": targets[runtime],
            "batch_sizes": tuple(batch_sizes),
            "threads": threads,
            "streams": None if streams == (1,) else streams,
            "max_latency_ms": limit,
            "minutes": minutes,
        },
        param,
    )


def _limits(report: Report) -> tuple[float | None, int]:
    """The latency that a call may take, in ms, and how many minutes the sweep may take."""
    with st.container(horizontal=True):
        limit = st.number_input(
            "A call may take, ms (optional)",
            min_value=LEAST_MS,
            value=None,
            format="%g",
            key=state.seeded_key(f"sweep-limit-{report.run_id}", report.recipe.budget.max_latency_ms),
            width=260,
            help="Larger batches are skipped once a smaller one takes longer than this.",
        )
        minutes = minutes_field.choose(
            MOST_SWEEP_MINUTES,
            "sweep-minutes",
            "No cell is begun after this. The time in which other jobs measure does not count.",
        )
    return limit, minutes


def _threads(target: Target, options: tuple[int, ...]) -> tuple[int, ...]:
    """The numbers of threads that are chosen; on a card, where they hardly matter, at first the largest alone."""
    where, default = ("cpu", options) if target.on_cpu else ("card", options[-1:])
    return tuple(st.pills("Threads", options, selection_mode="multi", default=default, key=f"sweep-threads-{where}"))


def _streams(target: Target, options: tuple[int, ...], own: int | None) -> tuple[int, ...] | None:
    """The numbers of streams that are chosen, at first the run's own where it is on offer.

    None where the runtime has none, or there is one option alone.
    """
    if target.runtime != "openvino" or len(options) < 2:
        return None
    chosen = st.pills(
        "Streams",
        options,
        selection_mode="multi",
        default=(own,) if own in options else options[:1],
        key=f"sweep-streams-{options[-1]}",
        help="Calls that OpenVINO computes side by side, each with its part of the threads. With several, one call is "
        "in flight on each: it takes longer than alone, and more of them end in a second.",
    )
    return tuple(chosen) or (1,)


def _own_title(own: Target, targets: Mapping[str, Target]) -> str:
    """Which of the targets on offer the variant was measured at.

    OpenVINO left to itself computes in the fewest bits, which come last. Any runtime is the first.
    """
    equal = [title for title, target in targets.items() if target == own]
    of_runtime = [title for title, target in targets.items() if target.runtime == own.runtime]
    return next(iter((*equal, *of_runtime[::-1], *targets)))


def _start(values: Mapping[str, object], param: str) -> None:
    """Draws the estimate of the sweep with these values, and the button."""
    chosen = bool(values["batch_sizes"] and values["threads"])
    pressed = st.button(
        "Start the sweep", type="primary", icon=":material/grid_on:", key="sweep-start", disabled=not chosen
    )
    token = state.token(pressed)
    if not chosen:
        st.caption("Choose at least one batch size and one number of threads.")
        return
    try:
        request = SweepRequest.parse(values)
        estimated = estimate(request)
        st.caption(
            f"{many(len(request.targets(cores())), 'cell')}, each timed {request.rounds} times: "
            f"{roughly(estimated.seconds)}, estimated. Stop it at any time: what was measured stays. This "
            f"process may use {many(cores(), 'core')}, so no more threads are on offer."
        )
        if estimated.phases["latency"] >= 60 * request.minutes:
            st.caption(
                f"The {request.minutes:g} min that are allowed may be up before every cell has all of its rounds. "
                "Allow more minutes, or ask for fewer cells."
            )
        if pressed:
            state.set_param(param, start_measuring(request, token=token, from_browser=True).id)
            st.rerun()
    except RequestError as error:
        show_error(error.message, error.next)


def _fixed_batch(report: Report, variant: Variant) -> int | None:
    """The batch size that the variant's file is fixed to; None where it is dynamic, or not known here.

    A file has that of the user's own file that it was made from. What a torch step has made is exported anew.
    """
    steps = (one.settings for one in report.lineage(variant.id))
    if not isinstance(report.recipe.model, FileModel) or any(one and one.stage == "torch" for one in steps):
        return None
    with suppress(RequestError):
        profile = known_profile(report.recipe.model, report.recipe.preprocess, from_browser=True)
        return profile.fixed_batch if profile is not None else None
    return None
