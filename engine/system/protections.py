"""What jobs are kept from on this machine, by what, and what follows where a protection is missing."""

import functools
import sys

from engine.results import Protection
from engine.system import seccomp
from engine.system.sandbox import MIN_ABI, landlock_abi

TRUNCATE_ABI, TCP_ABI = 3, 4
"""The versions of Landlock (Linux 6.2 and 6.7) that see files being emptied, and connections by TCP."""
WAY_OUT = "Where strangers may bring models, run the app as a user, or in a container, that has nothing else"


@functools.cache
def protections() -> tuple[Protection, ...]:
    """What every job is kept from on this machine, also where that is missing. A missing one says what that means."""
    abi, has_filter = landlock_abi(), seccomp.is_available()
    return (
        _files(abi),
        _network(abi, has_filter=has_filter),
        _processes(has_filter=has_filter),
        _memory(),
        _sizes(),
        Protection(
            name="environment",
            in_force=True,
            means="a process and a folder of its own",
            meaning="jobs see no variables but those they need, the Hub's token only where they download from it, and "
            "end when their time is up",
        ),
    )


def _files(abi: int) -> Protection:
    if abi < MIN_ABI:
        return Protection(
            name="files",
            in_force=False,
            means="no Landlock, which Linux has from 5.19 on where it is switched on",
            meaning="a model that was made to attack you could read and change every file of the user who runs the app",
        )
    exception = "" if abi >= TRUNCATE_ABI else ", but for emptying files, which needs Linux 6.2 or newer"
    exception += "; they can change the times of other files, and where they download also the modes"
    return Protection(
        name="files",
        in_force=True,
        means=f"Landlock, version {abi}",
        meaning="jobs read their inputs and the installed packages, write their own folder and the cache, and reach no "
        f"other file{exception}",
    )


def _network(abi: int, *, has_filter: bool) -> Protection:
    if not has_filter and abi < TCP_ABI:
        return Protection(
            name="network",
            in_force=False,
            means="neither seccomp nor a Landlock that knows of TCP",
            meaning="a model that was made to attack you could send what it can read to anybody",
        )
    return Protection(
        name="network",
        in_force=True,
        means="seccomp" if has_filter else f"Landlock, version {abi}",
        meaning="jobs have no network, but for those that load pretrained weights or a model of the Hub"
        f"{'' if has_filter else '; they can send datagrams, which are not TCP'}",
    )


def _processes(*, has_filter: bool) -> Protection:
    if not has_filter:
        return Protection(
            name="processes",
            in_force=False,
            means="no seccomp",
            meaning="jobs can start other programs; one that starts too many is ended within about a second",
        )
    return Protection(
        name="processes",
        in_force=True,
        means="seccomp",
        meaning="jobs start no program and no other process, and send signals to none; only the look at this machine's "
        "providers, which reads nothing that was given, tries each in a process of its own",
    )


def _memory() -> Protection:
    watched = "a job that holds too much memory is ended within about a second"
    return Protection(
        name="memory",
        in_force=True,
        means="the supervisor, and the system's limit" if _has_limits() else "the supervisor",
        meaning=f"{watched}, and cannot ask for much more than the machine has" if _has_limits() else watched,
    )


def _sizes() -> Protection:
    if not _has_limits():
        return Protection(
            name="file sizes",
            in_force=False,
            means="no such limit on this system",
            meaning="a job can write until the disk is full",
        )
    return Protection(
        name="file sizes",
        in_force=True,
        means="the system's limits",
        meaning="a job writes no file above 50 GB, and leaves no core dump when it crashes",
    )


def _has_limits() -> bool:
    """Whether the executor can set limits of a process that it has started (engine/jobs/processes.py)."""
    return sys.platform == "linux"
