"""Results as lines of text, for the command line."""

from collections.abc import Mapping, Sequence

from engine.results import (
    Accuracy,
    Advice,
    Architecture,
    Gate,
    Hardware,
    Job,
    LayerSensitivity,
    Provider,
    Report,
    Sensitivity,
    Variant,
    certainty_text,
    codes,
    example_noun,
    how_to_start,
    interval_text,
    leak_text,
    losses_text,
    outputs_text,
    points,
    quality_name,
    report_measure,
    similarity_text,
    speed_cell,
    unfinished_ids,
)
from engine.wording import many, percent, size_text

Rows = Sequence[tuple[str, ...]]
GATE_RULES: Mapping[str, str] = {
    "max_drop": "at most {:g} points lost",
    "min_speedup": "at least {:g} times as fast",
    "max_size": "at most {:g} MB",
}
"""A rule of a gate by its name, with its limit."""


def table(rows: Rows) -> list[str]:
    """One row a line, the columns one below the other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def of_job(job: Job) -> list[str]:
    """A job, a fact a line; the first line begins with its state."""
    position = f" (number {job.position} in line)" if job.position else ""
    progress = f" {percent(job.fraction)}, {job.message}" if job.state == "running" else ""
    lines = [
        f"{job.state}{position}{progress}",
        f"name: {job.name}",
        f"created: {job.created}",
        f"seconds: {job.seconds:.1f}",
    ]
    if job.estimate_seconds is not None:
        lines.append(f"estimated seconds: {job.estimate_seconds:.0f}")
    if job.remaining_seconds is not None:
        lines.append(f"remaining seconds, estimated: {job.remaining_seconds:.0f}")
    if job.waits_for:
        lines.append(f"waits for: {', '.join(f'{other.id} {other.name} ({other.state})' for other in job.waits_for)}")
    if job.error is not None:
        lines += [f"error: {job.error.text}", f"next: {job.error_next}"]
    return lines


def of_hardware(hardware: Hardware) -> list[str]:
    """This machine, and which providers really ran a model on it."""
    machine = hardware.environment
    facts = table(
        [
            ("processor", machine.cpu),
            ("cores", f"{machine.cores} for this process"),
            ("memory", f"{machine.memory_bytes / 1e9:.1f} GB"),
            ("instructions", " ".join(machine.isa) or "none of note"),
            ("GPUs", ", ".join(hardware.gpus) or "none that torch can use"),
            ("versions", ", ".join(f"{name} {version}" for name, version in machine.versions.items())),
        ]
    )
    providers = [(row.runtime, row.name, _works(row)) for row in hardware.providers]
    return [*facts, "", *table([("runtime", "provider", "works"), *providers])]


def _works(provider: Provider) -> str:
    if not provider.works:
        return f"no: {provider.reason}"
    return "yes" if provider.tested else "yes, on a small model; this project has not been tested on it"


def of_report(report: Report) -> list[str]:
    """Every variant beside the baseline, what each loses, how races ended, the warnings, and the recommendation.

    That the baseline looks broken comes before all of them.
    """
    measure: str = report_measure(report) or "similarity"
    has_labels = any(variant.accuracy for variant in report.main_variants)
    leak = leak_text(report)
    top1 = (f"top-1 (95 %){', leaked' if leak else ''}",) if has_labels else ()
    rows: list[tuple[str, ...]] = [("variant", "id", "size", "latency p50", "times as fast (95 %)", *top1, measure)]
    late = unfinished_ids(report)
    rows += [
        (
            f"{variant.label} (its time was up)" if variant.id in late else variant.label,
            variant.id,
            _size(variant),
            *_measured(variant, has_labels=has_labels),
        )
        for variant in report.main_variants
    ]
    races = [
        f"{name}: {note.text}"
        for race in report.races
        if race.reason
        for name, note in (("race", race.reason), *(("race", note) for note in race.notes))
    ]
    broken = [warning.text for warning in report.warnings if warning.code == codes.BASELINE_LOOKS_BROKEN]
    warnings = [
        f"{'note' if warning.is_information else 'warning'}: {warning.text}"
        for warning in report.warnings
        if warning.code != codes.BASELINE_LOOKS_BROKEN
    ]
    advice = report.recommended
    losses = [text for variant in report.main_variants if (text := _losses(variant, report))]
    outputs = [
        f"{variant.label}, output by output: {text}"
        for variant in report.main_variants
        if (text := outputs_text(variant))
    ]
    return [
        *(f"BEFORE ANY COMPARISON: {text}" for text in broken),
        *table(rows),
        *([f"leaked: {leak}"] if leak else []),
        *losses,
        *report.buffers_texts,
        *outputs,
        *races,
        *warnings,
        *(
            [f"recommended: {'nothing yet' if report.is_undecided else advice.id}, {advice.reason.text}"]
            if advice
            else []
        ),
        *_how_to_start(report),
    ]


def _how_to_start(report: Report) -> list[str]:
    """What the ratios of a race across runtimes are to, and the runtime of the recommended variant with its options."""
    best = report.recommended_variant
    if best is None or report.is_undecided:
        return []
    reference = [f"every ratio is to {report.reference}"] if report.target_labels else []
    return [*reference, f"run it in {how_to_start(report, best)}"]


def _losses(variant: Variant, report: Report) -> str:
    """A variant's loss with its interval, how sure it is that it is within the budget, and what changed."""
    comparison, verdict = variant.comparison, variant.verdict
    if comparison is None:
        return ""
    noun, between = example_noun(report), f"between {interval_text(comparison.low, comparison.high)}, 95 %"
    changes = losses_text(variant, report)
    if comparison.n_changed is None:  # no answers to count: what there is to say of the loss is in the brackets
        between, changes = f"the mean of {many(comparison.n_images, noun)}, {between}", ""
    loss = f"loses {points(comparison.drop)} of {quality_name(variant)} ({between})"
    certainty = certainty_text(verdict, report.recipe.budget, noun) if verdict is not None else ""
    return f"{variant.label}: {', '.join(filter(None, (loss, certainty)))}. {changes}".rstrip()


def of_gate(gate: Gate) -> list[str]:
    """One line a rule: whether it holds, the rule, and the figure of the variant; the variant is named in each."""
    return [
        f"{rule.holds}: {GATE_RULES[rule.name].format(rule.limit)}: {gate.label}: {rule.text}" for rule in gate.rules
    ]


def of_measurements(report: Report) -> list[str]:
    """Each measurement of a report's latencies, the oldest first, and which of them stands."""
    return [
        f"measured {one.created} on {one.hardware}: {len(one.latencies)} of {many(one.n_variants, 'file')}"
        f"{', which stands' if one.stands else ''}"
        for one in report.measurements
    ]


def _size(variant: Variant) -> str:
    size, compressed = size_text(variant.size_bytes), variant.compressed_bytes
    return size if compressed is None else f"{size} ({size_text(compressed)} compressed)"


def _measured(variant: Variant, *, has_labels: bool) -> tuple[str, ...]:
    """Latency, speed, top-1 where the report has labels, and similarity."""
    latency, accuracy, fidelity = variant.latency, variant.accuracy, variant.fidelity
    return (
        f"{latency.p50_ms:.3g} ms" if latency else "-",
        speed_cell(latency) if latency else variant.latency_estimate.cell if variant.latency_estimate else "-",
        *((_top1(accuracy) if accuracy else "-",) if has_labels else ()),
        similarity_text(fidelity) if fidelity else "-",
    )


def _top1(accuracy: Accuracy) -> str:
    """Top-1 with its interval, and with the accuracy of guessing where that is not surely below it."""
    top1 = f"{percent(accuracy.top1, 2)} ({percent(accuracy.low, 2)} to {percent(accuracy.high, 2)})"
    if accuracy.better_than_chance in (None, "yes"):
        return top1
    certainty = "no" if accuracy.better_than_chance == "no" else "not surely"
    return f"{top1}, {certainty} better than guessing ({percent(accuracy.chance or 0, 2)})"


def of_advice(advice: Advice) -> list[str]:
    """The user's model, then every architecture, the fastest first, and what is advised."""
    own = advice.own
    own_line = (
        f"{own.name}: {'x'.join(map(str, own.input_shape))}, {many(advice.target.threads or 1, 'thread')}, batch "
        f"{advice.target.batch_size}" + (f", median {own.p50_ms:.3g} ms" if own.p50_ms else "")
    )
    unmeasured = [one for one in advice.architectures if one.latency is None]
    rows = [("architecture", "", "times as fast as yours (95 %)", "published top-1", "at", "parameters")]
    rows += [_architecture(one, advice) for one in (*advice.measured, *unmeasured)]
    notes = [advice.reason] if advice.reason else []
    return [own_line, *table(rows), *(f"{note.code}: {note.text}" for note in (*notes, *advice.warnings))]


def _architecture(architecture: Architecture, advice: Advice) -> tuple[str, str, str, str, str, str]:
    labels = {"front": advice.front, "faster": advice.faster, "better": advice.better}
    latency, published = architecture.latency, architecture.published
    speed = architecture.refused.text if architecture.refused else "not measured"
    if latency:
        speed = speed_cell(latency)
    return (
        architecture.name,
        " ".join(label for label, names in labels.items() if architecture.name in names),
        speed + (" busy" if architecture.busy else ""),
        f"{percent(published.top1, 1)}" if published else "-",
        f"{published.img_size} px" if published else "-",
        f"{architecture.parameters / 1e6:.2f} M" if architecture.parameters else "-",
    )


def of_sensitivity(sensitivity: Sensitivity) -> list[str]:
    """Every group of layers with the top-1 (agreement without labels) after it alone lost shares of its channels."""
    what = "top-1" if sensitivity.labelled else "agreement"
    head = f"{what} of the whole network: {percent(sensitivity.top1, 1)} of {sensitivity.n_images} calibration images"
    rows = [("group of layers", "channels", f"{what} where a share of the channels went")]
    rows += [(layer.layer, str(layer.channels), _alone(layer)) for layer in sensitivity.layers]
    return [head, *table(rows), *(f"{note.code}: {note.text}" for note in sensitivity.warnings)]


def _alone(layer: LayerSensitivity) -> str:
    return ", ".join(f"{percent(point.ratio)}: {percent(point.top1, 1)}" for point in layer.points) or "stays whole"
