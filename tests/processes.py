"""Other processes as a test sees them: each may end, or be ended and not waited for yet, between two looks at it."""

import os
from contextlib import suppress

import psutil


def command_of(process: psutil.Process) -> list[str]:
    """A process's command line; empty where it is gone, dead, or somebody else's."""
    try:
        return process.cmdline()
    except (psutil.Error, OSError):
        return []


def environment_of(process: psutil.Process) -> dict[str, str]:
    """A process's environment; empty where it is gone, dead, or somebody else's."""
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def parent_of(process: psutil.Process) -> int | None:
    """The id of a process's parent; none where it is gone."""
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return None


def processes_of(home: str | os.PathLike[str]) -> list[psutil.Process]:
    """Every living process that was started for a home of Featherweight: server, supervisor, runners."""
    name = os.fspath(home)
    return [each for each in psutil.process_iter() if environment_of(each).get("FEATHERWEIGHT_HOME") == name]


def supervisors_of(home: str | os.PathLike[str]) -> list[psutil.Process]:
    """The living processes that serve a home's queue: one, or none."""
    return [each for each in processes_of(home) if "supervisor" in command_of(each)]


def end_supervisor(home: str | os.PathLike[str], seconds: float | None = None) -> None:
    """Ends what serves a home's queue, which outlives the app, and waits for it; so long, or until it has ended."""
    found = supervisors_of(home)
    for each in found:
        with suppress(psutil.NoSuchProcess):
            each.terminate()
    psutil.wait_procs(found, timeout=seconds)
