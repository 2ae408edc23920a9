"""Variants of several runs side by side, and why some of their figures cannot stand beside each other."""

from typing import Literal

from engine.results.base import Result
from engine.results.measurements import Measure
from engine.results.report import Role

Quantity = Literal["speed", "latency", "quality"]
QualityKind = Literal["accuracy"] | Measure


class ComparedVariant(Result):
    """The figures of one variant; None where it has none, or where they do not compare with those of the first run.

    `load_ms` and `session_bytes` are the medians of its cold start: how long a fresh process takes to open the file,
    and the memory at its peak that this and the first call take. `speedup` is against the baseline of its own run, with
    its 95 % interval. `quality` is top-1, or without labels the similarity to the baseline; `drop` is the loss of it,
    with its 95 % interval.
    """

    run_id: str
    run_name: str
    variant_id: str
    parent_id: str | None
    label: str
    role: Role
    is_recommended: bool
    size_bytes: int
    parameters: int | None
    macs: int | None
    p50_ms: float | None
    load_ms: float | None
    session_bytes: float | None
    images_per_s: float | None
    speedup: float | None
    speedup_low: float | None
    speedup_high: float | None
    quality: float | None
    drop: float | None
    drop_low: float | None
    drop_high: float | None


class Difference(Result):
    """Why figures of a run do not compare with those of the first run, as a clause."""

    run_id: str
    run_name: str
    quantity: Quantity
    reason: str


class RunComparison(Result):
    """The variants of several runs, those of the first one first; `kind` is what their quality is."""

    kind: QualityKind | None
    variants: tuple[ComparedVariant, ...]
    differences: tuple[Difference, ...]
