"""The app as a person starts it: a Streamlit server on a free port, with its own home, supervisor and runners."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import psutil

from engine.jobs.processes import MARK
from engine.jobs.queue import Queue
from engine.results import Job
from engine.store.home import Home
from tests.processes import end_supervisor, environment_of, processes_of

ROOT = Path(__file__).parents[2]
LONG = 300.0  # seconds that a run may take on a busy machine before a test gives it up
T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float = 30.0) -> T:
    """Waits for other processes; what it waited for. Raises TimeoutError."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{condition} never came true")
        pause.wait(0.05)
    return found


class App:
    """One server and one home; whatever was started for this home can be found and ended."""

    def __init__(self, folder: Path, *options: str, script: str = "app.py") -> None:
        self._script = script
        self.home = Home(folder / "home")
        self.port = _free_port()
        self._options = options
        self._log = folder / "server.log"
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def queue(self) -> Queue:
        return Queue(self.home)

    @property
    def server_pid(self) -> int:
        """The process id of the server. Raises RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("the server was not started")
        return self._server.pid

    def address(self, page: str = "", **query: str) -> str:
        """The address of a page: address("runs", run="…")."""
        return f"http://localhost:{self.port}/{page}" + (f"?{urlencode(query)}" if query else "")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        environment = {key: value for key, value in os.environ.items() if key != "FEATHERWEIGHT_DATABASE_URL"}
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "streamlit",
                    "run",
                    self._script,
                    "--server.port",
                    str(self.port),
                    *self._options,
                ],
                env=environment | {"FEATHERWEIGHT_HOME": str(self.home.path), "HF_HUB_OFFLINE": "1"},
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self._answers)

    def kill(self) -> None:
        """kill -9 of the server alone."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def stop(self) -> None:
        """End the server, the supervisor and every runner."""
        self.kill()
        end_supervisor(self.home.path, 10)
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        until(lambda: not self.processes())

    def processes(self) -> list[psutil.Process]:
        """Every living process of this home: server, supervisor, runners."""
        return processes_of(self.home.path)

    def runners(self, id: str = "") -> list[psutil.Process]:
        """The processes of one job, or of all jobs."""
        marks = ((process, environment_of(process).get(MARK)) for process in self.processes())
        return [process for process, mark in marks if mark and mark.startswith(id)]

    def runs(self) -> tuple[Job, ...]:
        """Newest first."""
        return self.queue.jobs()

    def reaches(self, id: str, *states: str, seconds: float = LONG) -> Job:
        """The job once the store has it in one of these states."""
        return until(lambda: job if (job := self.queue.job(id)).state in states else None, seconds)

    def receives(self) -> bool:
        """Whether the server holds a file that is being uploaded: a temporary one that has no name."""
        links = Path(f"/proc/{self._server.pid}/fd").iterdir() if self._server else ()
        return any(_target(link).endswith("(deleted)") for link in links)

    def log(self) -> str:
        """What the server wrote."""
        return self._log.read_text(errors="replace")

    def _answers(self) -> bool:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            return urllib.request.urlopen(self.address("_stcore/health"), timeout=2).status == 200
        if self._server is not None and self._server.poll() is not None:
            raise RuntimeError(f"the server ended with {self._server.returncode}: {self.log()}")
        return False


def kill(process: psutil.Process) -> None:
    """kill -9, and its end."""
    process.send_signal(signal.SIGKILL)
    psutil.wait_procs([process], timeout=10)


def _target(link: Path) -> str:
    """What a link of /proc leads to; nothing where it is gone."""
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
