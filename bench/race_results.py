"""Results of bench/quantize_race.py, without heavy imports, so that tables need none of the heavy libraries."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from engine.settings import Target

FP32, OURS = "FP32", "ours"
MOST_LOST = 0.01
"""Of top-1: what loses more than this point does not compete."""
GOAL = 1.3
"""How many times as fast as FP32 ours is to be, where a network names no other."""


class Record(BaseModel):
    """A part of results.json, whose fields are all known."""

    model_config = ConfigDict(extra="forbid")


class Speed(Record):
    """How many times as fast as another, with the ends of the 95 % interval over the rounds."""

    times: float
    low: float
    high: float


class Figures(Record):
    """Of one file. `speed` is over FP32, `ours_over` that of ours over this one; an infinite SQNR is null."""

    p50_ms: float
    speed: Speed
    ours_over: Speed | None
    sqnr_db: float | None
    agreement: float
    top1: float

    @property
    def fidelity(self) -> float:
        """SQNR in dB, infinite where nothing differs."""
        return float("inf") if self.sqnr_db is None else self.sqnr_db


class File(Record):
    """A file, and what it is run with."""

    path: str
    target: Target


class Job(Record):
    """Files by name; `ours` is the one that is compared with each of the others. `logits` is a folder."""

    network: str
    files: dict[str, File]
    logits: str
    ours: str | None
    rounds: int


class MeasureResult(Record):
    """`busy` says where other programs used too much of the machine meanwhile; `size` is the input's, in px.

    `goal` is how many times as fast as FP32 ours is to be.

    `errors` are of files that do not run here.
    """

    kind: str
    size: int
    goal: float
    figures: dict[str, Figures]
    errors: dict[str, str]
    busy: str | None


class BuildResult(Record):
    """The cost of making a file, or in one line why it failed. `label` names the method where there are several.

    `target` is what it is timed with; None is onnxruntime with its defaults.

    `source` is the FP32 file and the number of calibration images that it was made from.
    """

    source: str
    seconds: float
    peak_mb: float | None = None
    size_bytes: int | None = None
    error: str | None = None
    label: str | None = None
    target: Target | None = None


class Row(Record):
    """A method on a network; `figures` are null where it failed."""

    built: BuildResult
    figures: Figures | None = None


class Entry(Record):
    """A network's race: rows by the name of the method, FP32 and ours first."""

    kind: str
    size: int
    goal: float = GOAL
    rounds: int
    calibration_images: int
    machine: str
    busy: str | None
    rows: dict[str, Row]

    def loses_little(self, figures: Figures) -> bool:
        """Whether top-1 is at most MOST_LOST below that of FP32."""
        baseline = self.rows[FP32].figures
        return baseline is not None and baseline.top1 - figures.top1 <= MOST_LOST + 1e-9


class Results(Record):
    """All that was measured, by network."""

    networks: dict[str, Entry] = {}

    def has(self, network: str, source: str) -> bool:
        """Whether the network was raced with this file and number of images, as `BuildResult.source` says them."""
        return network in self.networks and self.networks[network].rows[FP32].built.source == source

    @classmethod
    def load(cls, path: Path) -> "Results":
        return cls.model_validate_json(path.read_bytes()) if path.exists() else cls()

    def save(self, path: Path) -> None:
        partial = path.with_suffix(".partial")
        partial.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        partial.replace(path)
