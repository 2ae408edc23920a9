"""The check of this installation."""

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from engine.errors import FeatherweightError
from engine.jobs.executor import RUNNER
from engine.jobs.foreground import run_analysis
from engine.jobs.queue import Queue
from engine.jobs.supervisor_lock import supervisor_runs
from engine.results import CheckItem, Hardware, Protection
from engine.settings import HardwareRequest
from engine.store.home import FREE_FLOOR_BYTES, Home, free_bytes
from engine.system.machine import cores, memory_bytes
from engine.system.protections import WAY_OUT, protections

PACKAGES = ("torch", "timm", "onnx", "onnxruntime", "openvino", "streamlit", "plotly")
MIN_MEMORY_BYTES = 2_000_000_000


def check_home(home: Home, command: Sequence[str] = RUNNER) -> tuple[CheckItem, ...]:
    """The results of all checks, from packages to runtimes; takes a few seconds."""
    return (
        CheckItem(name="python", ok=True, found=platform.python_version(), next=""),
        *(_package(name) for name in PACKAGES),
        _home(home),
        _database(home),
        _disk(home),
        _memory(),
        CheckItem(name="cores", ok=True, found=str(cores()), next=""),
        CheckItem(
            name="supervisor",
            ok=True,
            next="",
            found="runs" if supervisor_runs(home) else "does not run; the app starts it",
        ),
        _runtimes(home, command),
        *map(_protection, protections()),
    )


def _package(name: str) -> CheckItem:
    try:
        return CheckItem(name=name, ok=True, found=version(name), next="")
    except PackageNotFoundError:
        return CheckItem(name=name, ok=False, found="not installed", next="pip install -r requirements.txt")


def _home(home: Home) -> CheckItem:
    try:
        home.prepare()
    except FeatherweightError as error:
        return _failed_item("home", error)
    return CheckItem(name="home", ok=True, found=str(home.path), next="")


def _database(home: Home) -> CheckItem:
    try:
        with Queue(home).database.write():
            return CheckItem(name="database", ok=True, found="can be read and written", next="")
    except FeatherweightError as error:
        return _failed_item("database", error)


def _disk(home: Home) -> CheckItem:
    free = free_bytes(home.path)
    enough = free > 5 * FREE_FLOOR_BYTES
    next = "" if enough else "Free some disk space: models and their variants need it"
    return CheckItem(name="free disk", ok=enough, found=f"{free / 1e6:,.0f} MB", next=next)


def _memory() -> CheckItem:
    enough = memory_bytes() >= MIN_MEMORY_BYTES
    next = "" if enough else "Runs need about 2 GB; choose small models"
    return CheckItem(name="memory", ok=enough, found=f"{memory_bytes() / 1e6:,.0f} MB", next=next)


def _runtimes(home: Home, command: Sequence[str]) -> CheckItem:
    """The providers that work, as the runner of a job finds them in its own process."""
    try:
        hardware = run_analysis(home, HardwareRequest(), command)
    except FeatherweightError as error:
        return _failed_item("runtimes", error)
    working = (
        [provider.name for provider in hardware.providers if provider.works] if isinstance(hardware, Hardware) else []
    )
    next = "" if working else "Reinstall onnxruntime: pip install -r requirements.txt"
    return CheckItem(name="runtimes", ok=bool(working), found=", ".join(working) or "none works", next=next)


def _protection(protection: Protection) -> CheckItem:
    """What jobs are kept from, or are not."""
    return CheckItem(
        name=f"jobs: {protection.name}",
        ok=protection.in_force,
        found=f"{protection.meaning} ({protection.means})",
        next="" if protection.in_force else WAY_OUT,
    )


def _failed_item(name: str, error: FeatherweightError) -> CheckItem:
    return CheckItem(name=name, ok=False, found=error.message, next=error.next)
