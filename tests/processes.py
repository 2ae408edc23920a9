"""Other processes as a test sees them: each may end, or be ended and not waited for yet, between two looks at it."""

import os

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


def processes_of(home: str | os.PathLike[str]) -> list[psutil.Process]:
    """Every living process that was started for a home of Featherweight: server, supervisor, runners."""
    name = os.fspath(home)
    return [each for each in psutil.process_iter() if environment_of(each).get("FEATHERWEIGHT_HOME") == name]


def supervisors_of(home: str | os.PathLike[str]) -> list[psutil.Process]:
    """The living processes that serve a home's queue: one, or none."""
    return [each for each in processes_of(home) if "supervisor" in command_of(each)]
