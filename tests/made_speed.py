"""Sweeps and showdowns made by hand, for whatever only reads them."""

from engine.measure.pairs import pair_of
from engine.results import Environment, Fidelity, Note, Showdown, ShowdownRow, Sweep, SweepCell, Throughput
from engine.settings import FileModel, Target, VariantFile
from tests.made import BASE, INT8, made_latency

MACHINE = Environment(cpu="A CPU", cores=2, memory_bytes=8 * 10**9, isa=("avx2",), runtimes={}, versions={})
ONE_IMAGE_MS = {1: 1.0, 2: 0.6, 4: 0.4}
"""Milliseconds by the number of threads."""


def made_file(variant: str = BASE, label: str = "Baseline", run: str | None = "run1") -> VariantFile:
    model = FileModel(path=f"/runs/{run}/{variant}.onnx", sha256=variant[0] * 64)
    return VariantFile(run=run, variant=variant, model=model, label=label, example_ms=1.0)


def made_cell(threads: int, batch_size: int, ms: float | None = None, **changed) -> SweepCell:
    """A measured cell; a call takes as long as its images need one after the other, unless `ms` is given."""
    p50_ms = ms or ONE_IMAGE_MS[threads] * batch_size**0.9
    values = {
        "target": Target(threads=threads, batch_size=batch_size),
        "state": "measured",
        "p50_ms": p50_ms,
        "low_ms": 0.95 * p50_ms,
        "high_ms": 1.05 * p50_ms,
        "p95_ms": 1.2 * p50_ms,
        "n_rounds": 6,
        "n_runs": 100,
    }
    return SweepCell(**(values | changed))


def made_skipped(threads: int, batch_size: int, text: str = "a smaller batch took longer") -> SweepCell:
    note = Note(code="smaller_batch_too_slow", text=text)
    return SweepCell(target=Target(threads=threads, batch_size=batch_size), state="skipped", note=note)


def made_sweep(batch_sizes=(1, 2, 4, 8), threads=(1, 2), variant: str = BASE, run: str = "run1", **changed) -> Sweep:
    """A sweep of the variant whose cells were all measured, unless others are given."""
    values = {
        "file": made_file(variant, run=run),
        "axes": {"threads": threads, "batch_size": batch_sizes},
        "cells": tuple(made_cell(n, size) for n in threads for size in batch_sizes),
        "max_latency_ms": None,
        "n_rounds": 6,
        "complete": True,
        "environment": MACHINE,
    }
    return Sweep(**(values | changed))


def made_streamed_sweep(**changed) -> Sweep:
    """A sweep in OpenVINO with one and with two streams, which bring half as many images again with two threads."""
    targets = (
        Target(runtime="openvino", precision="f32", threads=threads, streams=streams, batch_size=size)
        for threads, streams in ((1, 1), (2, 1), (2, 2))
        for size in (1, 2)
    )
    cells = tuple(
        made_cell(one.threads, one.batch_size, target=one, in_flight=one.streams)
        if one.streams == 1
        else made_cell(2, one.batch_size, 0.8 * one.batch_size, target=one, in_flight=2)
        for one in targets
    )
    axes = {"threads": (1, 2), "streams": (1, 2), "batch_size": (1, 2)}
    return made_sweep(cells=cells, axes=axes, **changed)


ROWS = (
    (BASE, "Baseline", Target(threads=2), "f32", 1.0),
    (BASE, "Baseline", Target(runtime="openvino", precision="bf16", threads=2), "bf16", 0.5),
    (INT8, "Static INT8", Target(threads=2), "f32", 0.52),
    (INT8, "Static INT8", Target(runtime="openvino", precision="f32", threads=2), "f32", 1.4),
)
"""Variant, label, target, what floats are computed in, and the ratio to the first."""


def made_showdown(rows=ROWS, run: str = "run1", **changed) -> Showdown:
    """A showdown in which every row was timed, with intervals of a tenth to either side."""
    made_rows = tuple(
        ShowdownRow(
            file=made_file(variant, label, run),
            target=target,
            size_bytes=20_000_000 if variant == BASE else 5_000_000,
            precision=precision,
            latency=made_latency(2.0 * ratio, ratio),
            throughput=Throughput(batch_size=1, images_per_s=500 / ratio, low=490 / ratio, high=510 / ratio),
            fidelity=Fidelity(agreement=0.98, sqnr_db=40.2, n_images=64) if number else None,
        )
        for number, (variant, label, target, precision, ratio) in enumerate(rows)
    )
    pairs = tuple(
        pair_of(
            row,
            reference,
            made_latency(1.0, made_rows[row].latency.ratio_to_baseline / other.latency.ratio_to_baseline),
        )
        for row in range(len(rows))
        for reference, other in enumerate(made_rows)
        if row != reference
    )
    values = {
        "rows": made_rows,
        "pairs": pairs,
        "n_rounds": 12,
        "n_examples": 64,
        "on_images": True,
        "environment": MACHINE,
    }
    return Showdown(**(values | changed))
