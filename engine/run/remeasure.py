"""Measures the latencies of a finished run again: all variants, in fresh rounds; nothing else of it changes."""

from pathlib import Path

import numpy as np
from filelock import FileLock

from engine.errors import RequestError, RunError
from engine.measure.recommendation import recommend
from engine.measure.timing import FileTimings, nothing_timed_note, time_files
from engine.measure.verdict import judge
from engine.models.artifacts import OnnxModel, file_sha256
from engine.models.graph import read_onnx
from engine.planning.remeasurable import remeasurable_report
from engine.results import LatencyMeasurement, Report, Variant, codes
from engine.runtimes import check_target
from engine.settings import RemeasureRequest
from engine.store.folders import JobFolder, now
from engine.store.home import Home
from engine.store.progress import Progress
from engine.system.machine import cores, cpu_name

OF_A_MEASUREMENT = (codes.MACHINE_BUSY, codes.NOT_MEASURED)
"""The codes of warnings on a measurement of latency, which go when another one stands."""


def remeasure(request: RemeasureRequest, folder: JobFolder, progress: Progress) -> LatencyMeasurement:
    """Times the variants again, on noise of their input's shape, and writes both measurements into the run's report.

    Which of the two stands, `with_measurement` says. Raises RequestError and StateError as `remeasurable_report` does,
    TargetError where this machine lacks the target's provider, and RunError where the baseline does not run.
    """
    run_folder = JobFolder(Path(request.folder))
    report = remeasurable_report(run_folder.path)
    baseline = report.baseline
    if baseline is None:
        raise RunError("the report has no baseline", "Run its recipe again")
    target = report.recipe.target.model_copy(update={"threads": report.recipe.target.threads or cores()})
    check_target(target)
    models = {one.id: _model(run_folder.path, one) for one in report.variants if one.verdict is not None}
    shape = (target.batch_size, *models[baseline.id].input_shape)
    noise = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    progress.emit("remeasure", "waiting", 0.0, "waiting for its turn to measure")
    with FileLock(Home.default().measure_lock):
        timings = time_files(
            models,
            baseline.id,
            target,
            noise,
            on_round=lambda done, total: progress.emit(
                "remeasure", "latency", done / total, f"round {done} of {total}"
            ),
        )
    if baseline.id in timings.errors:
        raise RunError(nothing_timed_note(timings.errors[baseline.id]).text, "Run its recipe again")
    measurement = measurement_of(timings)
    # Read anew: another measurement of this run may have ended while this one waited.
    run_folder.write("report.json", with_measurement(remeasurable_report(run_folder.path), measurement))
    return measurement


def measurement_of(timings: FileTimings) -> LatencyMeasurement:
    """The timings as a report has them."""
    pairs = timings.latencies
    return LatencyMeasurement(
        created=now(),
        cpu=cpu_name(),
        latencies={id: one.latency for id, one in pairs.items() if one.latency is not None},
        throughputs={id: one.throughput for id, one in pairs.items() if one.throughput is not None},
        estimates={id: one.estimate for id, one in pairs.items() if one.estimate is not None},
        warnings=(*timings.missing, *timings.busy),
    )


def with_measurement(report: Report, measurement: LatencyMeasurement) -> Report:
    """The report with one more measurement, judged by the one that stands.

    That is the newest of those that measured the most variants: a measurement that other programs disturbed takes no
    figure away.
    """
    measurements = (*(report.measurements or (_own_measurement(report),)), measurement)
    most = max(len(one.latencies) for one in measurements)
    standing = max(number for number, one in enumerate(measurements) if len(one.latencies) == most)
    measurements = tuple(
        one.model_copy(update={"stands": number == standing}) for number, one in enumerate(measurements)
    )
    other_warnings = (note for note in report.warnings if note.code not in OF_A_MEASUREMENT)
    measured = report.model_copy(
        update={
            "measurements": measurements,
            "variants": tuple(_measured(one, measurements[standing], report) for one in report.variants),
            "warnings": (*other_warnings, *measurements[standing].warnings),
        }
    )
    return measured.model_copy(update={"recommended": recommend(measured)})


def _measured(variant: Variant, measurement: LatencyMeasurement, report: Report) -> Variant:
    """The variant with its figures of this measurement, and the verdict on them."""
    variant = variant.model_copy(
        update={
            "latency": measurement.latencies.get(variant.id),
            "throughput": measurement.throughputs.get(variant.id),
            "latency_estimate": measurement.estimates.get(variant.id),
        }
    )
    if variant.verdict is None:
        return variant
    return variant.model_copy(update={"verdict": judge(variant, report.recipe.budget)})


def _own_measurement(report: Report) -> LatencyMeasurement:
    """The measurement that the run itself made."""
    variants = report.variants
    return LatencyMeasurement(
        created=report.created,
        cpu=report.environment.cpu,
        latencies={one.id: one.latency for one in variants if one.latency is not None},
        throughputs={one.id: one.throughput for one in variants if one.throughput is not None},
        estimates={one.id: one.latency_estimate for one in variants if one.latency_estimate is not None},
        warnings=tuple(note for note in report.warnings if note.code in OF_A_MEASUREMENT),
    )


def _model(folder: Path, variant: Variant) -> OnnxModel:
    """The variant's file. Raises RequestError where it is not the one that was measured."""
    path = folder / variant.file
    if file_sha256(path) != variant.sha256:
        raise RequestError(
            f"the file '{variant.file}' of this run has changed: its SHA-256 is another", "Run its recipe again"
        )
    return read_onnx(path)
