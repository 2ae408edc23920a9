"""Jobs, their events, and the home they live in."""

from typing import Literal

from pydantic import Field

from engine.results.base import Note, Result, State


class Event(Result):
    """One line of events.jsonl: `time` is ISO 8601 UTC, `fraction` of the whole job, metrics by name with units.

    `step` is the key of a part of the run, and `step_fraction` what of that part is done, where that is known.
    """

    time: str
    step: str
    phase: str
    fraction: float
    message: str
    metrics: dict[str, float] = Field(default_factory=dict)
    step_fraction: float | None = None


class Estimate(Result):
    """How long a run will probably take; never a measurement.

    `learnt_from` counts the earlier runs of this home that its longest phase was corrected by; 0: by none.
    """

    seconds: float
    phases: dict[str, float]
    learnt_from: int = 0


class JobRef(Result):
    """Another job, as one that waits for it names it."""

    id: str
    name: str
    state: State


class Job(Result):
    """One row of the store. Times are ISO 8601 UTC; `position` counts the queued jobs ahead, from 1.

    `remaining_seconds` is an estimate, of a running job, from what was done and from the first guess,
    `estimate_seconds`. `waits_for` are the jobs that a queued one lets go first: what runs in its place now, then those
    queued before it, in order.
    """

    id: str
    kind: str
    name: str
    state: State
    created: str
    started: str | None
    finished: str | None
    seconds: float
    phase: str
    fraction: float
    message: str
    attempts: int
    position: int | None
    estimate_seconds: float | None
    error: Note | None
    error_next: str
    remaining_seconds: float | None = None
    waits_for: tuple[JobRef, ...] = ()


PartState = Literal["waiting", "running", "done", "failed", "cancelled", "skipped"]


class Part(Result):
    """A part of a run, as its timeline shows it: skipped is what the run went past, or ended before.

    `key` is what its events call `step`. `seconds` are those so far, None where it has not begun; `fraction` is 0 to 1
    of this part, `message` its newest event's. `chain` and `step` count from 0, as a variant's `branch` and `step` do,
    and are None beside the chains.
    """

    key: str
    title: str
    state: PartState
    seconds: float | None = None
    fraction: float = 0.0
    message: str = ""
    chain: int | None = None
    step: int | None = None


class Upload(Result):
    """A file or folder that a user brought into this home, addressed by its content."""

    sha256: str
    name: str
    kind: Literal["onnx", "weights", "images", "labels"]
    size_bytes: int
    created: str
    path: str


class Usage(Result):
    """What the home folder occupies, in bytes, and what the disk has left."""

    home: str
    jobs_bytes: int
    cache_bytes: int
    uploads_bytes: int
    database_bytes: int
    free_bytes: int


class CheckItem(Result):
    """One line of `check`: what was looked at, whether it is right, what to do if not."""

    name: str
    ok: bool
    found: str
    next: str
