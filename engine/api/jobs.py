"""Jobs in the queue: submit, list, cancel, read their files; and the supervisor that runs them."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from engine.errors import LimitError, NotFoundError, StateError, StorageError
from engine.jobs import supervisor_lock
from engine.jobs.kinds import kind_of
from engine.jobs.queue import ACTIVE, Queue
from engine.jobs.supervisor import supervise as supervise_home
from engine.planning.estimate import estimate_any
from engine.planning.resolve import resolve_recipe, resolve_request
from engine.planning.timeline import timeline as timeline_of
from engine.results import Event, Job, Part, Report, Result, RunSummary, summarize_recipe
from engine.settings import AnalysisRequest, JobRequest, Recipe, RunRequest
from engine.store.folders import now
from engine.store.home import Home
from engine.store.verifications import delete_verifications

WAIT_SECONDS = 0.1
LOOKED_AT = 50
"""So many of the newest jobs of a kind are looked at for those about a run or a variant."""


def submit(recipe: Recipe, *, token: str | None = None, from_browser: bool = False) -> Job:
    """Queue a run; the same `token` (one click) gives the same job. Raises RequestError."""
    queue = Queue.default()
    resolved = resolve_recipe(recipe, queue.home, from_browser=from_browser)
    return queue.submit(
        RunRequest(recipe=resolved),
        name=resolved.name,
        token=token,
        estimate_seconds=estimate_any(resolved, queue.home).seconds,
    )


def analyse(request: AnalysisRequest, *, from_browser: bool = False) -> Job:
    """Queue an analysis, or return the equal job that waits, runs or is done with the same libraries.

    One that its minutes cut short is done as well: delete it and ask again, and what is left follows.
    """
    queue = Queue.default()
    resolved = resolve_request(request, queue.home, from_browser=from_browser)
    seconds = estimate_any(resolved, queue.home).seconds if kind_of(resolved).estimate else None
    return queue.submit(resolved, name=resolved.kind, key=analysis_key(resolved), estimate_seconds=seconds)


def find_analysis(request: AnalysisRequest, *, from_browser: bool = False) -> Job | None:
    """The newest job of an equal analysis with the same libraries, in whatever state. Raises RequestError."""
    return find_resolved(resolve_request(request, Home.default(), from_browser=from_browser))


def find_resolved(request: AnalysisRequest) -> Job | None:
    """The newest job for a request that is resolved already, as those of stored recipes are; no file is opened."""
    key = analysis_key(request)
    return Queue.default().newest(key) if key is not None else None


def analysis_key(request: AnalysisRequest) -> str | None:
    """The key of a request, by its kind of the libraries' versions and of this machine too; None where none is shared.

    The request is taken as it is: resolve it first where its files are to count by their content.
    """
    key = kind_of(request).key
    return key(request) if key is not None else None


def list_jobs(kind: str | None = "run", limit: int = 100) -> tuple[Job, ...]:
    """The jobs of a kind, newest first; of every kind where `kind` is None."""
    return Queue.default().jobs(kind, limit)


def newest_requests(kind: str, id: str | None = None) -> Iterator[tuple[Job, JobRequest]]:
    """The newest LOOKED_AT jobs of a kind with their requests, without those whose files are damaged.

    The job `id`, which an address may name, is among them however old it is, and of whatever kind.
    """
    queue = Queue.default()
    jobs = queue.jobs(kind, LOOKED_AT)
    if id is not None and id not in {one.id for one in jobs}:
        with suppress(NotFoundError):
            jobs += (queue.job(id),)
    for one in jobs:
        with suppress(StorageError):
            yield one, queue.folder(one.id).request().request


def job(id: str) -> Job:
    """A job with its state and its progress. Raises NotFoundError."""
    return Queue.default().job(id)


def recipe(id: str) -> Recipe:
    """The recipe of a run. Raises NotFoundError, and StateError where the job is no run."""
    request = Queue.default().folder(id).request().request
    if not isinstance(request, RunRequest):
        raise StateError(f"the job '{id}' is a {request.kind}, which has no recipe", "Choose a run")
    return request.recipe


def cancel(id: str) -> None:
    """End a job within two seconds; one that has ended stays as it is. Raises NotFoundError."""
    Queue.default().cancel(id)


def rename(id: str, name: str) -> Job:
    """Give a job another name. Raises NotFoundError, and StateError for an empty or overlong name."""
    return Queue.default().rename(id, name)


def delete(id: str) -> None:
    """Remove an ended job, its folder and what was imported of it.

    Raises NotFoundError, and StateError while it waits or runs.
    """
    queue = Queue.default()
    queue.delete(id)
    delete_verifications(queue.home, id)


def report(id: str) -> Report | None:
    """What a run has measured (so far), or None before its first variant. Raises NotFoundError."""
    return Queue.default().folder(id).report()


def summaries(jobs: Sequence[Job]) -> tuple[RunSummary | None, ...]:
    """The summary of each of these runs, in their order; None where the files of a run are damaged."""
    queue = Queue.default()
    return tuple(_summary(queue, job) for job in jobs)


def _summary(queue: Queue, job: Job) -> RunSummary | None:
    folder = queue.home.job(job.id)
    try:
        summary = folder.summary() if job.state not in ACTIVE else None
        request = folder.request().request
    except StorageError:
        return None
    return summary or (summarize_recipe(job.id, job.state, request.recipe) if isinstance(request, RunRequest) else None)


def result(id: str) -> Result | None:
    """The result of an analysis, or None before there is any; advice grows as it goes. Raises NotFoundError."""
    return Queue.default().result(id)


def events(id: str, after: int = 0) -> tuple[Event, ...]:
    """The events of a job from number `after` on, counted from 0. Raises NotFoundError."""
    return Queue.default().folder(id).events(after)


def timeline(id: str) -> tuple[Part, ...]:
    """The parts of a run in order, each with its state, its seconds so far and what it does now.

    Raises NotFoundError, and StateError where the job is no run.
    """
    run_recipe, status, folder = recipe(id), job(id), Queue.default().folder(id)
    run_report = folder.report()
    return timeline_of(
        run_recipe,
        folder.events(),
        status.state,
        run_report.failures if run_report else (),
        until=status.finished or now(),
    )


def log(id: str) -> str:
    """The end of what the runner wrote to stderr. Raises NotFoundError."""
    return Queue.default().folder(id).log_text()


def variant_file(id: str, variant_id: str) -> Path:
    """The ONNX file of a variant. Raises NotFoundError."""
    run_report = report(id)
    variant = run_report.variant(variant_id) if run_report else None
    if variant is None:
        raise NotFoundError(f"the run '{id}' has no variant '{variant_id}'", "See its report")
    return Queue.default().folder(id).file(variant.file)


def result_file(id: str, name: str) -> Path:
    """A file beside an analysis's result, such as an example image. Raises NotFoundError."""
    return Queue.default().folder(id).file(name)


def wait(id: str, timeout: float) -> Job:
    """The job once it has ended. Raises NotFoundError, and LimitError after `timeout` seconds."""
    end, pause = time.monotonic() + timeout, threading.Event()
    while (status := job(id)).state in ACTIVE:
        if time.monotonic() > end:
            raise LimitError(f"the job '{id}' is {status.state} after {timeout:g} s", "Wait longer", code="time")
        pause.wait(WAIT_SECONDS)
    return status


def ensure_supervisor() -> None:
    """Start the home's supervisor, detached, where none runs. Raises StorageError."""
    supervisor_lock.ensure_supervisor(Home.default())


def supervise() -> int:
    """Serve the queue in the foreground until SIGTERM, Ctrl-C or long idleness. Raises StateError for a second one."""
    home = Home.default()
    _ = Queue(home).database  # a URL that is not allowed is refused before the supervisor's lock is taken
    return supervise_home(home)
