"""Measured and estimated seconds of the phases of this home's runs, a line a run; estimates learn from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pydantic import Field, ValidationError

from engine.results import Result
from engine.store.folders import append_line, last_lines
from engine.store.home import Home
from engine.system.machine import cores, cpu_name, graphics_cards

READ_BYTES, READ_LINES = 65_536, 100
LATEST = 10
"""How many of the newest runs count for each phase."""
MIN_FACTOR, MAX_FACTOR = 0.1, 10.0


class PhaseTiming(Result):
    """The seconds of one run in a phase; the estimate is by the formula alone, without corrections."""

    estimated_seconds: float = Field(gt=0)
    measured_seconds: float = Field(ge=0)


class RunTimings(Result):
    """One line of timings.jsonl.

    `formula` is the version of the formulas, `cores` are those that the process might use, `threads` the target's.
    `device` is what else computes (`device_of`).
    """

    formula: int
    cpu: str
    cores: int
    threads: int
    device: str = ""
    phases: dict[str, PhaseTiming]


@dataclass(frozen=True)
class Factor:
    """The correction of the formula's seconds of a phase, and from how many runs it was learnt."""

    ratio: float = 1.0
    n_runs: int = 0


def append_timings(home: Home, timings: RunTimings) -> None:
    """Add a line, whole, whoever else writes meanwhile. Raises OSError (a full disk, for one)."""
    append_line(home.timings, timings)


def device_of(provider: str, *, on_cpu: bool) -> str:
    """The target's provider, where it is not the CPU's, and the graphics cards, on which torch trains too."""
    return ", ".join((*([] if on_cpu else [provider]), *graphics_cards()))


def read_factors(home: Home, formula: int, threads: int, device: str = "") -> dict[str, Factor]:
    """The factors by phase, from the newest runs with this `formula`, processor and device, and as many cores and
    threads.

    Other numbers of threads do not count, since no network is faster by exactly the factor that the formulas assume.
    """
    ratios: dict[str, list[float]] = {}
    for line in reversed(last_lines(home.timings, READ_BYTES)[-READ_LINES:]):
        run = _timings(line)
        if run is None or _conditions(run) != (formula, cpu_name(), cores(), threads, device):
            continue
        for phase, timing in run.phases.items():
            ratios.setdefault(phase, []).append(timing.measured_seconds / timing.estimated_seconds)
    return {phase: _factor(newest[:LATEST]) for phase, newest in ratios.items()}


def _conditions(run: RunTimings) -> tuple[object, ...]:
    return (run.formula, run.cpu, run.cores, run.threads, run.device)


def _factor(ratios: Sequence[float]) -> Factor:
    """The median within limits, to the power n / (n + 1), so that few runs correct less."""
    n_runs = len(ratios)
    typical = min(MAX_FACTOR, max(MIN_FACTOR, median(ratios)))
    return Factor(typical ** (n_runs / (n_runs + 1)), n_runs)


def _timings(line: bytes) -> RunTimings | None:
    try:
        return RunTimings.model_validate_json(line)
    except ValidationError:  # cut short by a full disk, or by where reading began
        return None
