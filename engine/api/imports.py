"""Uploaded models: looked into in a process of their own, then kept as one file, or refused without a trace."""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from engine.errors import Cancelled, RequestError, StateError
from engine.jobs.queue import ACTIVE, Queue
from engine.results import ImportedFile, Job, Upload
from engine.settings import ImportRequest
from engine.store.uploads import Stream, forget_unfinished, keep_file, staged_files

ABANDONED_SECONDS = 3600.0
"""After its end, an import whose page has not asked for it is forgotten."""
UNFINISHED_SECONDS = 86_400.0
MAX_NAME = 120


def start_import(kind: Literal["onnx", "weights"], files: Iterable[tuple[str, Stream]]) -> Job:
    """Queue a look into an uploaded model, given as (name, stream) pairs. Raises DataError and StorageError."""
    queue = Queue.default()
    _forget_abandoned(queue)
    with staged_files(queue.home, files) as folder:
        names = tuple(sorted(path.name for path in folder.iterdir()))
        name = f"upload of {names[0]}"[:MAX_NAME]
        return queue.submit(ImportRequest(upload=kind, files=names), name=name, upload=folder)


def finish_import(id: str) -> Upload:
    """The upload that an ended import has accepted, which is kept from now on; the job and its files are removed.

    Raises the RequestError that it was refused with, Cancelled where it was stopped, NotFoundError, and StateError
    while it waits or runs.
    """
    queue = Queue.default()
    job, folder = queue.job(id), queue.folder(id)
    if job.kind != "import":
        raise StateError(f"the job '{id}' is a {job.kind} and not an upload", "Choose an upload")
    if job.state in ACTIVE:
        raise StateError(f"the upload '{job.name}' is {job.state}", "Wait for its end, or cancel it")
    try:
        request = folder.request().request
        result = folder.result(ImportedFile) if job.state == "done" else None
        if result is None or not isinstance(request, ImportRequest):
            raise _reason(job)
        return keep_file(queue.home, folder.file(result.file), request.upload, result.notes)
    finally:
        queue.delete(id)


def _reason(job: Job) -> RequestError | Cancelled:
    if job.state == "cancelled" or job.error is None:
        return Cancelled("the upload was stopped", "Upload it again when you like")
    return RequestError(job.error.text, job.error_next, code=job.error.code)


def _forget_abandoned(queue: Queue) -> None:
    """Remove what imports and uploads have left whose page or process is gone."""
    now = time.time()
    for job in queue.jobs("import"):
        if job.finished is not None and now - datetime.fromisoformat(job.finished).timestamp() > ABANDONED_SECONDS:
            queue.delete(job.id)
    forget_unfinished(queue.home, now - UNFINISHED_SECONDS)
