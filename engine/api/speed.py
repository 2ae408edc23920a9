"""The verbs about speed on this machine: a sweep of one file, a showdown of several."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from engine.api.jobs import newest_requests
from engine.jobs import foreground
from engine.jobs.kinds import kind_of
from engine.jobs.queue import Queue
from engine.planning import hardware_jobs
from engine.planning.estimate import estimate_any
from engine.planning.resolve import resolve_request
from engine.planning.variant_files import run_folder, run_report
from engine.planning.variant_files import variant_file as file_of_variant
from engine.results import Event, Job, Provider, Result, Showdown, Sweep
from engine.settings import ShowdownRequest, SweepRequest, Target, VariantFile
from engine.store.home import Home

OnEvent = Callable[[Event], None]


def variant_files(run: str | Path, *, prefix: str = "", from_browser: bool = False) -> tuple[VariantFile, ...]:
    """The files of a run's main variants, the baseline first, as sweeps and showdowns take them.

    Each file is there once, as the variant at the first target, at however many targets it raced. `run` is its id or,
    but from the browser, its folder; `prefix` is how the ids of the variants begin. Raises RequestError where there is
    no such run.
    """
    home = Home.default()
    report = run_report(str(run), home, from_browser=from_browser)
    folder = run_folder(run, home, from_browser=from_browser)
    asked = [one for one in report.main_variants if one.id.startswith(prefix)]
    found = {one.file_variant_id: report.variant(one.file_variant_id) for one in asked}
    return tuple(file_of_variant(str(run), one, folder) for one in found.values() if one is not None)


def showdown_targets(target: Target, providers: Sequence[Provider] = ()) -> tuple[Target, ...]:
    """The targets that a showdown can compare: this one off the CPU, the CPU's with its options, and other providers.

    These are the ones of `providers`, as an examination of this machine has them, that work.
    """
    return hardware_jobs.showdown_targets(target, providers)


def fitting_target(target: Target) -> Target:
    """The target with no more threads than this process may use cores, and on a CPU no more streams than threads."""
    return hardware_jobs.fitting_target(target)


def sweep(
    request: SweepRequest,
    on_event: OnEvent = lambda event: None,
    on_unfinished: Callable[[Sweep], None] = lambda result: None,
) -> Sweep:
    """Time a file at every combination of batch size and threads, in the foreground.

    `on_unfinished` gets the cells that were measured where it fails or is cancelled. Raises RequestError and RunError.
    """

    def pass_on(result: Result) -> None:
        on_unfinished(cast(Sweep, result))

    home = Home.default()
    resolved = resolve_request(request, home, from_browser=False)
    return cast(Sweep, foreground.run_analysis(home, resolved, on_event=on_event, on_unfinished=pass_on))


def showdown(
    request: ShowdownRequest,
    on_event: OnEvent = lambda event: None,
    on_unfinished: Callable[[Showdown], None] = lambda result: None,
) -> Showdown:
    """Time files at targets side by side, in the foreground. Raises RequestError, and RunError where it fails.

    `on_unfinished` gets what the rounds so far tell, from the third one on, where it fails or is cancelled.
    """

    def pass_on(result: Result) -> None:
        on_unfinished(cast(Showdown, result))

    home = Home.default()
    resolved = resolve_request(request, home, from_browser=False)
    return cast(Showdown, foreground.run_analysis(home, resolved, on_event=on_event, on_unfinished=pass_on))


def start_measuring(
    request: SweepRequest | ShowdownRequest, *, token: str | None = None, from_browser: bool = False
) -> Job:
    """Queue a sweep or a showdown; the same `token` (one click) gives the same job. Raises RequestError."""
    queue = Queue.default()
    resolved = resolve_request(request, queue.home, from_browser=from_browser)
    seconds = estimate_any(resolved, queue.home).seconds if kind_of(resolved).estimate else None
    return queue.submit(resolved, name=resolved.kind, token=token, estimate_seconds=seconds)


def sweeps_of(run: str, id: str | None = None) -> tuple[tuple[Job, SweepRequest], ...]:
    """The newest sweeps of variants of a run, each with its request; the sweep `id` among them however old it is."""
    return tuple(
        (job, one) for job, one in newest_requests("sweep", id) if isinstance(one, SweepRequest) and one.file.run == run
    )


def showdowns_of(run: str, id: str | None = None) -> tuple[tuple[Job, ShowdownRequest], ...]:
    """The newest showdowns with a variant of a run, each with its request; the showdown `id` among them however old."""
    return tuple(
        (job, one)
        for job, one in newest_requests("showdown", id)
        if isinstance(one, ShowdownRequest) and run in {row.file.run for row in one.rows}
    )
