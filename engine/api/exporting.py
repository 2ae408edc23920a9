"""The verbs that take variants of a run to where people keep models."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from engine.api.jobs import analyse
from engine.api.reporting import run_name
from engine.errors import RequestError, StorageError
from engine.jobs import foreground
from engine.jobs.queue import Queue
from engine.planning.exporting import allowed_destinations, check_export, export_request
from engine.planning.variant_files import run_folder
from engine.results import Event, Job
from engine.results.exported import ExportedFiles
from engine.settings import Destination, ExportRequest
from engine.store.home import Home


def export_variants(
    run: str | Path,
    destination: Destination,
    variants: Sequence[str] = (),
    *,
    overwrite: bool = False,
    on_event: Callable[[Event], None] = lambda event: None,
) -> ExportedFiles:
    """Write variants of a run, by its id or its folder, to a destination: all of them or none.

    Where objects of a bucket were being replaced when it failed, some of them are new.

    Without `variants` it is the recommended one. Raises RequestError where there is no such run or variant, where the
    destination refuses or cannot be reached, or has something of this run and `overwrite` is false.
    """
    home = Home.default()
    request = _request(run, home, destination, variants, overwrite)
    return cast(ExportedFiles, foreground.run_analysis(home, request, on_event=on_event))


def start_export(id: str, destination: Destination, variants: Sequence[str], *, overwrite: bool = False) -> Job:
    """Queue such an export to one of `export_destinations`. Raises RequestError, also for any other destination."""
    if destination not in allowed_destinations():
        raise RequestError(
            f"'{destination.title}' is not among the destinations that this server may write to",
            "Add it to FEATHERWEIGHT_EXPORT_TO where the server is started, or use the command line",
        )
    return analyse(_request(id, Home.default(), destination, variants, overwrite))


def export_destinations() -> tuple[Destination, ...]:
    """The destinations that whoever runs this server allows its pages to write to (FEATHERWEIGHT_EXPORT_TO).

    Raises SettingsError that names the one that is wrong.
    """
    return allowed_destinations()


def exports_of(id: str) -> tuple[Job, ...]:
    """The jobs that exported variants of a run of this home, newest first. Raises NotFoundError."""
    queue = Queue.default()
    folder = str(queue.folder(id).path.absolute())
    jobs = queue.jobs("export", limit=100)
    return tuple(job for job in jobs if _folder(queue, job) == folder)


def _folder(queue: Queue, job: Job) -> str:
    """The folder of the run that was exported; empty where the request is damaged."""
    with suppress(StorageError):
        request = queue.folder(job.id).request().request
        return request.folder if isinstance(request, ExportRequest) else ""
    return ""


def _request(
    run: str | Path, home: Home, destination: Destination, variants: Sequence[str], overwrite: bool
) -> ExportRequest:
    request = export_request(
        run_folder(run, home).path, run_name(Queue(home), run), destination, variants, overwrite=overwrite
    )
    check_export(request)
    return request
