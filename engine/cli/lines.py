"""Results as lines of text, for the command line."""

from collections.abc import Sequence

from engine.results import (
    Accuracy,
    Advice,
    Architecture,
    Hardware,
    Identification,
    Job,
    LayerSensitivity,
    ModelProfile,
    Report,
    Sensitivity,
    Variant,
    certainty_text,
    example_noun,
    interval_text,
    losses_text,
    outputs_text,
    points,
    quality_name,
    report_measure,
    similarity_text,
    speed_cell,
    unfinished_ids,
)
from engine.settings import Preprocess
from engine.wording import many, percent

Rows = Sequence[tuple[str, ...]]
MAX_CLASSES = 10


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
    providers = [(row.runtime, row.name, "yes" if row.works else f"no: {row.reason}") for row in hardware.providers]
    return [*facts, "", *table([("runtime", "provider", "works"), *providers])]


def of_profile(profile: ModelProfile) -> list[str]:
    """What a model is, a fact a line."""
    layers = sorted(profile.layers.items(), key=lambda item: (-item[1], item[0]))
    rows = [
        ("name", profile.name),
        ("format", f"{profile.format}, opset {profile.opset}, weights: {profile.weights}"),
        *(("input", _signature(name, shape)) for name, shape in profile.inputs.items()),
        *(("output", _signature(name, shape)) for name, shape in profile.outputs.items()),
        ("parameters", _amount(profile.parameters)),
        ("MACs", "cannot be told" if profile.macs is None else f"{_amount(profile.macs)} for one image"),
        ("size", f"{_amount(profile.size_bytes)}B"),
        ("layers", ", ".join(f"{count} {name}" for name, count in layers)),
        ("classes", _classes(profile)),
        ("images", _preprocess(profile.preprocess) if profile.preprocess else "cannot be told"),
        *(("warning", warning.text) for warning in profile.warnings),
    ]
    return table(rows)


def of_identification(weights: Identification) -> list[str]:
    """What a weights file holds, the architectures that it may be of, and how to load it onto one."""
    names = ", ".join(weights.architectures)
    use = f"model: {{kind: timm, name: {(weights.architectures or ('NAME',))[0]}, weights: {weights.name}}}"
    rows = [
        ("name", weights.name),
        ("format", f"weights, {weights.n_tensors:,} tensors with {_amount(weights.parameters).strip()} values"),
        ("architecture", names or "none of the catalogue has these names and shapes"),
        ("in a recipe", use),
        *(("note", note.text) for note in weights.notes),
    ]
    return table(rows)


def _amount(number: int) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.2f} {letter}"
    return f"{number:,} "


def of_report(report: Report) -> list[str]:
    """Every variant beside the baseline, what each loses, how races ended, the warnings, and the recommendation."""
    measure: str = report_measure(report) or "similarity"
    has_labels = any(variant.accuracy for variant in report.main_variants)
    top1 = ("top-1 (95 %)",) if has_labels else ()
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
    warnings = [f"warning: {warning.text}" for warning in report.warnings]
    advice = report.recommended
    losses = [text for variant in report.main_variants if (text := _losses(variant, report))]
    outputs = [
        f"{variant.label}, output by output: {text}"
        for variant in report.main_variants
        if (text := outputs_text(variant))
    ]
    return [
        *table(rows),
        *losses,
        *outputs,
        *races,
        *warnings,
        *(
            [f"recommended: {'nothing yet' if report.is_undecided else advice.id}, {advice.reason.text}"]
            if advice
            else []
        ),
    ]


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


def of_measurements(report: Report) -> list[str]:
    """Each measurement of a report's latencies, the oldest first, and which of them stands."""
    return [
        f"measured {one.created} on {one.cpu}: {len(one.latencies)} of {many(one.n_variants, 'file')}"
        f"{', which stands' if one.stands else ''}"
        for one in report.measurements
    ]


def _size(variant: Variant) -> str:
    size = f"{variant.size_bytes / 1e6:.2f} MB"
    return size if variant.compressed_bytes is None else f"{size} ({variant.compressed_bytes / 1e6:.2f} compressed)"


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
        f"{own.name}: {'x'.join(map(str, own.input_shape))}, {advice.target.threads} threads, batch "
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


def _signature(name: str, shape: tuple[int | str, ...]) -> str:
    return f"{name}: {' x '.join(map(str, shape))}"


def _classes(profile: ModelProfile) -> str:
    outputs = "an unknown number" if profile.n_outputs is None else str(profile.n_outputs)
    if profile.classes is None:
        return f"{outputs}, without names"
    ellipsis = ", ..." if len(profile.classes) > MAX_CLASSES else ""
    return f"{outputs}: {', '.join(profile.classes[:MAX_CLASSES])}{ellipsis}"


def _preprocess(settings: Preprocess) -> str:
    """The steps from an image to the input, in their order."""
    height, width = settings.size
    channels = settings.channels or ("gray" if len(settings.mean) == 1 else "rgb")
    crop = f"{settings.crop_pct:g} of it cropped from the centre" if settings.resize == "crop" else "squashed"
    mean, std = (", ".join(f"{value:.4g}" for value in values) for values in (settings.mean, settings.std))
    return (
        f"{height}x{width} px, {channels}, {settings.interpolation}, {crop}, divided by {settings.scale:g}, "
        f"mean {mean}, standard deviation {std}"
    )
