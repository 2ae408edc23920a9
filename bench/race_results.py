"""What bench/quantize_race.py measures and keeps: light, so that tables come without the heavy libraries."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

FP32, OURS = "FP32", "ours"


class Kept(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Speed(Kept):
    """How many times as fast as another, with the ends of the 95 % bootstrap interval over the rounds."""

    times: float
    low: float
    high: float


class Figures(Kept):
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


class Job(Kept):
    """Files by name; `ours` is the one that is compared with each of the others. `logits` is a folder."""

    network: str
    files: dict[str, str]
    logits: str
    ours: str | None
    rounds: int


class Measured(Kept):
    """`busy` says where other programs took too much of the machine meanwhile; `size` is the input's, in px.

    `errors` are of files that do not run here.
    """

    kind: str
    size: int
    figures: dict[str, Figures]
    errors: dict[str, str]
    busy: str | None


class Built(Kept):
    """How a file was made, or in one line why not. `label` says which of several ways it was.

    `source` is the FP32 file and the number of calibration images that it was made from.
    """

    source: str
    seconds: float
    peak_mb: float | None = None
    size_bytes: int | None = None
    error: str | None = None
    label: str | None = None


class Row(Kept):
    """A method on a network; `figures` are null where it failed."""

    built: Built
    figures: Figures | None = None


class Entry(Kept):
    """A network's race: rows by the name of the method, FP32 and ours first."""

    kind: str
    size: int
    rounds: int
    calibration_images: int
    machine: str
    busy: str | None
    rows: dict[str, Row]


class Results(Kept):
    """All that was measured, by network."""

    networks: dict[str, Entry] = {}

    @classmethod
    def load(cls, path: Path) -> "Results":
        return cls.model_validate_json(path.read_bytes()) if path.exists() else cls()

    def save(self, path: Path) -> None:
        partial = path.with_suffix(".partial")
        partial.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        partial.replace(path)
