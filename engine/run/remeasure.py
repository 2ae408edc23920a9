"""Measures the latencies of a finished run again: all variants, in fresh rounds; nothing else of it changes."""

import time
from collections.abc import Mapping
from pathlib import Path

from engine.errors import RunError
from engine.measure.latency import PairedLatency
from engine.measure.noise import noise_inputs
from engine.measure.recommendation import recommend
from engine.measure.timing import FileTimings, not_timed_note, nothing_timed_note, time_files
from engine.measure.verdict import judge
from engine.models.variants import read_variant
from engine.planning.remeasurable import remeasurable_report
from engine.results import Environment, LatencyMeasurement, Note, Report, Variant, codes
from engine.run.precision import remeasured_warning
from engine.runtimes import resolve_target
from engine.settings import RemeasureRequest
from engine.settings.target import CUDA
from engine.store.folders import JobFolder, now
from engine.store.home import Home
from engine.store.measure_lock import WAITING, measure_lock
from engine.store.progress import Progress
from engine.system.machine import environment

OF_A_MEASUREMENT = (codes.MACHINE_BUSY, codes.NOT_MEASURED, codes.PRECISION)
"""The codes of warnings on a measurement of latency, which go when another one stands."""
MOST_SECONDS = 1800.0
"""From the first round on; after that no round begins."""


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
    threads = {"threads": report.recipe.target.threads}
    target = resolve_target((baseline.target or report.recipe.target).model_copy(update=threads))
    models = {one.id: read_variant(run_folder.path, one) for one in report.variants if one.verdict is not None}
    inputs = noise_inputs(models[baseline.id], target.batch_size)
    progress.emit("remeasure", WAITING, 0.0, "waiting for its turn to measure")

    def on_wait(holder: str) -> None:
        progress.emit("remeasure", WAITING, 0.0, f"waiting for its turn to measure: '{holder}' measures")

    with measure_lock(Home.default().measure_lock, f"remeasure {report.recipe.name}", on_wait):
        timings = time_files(
            models,
            baseline.id,
            target,
            inputs,
            on_round=lambda done, total: progress.emit(
                "remeasure", "latency", done / total, f"round {done} of {total}"
            ),
            deadline=time.monotonic() + MOST_SECONDS,
            both_buffers=True,
            targets={
                one.id: one.target.model_copy(update={"threads": target.threads})
                for one in report.variants
                if one.id in models and one.target is not None
            },
        )
        if baseline.id in timings.errors:
            raise RunError(nothing_timed_note(timings.errors[baseline.id]).text, "Run its recipe again")
        measurement = measurement_of(timings)
        if (warning := remeasured_warning(target, baseline)) is not None:
            measurement = measurement.model_copy(update={"warnings": (*measurement.warnings, warning)})
        # Read anew: another measurement of this run may have ended while this one waited for the lock.
        run_folder.write("report.json", with_measurement(remeasurable_report(run_folder.path), measurement))
    return measurement


def measurement_of(timings: FileTimings) -> LatencyMeasurement:
    """The timings, made now on this machine, as a report has them."""
    not_timed = {id: not_timed_note(error) for id, error in timings.errors.items()}
    return _measurement(now(), environment(), timings.latencies, not_timed, timings.warnings)


def with_measurement(report: Report, measurement: LatencyMeasurement) -> Report:
    """The report with one more measurement, judged by the one that stands.

    That is the one that measured the most variants: what other programs disturbed takes no figure away. Of equals it
    is one without busy programs beside it, and of those the newest.
    """
    measurements = (*(report.measurements or (_own_measurement(report),)), measurement)
    standing = max(range(len(measurements)), key=lambda number: (*_worth(measurements[number]), number))
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


def _worth(measurement: LatencyMeasurement) -> tuple[int, bool]:
    """How many variants it measured, and whether no busy programs ran beside it."""
    was_busy = any(note.code == codes.MACHINE_BUSY for note in measurement.warnings)
    return len(measurement.latencies), not was_busy


def _measured(variant: Variant, measurement: LatencyMeasurement, report: Report) -> Variant:
    """The variant with its figures of this measurement, and the verdict on them."""
    variant = variant.model_copy(
        update={
            "latency": measurement.latencies.get(variant.id),
            "throughput": measurement.throughputs.get(variant.id),
            "latency_estimate": measurement.estimates.get(variant.id),
            "notes": tuple(note for note in variant.notes if note.code != codes.NOT_TIMED)
            + ((measurement.not_timed[variant.id],) if variant.id in measurement.not_timed else ()),
        }
    )
    if variant.verdict is None:
        return variant
    return variant.model_copy(update={"verdict": judge(variant, report.recipe.budget)})


def _own_measurement(report: Report) -> LatencyMeasurement:
    """The measurement that the run itself made."""
    pairs = {one.id: PairedLatency(one.latency, one.throughput, one.latency_estimate) for one in report.variants}
    not_timed = {one.id: note for one in report.variants for note in one.notes if note.code == codes.NOT_TIMED}
    warnings = tuple(note for note in report.warnings if note.code in OF_A_MEASUREMENT)
    return _measurement(report.created, report.environment, pairs, not_timed, warnings)


def _measurement(
    created: str,
    machine: Environment,
    pairs: Mapping[str, PairedLatency],
    not_timed: dict[str, Note],
    warnings: tuple[Note, ...],
) -> LatencyMeasurement:
    on_card = any(pair.latency is not None and pair.latency.provider == CUDA for pair in pairs.values())
    return LatencyMeasurement(
        created=created,
        cpu=machine.cpu,
        graphics_cards=machine.graphics_cards if on_card else (),
        cuda_cards=machine.cuda_cards if on_card else (),
        latencies={id: pair.latency for id, pair in pairs.items() if pair.latency is not None},
        throughputs={id: pair.throughput for id, pair in pairs.items() if pair.throughput is not None},
        estimates={id: pair.estimate for id, pair in pairs.items() if pair.estimate is not None},
        not_timed=not_timed,
        warnings=warnings,
    )
