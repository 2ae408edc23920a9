"""The process group of a job: its environment, its limits and use of resources, and its complete end."""

import os
import resource
import signal
from contextlib import suppress
from pathlib import Path

import psutil

from engine.jobs.policy import needs_network
from engine.jobs.supervisor_lock import ROOT
from engine.settings import ExportRequest
from engine.store.folders import JobFile, JobFolder
from engine.store.home import Home

MARK = "FEATHERWEIGHT_JOB"  # in the environment of every process of a job, also outside its group
FOR_DOWNLOADS = (
    "HF_TOKEN",
    "HF_TOKEN_PATH",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
"""What only a job gets that downloads from the Hub: its token, and proxies, whose addresses may hold a password."""
ALLOWED = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "TORCH_HOME",
    "XDG_CACHE_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    *FOR_DOWNLOADS,
)
ALLOWED_BEGINNINGS = ("HF_", "OMP_", "OPENBLAS_", "MKL_", "FEATHERWEIGHT_")
FOR_EXPORTS = ("AWS_", "MLFLOW_")
"""How the variables begin that only an export gets: addresses and keys of where it writes to."""
MAX_FILE_BYTES = 50_000_000_000
MAX_PROCESSES = 256


def child_environment(home: Home, folder: JobFolder, job: JobFile) -> dict[str, str]:
    """The environment of a runner: the allowed part of this process's, and the variables of the job."""
    exports = isinstance(job.request, ExportRequest)
    return confined_environment(home, folder.work, job.id, downloads=needs_network(job.request), exports=exports)


def confined_environment(
    home: Home, work: Path, mark: str, *, downloads: bool, exports: bool = False
) -> dict[str, str]:
    """The environment of a child that confines itself, whose temporary files go to `work`.

    The URL of the database, which may have a password, is left out: a child needs its folder only. So is what serves
    downloads, where it has none, and what only exports get.
    """
    beginnings = (*ALLOWED_BEGINNINGS, *(FOR_EXPORTS if exports else ()))
    environment = {key: value for key, value in os.environ.items() if key in ALLOWED or key.startswith(beginnings)}
    environment.pop("FEATHERWEIGHT_DATABASE_URL", None)
    if not downloads:
        for name in FOR_DOWNLOADS:
            environment.pop(name, None)
    return environment | {
        "FEATHERWEIGHT_HOME": str(home.path),
        "FEATHERWEIGHT_PARENT": str(os.getpid()),
        MARK: mark,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(work),
        "ORT_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


def limit_resources(pid: int, data_bytes: int) -> None:
    """Forbid core dumps, and limit the size of files and the memory that can be asked for; a lower limit stays.

    `data_bytes` bounds private memory, used or not (RLIMIT_DATA). Address space is not bounded: drivers of graphics
    cards reserve more of it than there is memory.

    Does nothing on systems without prlimit.
    """
    if hasattr(resource, "prlimit"):
        with suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
            for kind, n_bytes in ((resource.RLIMIT_FSIZE, MAX_FILE_BYTES), (resource.RLIMIT_DATA, data_bytes)):
                current_limits = resource.prlimit(pid, kind)
                lowest = min([n_bytes, *(limit for limit in current_limits if limit != resource.RLIM_INFINITY)])
                resource.prlimit(pid, kind, (lowest, lowest))


def resource_use(pid: int) -> tuple[int, int]:
    """Bytes of memory that `pid` and all its descendants hold, and their number. Mapped files do not count."""
    n_bytes = n_processes = 0
    with suppress(psutil.NoSuchProcess):
        leader = psutil.Process(pid)
        for process in (leader, *leader.children(recursive=True)):
            with suppress(psutil.Error):
                n_bytes += _held_bytes(process)
                n_processes += 1
    return n_bytes, n_processes


def _held_bytes(process: psutil.Process) -> int:
    """Bytes of resident memory without mapped files, whose pages the kernel takes back when it needs them.

    Where the system does not tell them apart (only Linux does), all of the resident memory.
    """
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return int(process.memory_info().rss)
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:"))]
    return 1024 * sum(kilobytes) if kilobytes else int(process.memory_info().rss)


def signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # gone, or (macOS) all dead but not yet waited for
        os.killpg(pid, number)


def sweep(job_id: str) -> None:
    """Kill every process that carries the job's mark, also those that left the group or lost their parent."""
    for _ in range(3):  # a process that is forked meanwhile is found in the next round
        processes = [process for process in psutil.process_iter() if _carries_mark(process, job_id)]
        for process in processes:
            with suppress(psutil.Error):
                process.kill()
        if not processes:
            return
        psutil.wait_procs(processes, timeout=0.2)  # not longer: where nobody reaps orphans, they never go


def _carries_mark(process: psutil.Process, job_id: str) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get(MARK) == job_id
    except (psutil.Error, OSError):  # another user's, or just gone
        return False


def signal_name(number: int) -> str:
    """The name of a signal with its meaning: SIGSEGV (Segmentation fault)."""
    try:
        known_signal = signal.Signals(number)
    except ValueError:
        return f"signal {number}"
    meaning = signal.strsignal(known_signal)
    return f"{known_signal.name} ({meaning})" if meaning else known_signal.name
