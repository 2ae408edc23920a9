"""Verifications of bundles that were imported: a file each, in a folder of their run, beside the jobs."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from engine.errors import LimitError, StorageError
from engine.results.verification import KnownVerification
from engine.store.folders import write_atomically
from engine.store.home import Home
from engine.store.job_files import read_whole, remove

MOST_OF_A_RUN = 200
MAX_BYTES = 300_000


def save_verification(home: Home, known: KnownVerification) -> None:
    """Keep it; the same file once. Raises LimitError where its run has MOST_OF_A_RUN, StorageError for a full disk."""
    home.require_free()
    folder = home.verifications / known.verification.bundle.run
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{known.id}.json"
    if not path.exists() and len(list(folder.glob("*.json"))) >= MOST_OF_A_RUN:
        raise LimitError(f"the run has {MOST_OF_A_RUN} verifications already", "Delete some of them")
    write_atomically(path, known.model_dump_json(indent=1))


def verifications_of(home: Home, run_ids: Iterable[str]) -> tuple[KnownVerification, ...]:
    """Those of these runs, the newest of each first; damaged ones are left out."""
    found = []
    for id in run_ids:
        of_run = [known for path in (home.verifications / id).glob("*.json") if (known := _read(path)) is not None]
        found += sorted(of_run, key=lambda known: known.verification.created, reverse=True)
    return tuple(found)


def delete_verification(home: Home, run_id: str, id: str) -> None:
    """Forget one; nothing where there is none."""
    if id.isalnum():
        (home.verifications / run_id / f"{id}.json").unlink(missing_ok=True)


def delete_verifications(home: Home, run_id: str) -> None:
    """Forget those of a run that is deleted."""
    remove(home.verifications / run_id)


def content_id(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _read(path: Path) -> KnownVerification | None:
    with suppress(OSError, StorageError, ValidationError):
        content = read_whole(path, MAX_BYTES)
        return KnownVerification.model_validate_json(content) if content is not None else None
    return None
