"""One supervisor a home: its lock, and its detached start."""

import os
import subprocess
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from engine.errors import StorageError
from engine.store.home import Home

ROOT = Path(__file__).parents[2]  # the folder that holds the package, which need not be installed


def supervisor_runs(home: Home) -> bool:
    """Whether a supervisor of the home runs, by its lock, which the system releases however it ends."""
    if not home.supervisor_lock.exists():
        return False
    try:
        with FileLock(home.supervisor_lock, timeout=0):
            return False
    except Timeout:
        return True


def ensure_supervisor(home: Home) -> None:
    """Start a supervisor where none runs, in a session of its own so that it outlives this process.

    Raises StorageError where the home cannot be written.
    """
    home.prepare()
    try:
        home.heartbeat.touch()
        if supervisor_runs(home):
            return
        with home.supervisor_log.open("ab") as log:
            subprocess.Popen(
                [sys.executable, "-P", "-m", "engine", "supervisor"],
                env=os.environ | {"FEATHERWEIGHT_HOME": str(home.path), "PYTHONPATH": str(ROOT)},
                cwd=home.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    except OSError as error:
        next = "Make the home folder writable, or set FEATHERWEIGHT_HOME to another"
        raise StorageError(f"the supervisor cannot be started: {error.strerror or error}", next) from error
