"""Stand-ins for the runner, and waiting for other processes."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from engine.jobs.executor import Execution
from engine.store.folders import Outcome, now

DONE = Outcome(state="done", exit_status=0, started=now(), finished=now()).model_dump_json()
BEGINNING = f"""
import json, os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
def done(): (folder / "outcome.json").write_text({DONE!r})
def ran():
    with open(folder.parent.parent / "ran", "a") as file: file.write(folder.name + "\\n")
def ready(): (folder / "ready").write_text(str(os.getpid()))
"""
GRANDCHILD = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(600)
"""
STUBBORN = f"""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", {GRANDCHILD!r}, str(folder / "child")], start_new_session=True)
while not (folder / "child").exists() or not (folder / "child").read_text(): time.sleep(0.01)
ran(); ready(); time.sleep(600)
"""


def stand_in(code: str) -> list[str]:
    """A runner's command that does `code` instead of a job; it knows folder, done(), ran() and ready()."""
    return [sys.executable, "-c", BEGINNING + code]


def until(condition: Callable[[], object], seconds: float = 30.0) -> object:
    """Waits for another process; what it waited for."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{condition} never came true")
        pause.wait(0.01)
    return found


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pid_in(path: Path) -> int:
    """A process's id, once it has written it."""
    return int(until(lambda: path.exists() and path.read_text()))


def ended(execution: Execution) -> Outcome:
    return until(lambda: execution.wait(0.1))
