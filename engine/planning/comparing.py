"""Which figures of several runs may stand beside each other, and why the others may not."""

from collections.abc import Iterator, Sequence

from engine.results import (
    ComparedVariant,
    Difference,
    Latency,
    Quantity,
    Report,
    RunComparison,
    Variant,
    report_quality,
)
from engine.settings import Target
from engine.wording import many


def compare_reports(runs: Sequence[tuple[str, Report]], *, candidates: bool = False) -> RunComparison:
    """All variants of these runs, names and reports, beside each other; with `candidates` also those of their races.

    What the figures of the first run are is what all others are held against: latencies compare on the same processor
    at the same target with the same options (loads and memory with them), speed-ups where also the baseline is the same
    file, accuracy on the same evaluation images, and similarity where also the baseline is the same file that computes
    in the same way. What does not compare is left out of the figures.
    """
    first = runs[0][1]
    variants, differences = [], []
    for name, report in runs:
        of_run = [
            Difference(run_id=report.run_id, run_name=name, quantity=quantity, reason=reason)
            for quantity, reason in _differences(first, report)
        ]
        without = {difference.quantity for difference in of_run}
        differences += of_run
        shown = report.variants if candidates else report.main_variants
        variants += [_variant(name, report, variant, without) for variant in shown]
    kind = report_quality(first)
    return RunComparison.model_validate({"kind": kind, "variants": variants, "differences": differences})


def _differences(first: Report, other: Report) -> Iterator[tuple[Quantity, str]]:
    """What of another report does not compare with the first, with the reason."""
    if other is first:
        return
    same_baseline = _sha256(first) == _sha256(other)
    latency, reference = _latency(other), _latency(first)
    if latency is not None and reference is not None:
        mine, theirs = _conditions(other, latency), _conditions(first, reference)
        if mine != theirs:
            yield "latency", f"timed {mine}, the first run {theirs}"
            yield "speed", f"timed {mine}, the first run {theirs}"
        elif not same_baseline:
            yield "speed", "its baseline is another file, so its speed-ups are over something else"
    else:
        yield "latency", "its baseline was not timed" if latency is None else "the first run's baseline was not timed"
    quality, of_first = report_quality(other), report_quality(first)
    if quality is None or of_first is None:
        return
    if quality != of_first:
        yield "quality", f"it has {quality}, the first run {of_first}"
    elif _evaluation(other) != _evaluation(first):
        yield "quality", f"its {quality} is on other images"
    elif quality != "accuracy" and not same_baseline:
        yield "quality", f"its {quality} is with another baseline"
    elif quality != "accuracy" and _target(other).arithmetic != _target(first).arithmetic:
        reason = f"its {quality} is with the baseline in {_arithmetic(other)}, the first run's in {_arithmetic(first)}"
        yield "quality", reason


def _conditions(report: Report, latency: Latency) -> str:
    parts = [many(latency.threads, "thread"), f"batch size {latency.batch_size}"]
    options = latency.session_options | ({"buffers": latency.buffers} if latency.buffers != "numpy" else {})
    parts += [f"{name} {value}" for name, value in sorted(options.items())]
    return f"on {report.latency_hardware} with {latency.runtime} ({latency.provider}), {', '.join(parts)}"


def _target(report: Report) -> Target:
    """What the baseline runs at."""
    return report.target_of(report.baseline) if report.baseline is not None else report.recipe.target


def _arithmetic(report: Report) -> str:
    target = _target(report)
    return ", ".join((f"{target.runtime} ({target.provider})", *target.option_texts))


def _latency(report: Report) -> Latency | None:
    return report.baseline.latency if report.baseline is not None else None


def _sha256(report: Report) -> str | None:
    return report.baseline.sha256 if report.baseline is not None else None


def _evaluation(report: Report) -> str | None:
    return report.data.evaluation_sha256 if report.data is not None else None


def _variant(name: str, report: Report, variant: Variant, without: set[Quantity]) -> ComparedVariant:
    latency = None if "latency" in without else variant.latency
    speed = None if "speed" in without else variant.latency
    cold_start = None if "latency" in without else variant.cold_start
    comparison = None if "quality" in without else variant.comparison
    return ComparedVariant(
        run_id=report.run_id,
        run_name=name,
        variant_id=variant.id,
        parent_id=variant.parent_id,
        label=variant.label,
        role=variant.role,
        is_recommended=report.recommends(variant),
        size_bytes=variant.size_bytes,
        parameters=variant.parameters,
        macs=variant.macs,
        p50_ms=latency.p50_ms if latency else None,
        load_ms=cold_start.load_ms.median if cold_start else None,
        session_bytes=cold_start.session_bytes.median if cold_start else None,
        images_per_s=variant.throughput.images_per_s if variant.throughput and latency else None,
        speedup=speed.speedup if speed else None,
        speedup_low=speed.speedup_low if speed else None,
        speedup_high=speed.speedup_high if speed else None,
        quality=None if "quality" in without else _quality(report, variant),
        drop=comparison.drop if comparison else None,
        drop_low=comparison.low if comparison else None,
        drop_high=comparison.high if comparison else None,
    )


def _quality(report: Report, variant: Variant) -> float | None:
    """Top-1, or the similarity to the baseline, which has 1 itself."""
    if report_quality(report) == "accuracy":
        return variant.accuracy.top1 if variant.accuracy else None
    if variant.role == "baseline":
        return 1.0
    return variant.fidelity.similarity if variant.fidelity else None
