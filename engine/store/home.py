"""The home folder: the paths of everything that is stored, and disk space."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from engine.errors import LimitError, StorageError
from engine.store.folders import JobFolder
from engine.store.measure_lock import holder_file

FREE_FLOOR_BYTES = 200_000_000  # below this nothing new is begun: databases and reports must still fit


@dataclass(frozen=True)
class Home:
    """Paths below one home folder. Nothing is created before `prepare`."""

    path: Path

    @classmethod
    def default(cls) -> "Home":
        """The home that FEATHERWEIGHT_HOME names, or ~/.featherweight."""
        return cls(Path(os.environ.get("FEATHERWEIGHT_HOME") or "~/.featherweight").expanduser().absolute())

    @property
    def database_url(self) -> str:
        """FEATHERWEIGHT_DATABASE_URL, or an SQLite file in the home."""
        return os.environ.get("FEATHERWEIGHT_DATABASE_URL") or f"sqlite:///{self.path / 'featherweight.db'}"

    @property
    def jobs(self) -> Path:
        return self.path / "jobs"

    @property
    def requests(self) -> Path:
        """What was asked of each job, a file a job: outside its folder, so that its process cannot change it."""
        return self.path / "requests"

    @property
    def uploads(self) -> Path:
        return self.path / "uploads"

    @property
    def cache(self) -> Path:
        return self.path / "cache"

    @property
    def verifications(self) -> Path:
        """What bundles found on other machines, a folder a run: beside the jobs, whose processes write only theirs."""
        return self.path / "verifications"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the one supervisor of this home for as long as it lives."""
        return self.path / "supervisor.lock"

    @property
    def supervisor_log(self) -> Path:
        return self.path / "supervisor.log"

    @property
    def heartbeat(self) -> Path:
        """Touched whenever an app looks after the supervisor; without that, an idle supervisor ends."""
        return self.path / "supervisor.seen"

    @property
    def measure_lock(self) -> Path:
        """Held by the one process of this home that measures latency or carries out a short analysis.

        A run holds it while it measures only, and so may compute while another one measures.
        """
        return self.path / "measure.lock"

    @property
    def turn_files(self) -> tuple[Path, ...]:
        """What a job needs to wait for its turn and to take it."""
        return (self.measure_lock, holder_file(self.measure_lock))

    @property
    def shared_files(self) -> tuple[Path, ...]:
        """Files beside the folders that most jobs may write to: their policy lets them create none here."""
        return (*self.turn_files, lock_file(self.cache), self.timings, self.placements)

    @property
    def timings(self) -> Path:
        """How long the phases of earlier runs took, a line a run."""
        return self.path / "timings.jsonl"

    @property
    def placements(self) -> Path:
        """The kinds of blocks that earlier races placed in float, a line a race."""
        return self.path / "placements.jsonl"

    def job(self, id: str) -> JobFolder:
        return JobFolder(self.jobs / id, self.requests / f"{id}.json")

    def prepare(self) -> None:
        """Create the folders, and empty files where jobs write. Raises StorageError where that is impossible."""
        try:
            for folder in (self.jobs, self.uploads, self.cache):
                folder.mkdir(parents=True, exist_ok=True)
            if not self.requests.exists():
                self._make_requests()
            for file in self.shared_files:
                if not file.exists():
                    file.touch()
        except OSError as error:
            raise StorageError(
                f"the home folder '{self.path}' cannot be used: {error.strerror or error}",
                "Make it writable, or set FEATHERWEIGHT_HOME to another folder",
            ) from error

    def _make_requests(self) -> None:
        """Create the folder of requests, whole at once, with those of jobs that kept theirs in their own folder.

        Once only: what a job writes into its folder later is never taken for a request. Raises OSError.
        """
        with tempfile.TemporaryDirectory(dir=self.path, prefix=".requests-") as name:
            staging = Path(name) / self.requests.name
            staging.mkdir()
            for folder in self.jobs.iterdir():
                if (file := folder / "job.json").is_file():
                    shutil.copyfile(file, staging / f"{folder.name}.json")
            try:
                staging.rename(self.requests)
            except OSError:
                if not self.requests.is_dir():  # else another process was faster
                    raise

    def require_free(self, n_bytes: int = 0) -> None:
        """Raises StorageError where the disk would have less than the floor left after `n_bytes` more."""
        require_free(self.path, n_bytes)


def lock_file(cache: Path) -> Path:
    """The lock of a cache, which lies beside its folder."""
    return cache.with_name(f"{cache.name}.lock")


def require_free(path: Path, n_bytes: int = 0) -> None:
    """Raises StorageError where the disk of `path` would have less than the floor left after `n_bytes` more."""
    free = free_bytes(path)
    if free - n_bytes < FREE_FLOOR_BYTES:
        raise StorageError(
            f"the disk of '{path}' has {free / 1e6:.0f} MB left, "
            f"{(FREE_FLOOR_BYTES + n_bytes) / 1e6:.0f} MB are needed",
            "Free the cache, or delete old runs and uploads",
            code="disk_full",
        )


def require_room(folder: Path, n_bytes: int, what: str) -> None:
    """Raises LimitError where the disk of a running job has less than `n_bytes` left for `what`.

    Checked before onnxruntime writes files, which it truncates silently on a full disk.
    """
    free = free_bytes(folder)
    if free < n_bytes:
        raise LimitError(
            f"the disk has {free / 1e6:.0f} MB left, {what} takes {n_bytes / 1e6:.0f} MB",
            "Free the cache, or delete old runs and uploads, and run it again",
            code="disk_full",
        )


def free_bytes(path: Path) -> int:
    """Bytes left on the disk that holds `path`, or will hold it."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    return shutil.disk_usage(existing).free
