"""The measured results of pruning, of races and of the presets: tables of docs/ as files of the package.

scripts/make_measured.py builds the files; their first lines say where and when the figures were measured. A figure is
valid for its architecture, machine and training; for another network of the family it is only a hint.
"""

import csv
import functools
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from engine.catalogue import entries, entry
from engine.results import Speedup

FOLDER = Path(__file__).parent
PRUNINGS, RACES, PRESETS = FOLDER / "pruned.csv", FOLDER / "raced.csv", FOLDER / "presets.csv"
Cpu = Literal["VNNI", "AVX2"]
CPUS: dict[Cpu, str] = {
    "VNNI": "two cores of an AMD EPYC with AVX512-VNNI",
    "AVX2": "two cores of an AMD EPYC with AVX2 and no VNNI",
}
"""The two machines; pruning and the presets were timed on the first."""


class PruningRow(NamedTuple):
    """An untrained network after channel pruning: MACs and parameters at a ratio of 0.5, speed at 0.5 and at 0.3."""

    name: str
    family: str
    img_size: int
    macs_divided_by: float
    parameters_divided_by: float
    at_50_percent: Speedup
    at_30_percent: Speedup


class RaceRow(NamedTuple):
    """The result of a race of quantizers; top-1 are shares, of a network trained on digits."""

    name: str
    family: str
    cpu: Cpu
    winner: str
    speedup: Speedup
    top1_fp32: float
    top1: float


class PresetRun(NamedTuple):
    """The result of a preset on the sample, or the sample itself; `top1` is a share."""

    size_mb: float
    top1: float
    speedup: Speedup


class QatRow(NamedTuple):
    """Static INT8 of a network before and after `qat`, beside FP32; top-1 are shares."""

    name: str
    top1_fp32: float
    top1_static: float
    static: Speedup
    top1: float
    speedup: Speedup


R = TypeVar("R", PruningRow, RaceRow)


def of_shares(share: float, low: float, high: float) -> Speedup:
    """The speed-up from the share of the latency that is left, and its interval."""
    return Speedup(1 / share, 1 / high, 1 / low)


QAT = QatRow("mobilenetv3_large_100", 0.924, 0.902, of_shares(0.80, 0.79, 0.85), 0.943, of_shares(0.79, 0.76, 0.82))
"""docs/log.md, 2026-11-25: one run at one thread on the machine with VNNI, two epochs, labels half of the loss."""


def find_pruning(name: str) -> PruningRow | None:
    """The pruning of this architecture, else of the one of its family that is nearest in MACs, or None."""
    return _nearest(pruning_rows(), name)


def find_race(name: str, cpu: Cpu) -> RaceRow | None:
    """The race of the architecture on this kind of CPU, else of the nearest one of its family, or None."""
    return _nearest((row for row in race_rows() if row.cpu == cpu), name)


def race_summary(cpu: Cpu) -> str:
    """A sentence on the results of all races on one of the two machines."""
    times = [row.speedup.times for row in race_rows() if row.cpu == cpu]
    speeds = f"{min(times):.2f} to {max(times):.2f} times as fast as FP32"
    return f"Races made {len(times)} networks {speeds} on {CPUS[cpu]}"


@functools.cache
def pruning_rows() -> tuple[PruningRow, ...]:
    """All rows of the file of pruned networks."""
    return tuple(
        PruningRow(
            row["name"],
            row["family"],
            int(row["img_size"]),
            float(row["macs"]),
            float(row["parameters"]),
            of_shares(*_numbers(row, "at_50", "at_50_low", "at_50_high")),
            of_shares(*_numbers(row, "at_30", "at_30_low", "at_30_high")),
        )
        for row in _rows(PRUNINGS)
    )


@functools.cache
def race_rows() -> tuple[RaceRow, ...]:
    """All rows of the file of races."""
    return tuple(
        RaceRow(
            row["name"],
            row["family"],
            "VNNI" if row["cpu"] == "VNNI" else "AVX2",
            row["winner"],
            Speedup(*_numbers(row, "times", "low", "high")),
            *(_share(row[key]) for key in ("top1_fp32", "top1")),
        )
        for row in _rows(RACES)
    )


@functools.cache
def preset_runs() -> dict[str, PresetRun]:
    """The results of the presets on the sample by name; "none" is the sample as it is."""
    return {
        row["preset"]: PresetRun(
            float(row["size_mb"]), _share(row["top1"]), of_shares(*_numbers(row, "share", "low", "high"))
        )
        for row in _rows(PRESETS)
    }


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(line for line in stream if not line.startswith("#")))


def _numbers(row: dict[str, str], *keys: str) -> tuple[float, float, float]:
    value, low, high = (float(row[key]) for key in keys)
    return value, low, high


def _share(percent: str) -> float:
    return round(float(percent) / 100, 5)


def _nearest(rows: Iterable[R], name: str) -> R | None:
    architecture = entry(name)
    if architecture is None:
        return None
    family_rows = [row for row in rows if row.family == architecture.family]
    own_rows = [row for row in family_rows if row.name == architecture.name]
    return min(
        own_rows or family_rows,
        key=lambda row: abs(math.log(entries()[row.name].macs / architecture.macs)),
        default=None,
    )
