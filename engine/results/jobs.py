"""Jobs, their events, and the home they live in."""

from typing import Literal

from pydantic import Field

from engine.results.base import Note, Result, State


class Event(Result):
    """One line of events.jsonl: `time` is ISO 8601 UTC, `fraction` of the whole job, metrics by name with units.

    `step` is the key of a part of the run, `step_fraction` the finished fraction of that part, where it is known.
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

    `remaining_seconds` is estimated for a running job, from its progress and from `estimate_seconds`. `waits_for` are
    the jobs ahead of a queued one: the running jobs of its slot, then those queued before it, in order.
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
    """A part of a run, as its timeline shows it; skipped is a part that the run left out or did not reach.

    `key` is the `step` of its events. `seconds` are those so far, None before its start; `fraction` (0 to 1) is that
    of this part, `message` that of its newest event. `chain` and `step` count from 0, like `branch` and
    `step` of a variant; they are None outside the chains.
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
    """A file or folder that a user uploaded into this home, addressed by its content.

    `notes` say what was done to it before it was kept.
    """

    sha256: str
    name: str
    kind: Literal["onnx", "weights", "images", "labels", "arrays"]
    size_bytes: int
    created: str
    path: str
    notes: tuple[Note, ...] = ()


class Usage(Result):
    """What the home folder occupies, in bytes, and what the disk has left."""

    home: str
    jobs_bytes: int
    cache_bytes: int
    uploads_bytes: int
    database_bytes: int
    free_bytes: int


class CheckItem(Result):
    """One line of `check`: what was checked, whether it is right, what was found, and what to do."""

    name: str
    ok: bool
    found: str
    next: str


class Protection(Result):
    """Something that every job is kept from: whether it is on this machine, by what, and what that means for a user."""

    name: Literal["files", "network", "processes", "memory", "file sizes", "environment"]
    in_force: bool
    means: str
    meaning: str
