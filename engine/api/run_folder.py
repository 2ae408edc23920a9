"""Where a run lies that is named by its id or by its folder."""

from pathlib import Path

from engine.errors import NotFoundError, RequestError
from engine.jobs.queue import Queue


def run_folder(queue: Queue, run: str | Path) -> Path:
    """The folder of a run of this home by its id, or else the folder of this path.

    Raises RequestError where it is neither.
    """
    path = Path(run).expanduser()
    if path.is_dir():
        return path.absolute()
    try:
        return queue.folder(str(run)).path.absolute()
    except NotFoundError as error:
        raise RequestError(f"'{run}' is neither a run here nor a folder", "See the list of runs") from error
