"""A cache of results, keyed by a hash of their inputs; the least recently used are removed first.

Every entry has a record of its files' SHA-256 sums, against which it is checked whenever it is taken from the cache.
"""

import json
import math
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from engine.store.home import free_bytes, lock_file
from engine.store.job_files import folder_bytes, remove
from engine.store.uploads import file_sum

MAX_BYTES = 10_000_000_000
ABANDONED_SECONDS = 86_400.0
CLOCK_SECONDS = 1.0
"""The times of files may lag so far behind the clock."""
_IN_USE = ".in-use-"
_SUMS = ".sha256.json"


class Cache:
    """Entries are folders, published whole by a rename and never changed afterwards."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def free_bytes(self) -> int:
        """Bytes left on its disk."""
        return free_bytes(self._root)

    def get(self, key: str) -> Path | None:
        """The entry's folder (and it counts as used now), or None; one that is not as it was written is removed."""
        entry = self._entry(key)
        if not entry.is_dir():
            return None
        with self._lock:  # so that `trim` does not remove it between looking at its last use and this one
            try:
                os.utime(entry)
            except FileNotFoundError:
                return None
        if _is_whole(entry):
            return entry
        self.remove(key)
        return None

    def remove(self, key: str) -> None:
        """Remove the entry, if it is there: nobody may be using it."""
        with self._lock, suppress(FileNotFoundError):  # another process may have removed it as well
            shutil.rmtree(_hide(self._entry(key)), ignore_errors=True)

    def put(self, key: str, fill: Callable[[Path], object]) -> Path:
        """The entry's folder, filled by `fill(empty folder)` where it is not there yet.

        Where two processes fill the same key, the first to finish wins. What `fill` raises leaves no entry behind.
        """
        if (entry := self.get(key)) is not None:
            return entry
        self._root.mkdir(parents=True, exist_ok=True)
        filling = Path(tempfile.mkdtemp(dir=self._root, prefix=".filling-"))
        try:
            fill(filling)
            (filling / _SUMS).write_text(json.dumps(_sums(filling)), encoding="utf-8")
            return self._publish(filling, key)
        finally:
            shutil.rmtree(filling, ignore_errors=True)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Within it no process removes by `trim` what is used from now on.

        Ends with this process at the latest, since the system frees the locks of the dead.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        path = self._root / f"{_IN_USE}{time.time()}-{uuid.uuid4().hex}"
        marker = FileLock(path)
        with self._lock:
            marker.acquire()
        try:
            yield
        finally:
            marker.release()
            path.unlink(missing_ok=True)

    def unfinished(self, key: str) -> Path:
        """The folder for checkpoints from which an interrupted computation of this key can go on.

        The caller creates it. It is removed by `forget_unfinished`, or by `trim` after a day without a write.
        """
        return self._root / f".unfinished-{key}"

    def forget_unfinished(self, key: str) -> None:
        shutil.rmtree(self.unfinished(key), ignore_errors=True)

    def _publish(self, filling: Path, key: str) -> Path:
        entry = self._entry(key)
        try:
            filling.rename(entry)
        except OSError:
            if not entry.is_dir():
                raise
        return entry

    def trim(self, max_bytes: int = MAX_BYTES, *, unused_since: float | None = None) -> int:
        """Remove the least recently used entries until `max_bytes` are left; returns the bytes freed.

        Entries that were used at or after `unused_since` (seconds since the epoch; now if left out) stay, and what was
        used since the first of the users that are still `in_use` began.
        """
        if not self._root.is_dir():
            return 0
        lock = self._root / ".trim.lock"
        if lock.is_dir():  # jobs that were taken over may write here
            remove(lock)
        with FileLock(lock):
            self._remove_abandoned()
            since = time.time() if unused_since is None else unused_since
            return self._evict(max_bytes, min(since, self._in_use_since()))

    def _evict(self, max_bytes: int, unused_since: float) -> int:
        sizes = {entry: folder_bytes(entry) for entry in self._by_use()}
        total, freed = sum(sizes.values()), 0
        for entry, size in sizes.items():
            if total - freed <= max_bytes:
                break
            with self._lock:
                trash = _hide(entry) if entry.stat().st_mtime < unused_since else None
            if trash is not None:
                shutil.rmtree(trash, ignore_errors=True)
                freed += size
        return freed

    def _in_use_since(self) -> float:
        """When the first of the users that still run began, in seconds since the epoch; infinite where none does."""
        began = [math.inf]
        with self._lock:
            for path in self._root.glob(f"{_IN_USE}*"):
                since = _began(path)
                if since is None:
                    remove(path)
                    continue
                try:
                    with FileLock(path, blocking=False):
                        path.unlink(missing_ok=True)  # its process is dead
                except Timeout:
                    began.append(since - CLOCK_SECONDS)
        return min(began)

    @property
    def _lock(self) -> FileLock:
        """Held for moments, while an entry is marked as used or taken away."""
        return FileLock(lock_file(self._root))

    def _by_use(self) -> list[Path]:
        entries = [(entry.stat().st_mtime, entry) for entry in self._root.iterdir() if not entry.name.startswith(".")]
        return [entry for _, entry in sorted(entries)]

    def _remove_abandoned(self) -> None:
        """Remove the unfinished folders that nobody has written to for a day: their processes were killed."""
        for folder in self._root.glob(".*-*"):
            with suppress(FileNotFoundError):  # it was published meanwhile
                if folder.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)

    def _entry(self, key: str) -> Path:
        if not key.isalnum():
            raise ValueError(f"a cache key has letters and digits only, not '{key}'")
        return self._root / key


def _began(marker: Path) -> float | None:
    """When the user of a marker began, in seconds since the epoch; None for what is no marker."""
    try:
        since = float(marker.name.removeprefix(_IN_USE).split("-")[0])
    except ValueError:
        return None
    return since if marker.is_file() and not marker.is_symlink() else None


def _sums(entry: Path) -> dict[str, str]:
    """SHA-256 of each file of an entry but the record itself, by its path in the entry."""
    files = (file for file in entry.rglob("*") if file.is_file())
    return {file.relative_to(entry).as_posix(): file_sum(file) for file in files if file != entry / _SUMS}


def _is_whole(entry: Path) -> bool:
    """Whether the files of an entry are those that were written, byte for byte; False for one without a record."""
    try:
        record = json.loads((entry / _SUMS).read_bytes())
        return bool(record == _sums(entry))
    except (OSError, ValueError):
        return False


def _hide(entry: Path) -> Path:
    """Renames an entry that is to be removed, so that no reader finds half of it; returns its new path."""
    return entry.rename(entry.with_name(f".removing-{entry.name}-{os.getpid()}"))
