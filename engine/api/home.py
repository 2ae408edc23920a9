"""The contents of the home folder: uploads, and the space that jobs and the cache occupy."""

from collections.abc import Iterable
from datetime import datetime

from engine.errors import NotFoundError, StateError
from engine.jobs.queue import Queue
from engine.results import Upload, Usage
from engine.store import uploads as upload_store
from engine.store.cache import Cache
from engine.store.home import Home, free_bytes
from engine.store.job_files import folder_bytes
from engine.store.uploads import Stream, UploadKind


def save_upload(name: str, kind: UploadKind, stream: Stream) -> Upload:
    """Store a file, streamed to disk and hashed. Raises DataError and StorageError."""
    return upload_store.save_upload(Home.default(), name, kind, stream)


def save_folder(files: Iterable[tuple[str, Stream]]) -> Upload:
    """Store a folder of images, given as (relative name, stream) pairs. Raises DataError and StorageError."""
    return upload_store.save_folder(Home.default(), files)


def uploads(kind: UploadKind | None = None) -> tuple[Upload, ...]:
    """The uploads of this home, newest first."""
    return upload_store.uploads(Home.default(), kind)


def find_upload(sha256: str) -> Upload | None:
    """The upload with this SHA-256 sum, or None where this home has none."""
    try:
        return upload_store.find_upload(Home.default(), sha256)
    except NotFoundError:
        return None


def delete_upload(sha256: str) -> None:
    """Remove an upload. Raises NotFoundError, and StateError while a job that needs it waits or runs."""
    queue = Queue.default()
    for id in queue.active_ids():
        if sha256 in queue.home.job(id).request().model_dump_json():
            raise StateError(f"the job '{id}' needs this upload", "Wait for its end, or cancel it")
    upload_store.delete_upload(queue.home, sha256)


def usage() -> Usage:
    """What the home folder occupies, and what the disk has left."""
    home = Home.default()
    return Usage(
        home=str(home.path),
        jobs_bytes=Queue.default().jobs_bytes(),
        cache_bytes=folder_bytes(home.cache),
        uploads_bytes=folder_bytes(home.uploads),
        database_bytes=sum(file.stat().st_size for file in home.path.glob("featherweight.db*")),
        free_bytes=free_bytes(home.path),
    )


def free_cache() -> int:
    """Empty the cache, but for what jobs of the queue and of the command line may use; returns the bytes freed."""
    queue = Queue.default()
    starts = [datetime.fromisoformat(queue.job(id).created).timestamp() for id in queue.active_ids()]
    return Cache(queue.home.cache).trim(0, unused_since=min(starts, default=None))
