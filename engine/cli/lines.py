"""Results as lines of text, for the command line."""

from collections.abc import Sequence

from engine.results import (
    Accuracy,
    Advice,
    Architecture,
    Hardware,
    Job,
    LayerSensitivity,
    ModelProfile,
    Report,
    Sensitivity,
    Variant,
    speed_cell,
)
from engine.settings import Preprocess
from engine.wording import percent

Rows = Sequence[tuple[str, ...]]
MAX_CLASSES = 10


def table(rows: Rows) -> list[str]:
    """One row a line, the columns one below the other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def of_job(job: Job) -> list[str]:
    """How a job stands; the first line begins with its state."""
    place = f" (number {job.position} in line)" if job.position else ""
    doing = f" {percent(job.fraction)}, {job.message}" if job.state == "running" else ""
    lines = [
        f"{job.state}{place}{doing}",
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


def of_hardware(found: Hardware) -> list[str]:
    """This machine, and which providers really ran a model on it."""
    machine = found.environment
    facts = table(
        [
            ("processor", machine.cpu),
            ("cores", f"{machine.cores} for this process"),
            ("memory", f"{machine.memory_bytes / 1e9:.1f} GB"),
            ("instructions", " ".join(machine.isa) or "none of note"),
            ("GPUs", ", ".join(found.gpus) or "none that torch can use"),
            ("versions", ", ".join(f"{name} {version}" for name, version in machine.versions.items())),
        ]
    )
    providers = [(row.runtime, row.name, "yes" if row.works else f"no: {row.reason}") for row in found.providers]
    return [*facts, "", *table([("runtime", "provider", "works"), *providers])]


def of_profile(found: ModelProfile) -> list[str]:
    """What a model is, a fact a line."""
    layers = sorted(found.layers.items(), key=lambda item: (-item[1], item[0]))
    rows = [
        ("name", found.name),
        ("format", f"{found.format}, opset {found.opset}, weights: {found.weights}"),
        *(("input", _signature(name, shape)) for name, shape in found.inputs.items()),
        *(("output", _signature(name, shape)) for name, shape in found.outputs.items()),
        ("parameters", _amount(found.parameters)),
        ("MACs", "cannot be told" if found.macs is None else f"{_amount(found.macs)} for one image"),
        ("size", f"{_amount(found.size_bytes)}B"),
        ("layers", ", ".join(f"{count} {name}" for name, count in layers)),
        ("classes", _classes(found)),
        ("images", _preprocess(found.preprocess) if found.preprocess else "cannot be told"),
        *(("warning", warning.text) for warning in found.warnings),
    ]
    return table(rows)


def _amount(number: int) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.2f} {letter}"
    return f"{number:,} "


def of_report(report: Report) -> list[str]:
    """Every variant beside the baseline, how races ended, what there is to know, and what is recommended."""
    rows = [("variant", "id", "size", "latency p50", "times as fast (95 %)", "top-1 (95 %)", "agreement")]
    rows += [(variant.label, variant.id, _size(variant), *_measured(variant)) for variant in report.main_variants]
    races = [
        f"{name}: {note.text}"
        for race in report.races
        if race.reason
        for name, note in (("race", race.reason), *(("race", note) for note in race.notes))
    ]
    warnings = [f"warning: {warning.text}" for warning in report.warnings]
    advice = report.recommended
    return [*table(rows), *races, *warnings, *([f"recommended: {advice.id}, {advice.reason.text}"] if advice else [])]


def _size(variant: Variant) -> str:
    size = f"{variant.size_bytes / 1e6:.2f} MB"
    return size if variant.compressed_bytes is None else f"{size} ({variant.compressed_bytes / 1e6:.2f} compressed)"


def _measured(variant: Variant) -> tuple[str, str, str, str]:
    latency, accuracy, fidelity = variant.latency, variant.accuracy, variant.fidelity
    return (
        f"{latency.p50_ms:.3g} ms" if latency else "-",
        speed_cell(latency) if latency else "-",
        _top1(accuracy) if accuracy else "-",
        f"{percent(fidelity.agreement, 2)}" if fidelity else "-",
    )


def _top1(accuracy: Accuracy) -> str:
    """With its interval, and with what guessing gives where that reaches it."""
    top1 = f"{percent(accuracy.top1, 2)} ({percent(accuracy.low, 2)} to {percent(accuracy.high, 2)})"
    if accuracy.better_than_chance in (None, "yes"):
        return top1
    surely = "no" if accuracy.better_than_chance == "no" else "not surely"
    return f"{top1}, {surely} better than guessing ({percent(accuracy.chance or 0, 2)})"


def of_advice(advice: Advice) -> list[str]:
    """The user's model, then every architecture, the fastest first, and what is advised."""
    own = advice.own
    mine = (
        f"{own.name}: {'x'.join(map(str, own.input_shape))}, {advice.target.threads} threads, batch "
        f"{advice.target.batch_size}" + (f", median {own.p50_ms:.3g} ms" if own.p50_ms else "")
    )
    rest = [one for one in advice.architectures if one.latency is None]
    rows = [("architecture", "", "times as fast as yours (95 %)", "published top-1", "at", "parameters")]
    rows += [_architecture(one, advice) for one in (*advice.measured, *rest)]
    notes = [advice.reason] if advice.reason else []
    return [mine, *table(rows), *(f"{note.code}: {note.text}" for note in (*notes, *advice.warnings))]


def _architecture(one: Architecture, advice: Advice) -> tuple[str, str, str, str, str, str]:
    words = {"front": advice.front, "faster": advice.faster, "better": advice.better}
    latency, known = one.latency, one.published
    speed = one.refused.text if one.refused else "not measured"
    if latency:
        speed = speed_cell(latency)
    return (
        one.name,
        " ".join(word for word, names in words.items() if one.name in names),
        speed + (" busy" if one.busy else ""),
        f"{percent(known.top1, 1)}" if known else "-",
        f"{known.img_size} px" if known else "-",
        f"{one.parameters / 1e6:.2f} M" if one.parameters else "-",
    )


def of_sensitivity(found: Sensitivity) -> list[str]:
    """Every group of layers with what is right (agrees, without labels) after it alone lost a share of its channels."""
    what = "top-1" if found.labelled else "agreement"
    head = f"{what} of the whole network: {percent(found.top1, 1)} of {found.n_images} calibration images"
    rows = [("group of layers", "channels", f"{what} where a share of the channels went")]
    rows += [(one.layer, str(one.channels), _alone(one)) for one in found.layers]
    return [head, *table(rows), *(f"{note.code}: {note.text}" for note in found.warnings)]


def _alone(one: LayerSensitivity) -> str:
    return ", ".join(f"{percent(point.ratio)}: {percent(point.top1, 1)}" for point in one.points) or "stays whole"


def _signature(name: str, shape: tuple[int | str, ...]) -> str:
    return f"{name}: {' x '.join(map(str, shape))}"


def _classes(found: ModelProfile) -> str:
    outputs = "an unknown number" if found.n_outputs is None else str(found.n_outputs)
    if found.classes is None:
        return f"{outputs}, without names"
    more = ", ..." if len(found.classes) > MAX_CLASSES else ""
    return f"{outputs}: {', '.join(found.classes[:MAX_CLASSES])}{more}"


def _preprocess(settings: Preprocess) -> str:
    """From the image to the input, in the order in which it happens."""
    height, width = settings.size
    channels = settings.channels or ("gray" if len(settings.mean) == 1 else "rgb")
    crop = f"{settings.crop_pct:g} of it cropped from the centre" if settings.resize == "crop" else "squashed"
    mean, std = (", ".join(f"{value:.4g}" for value in values) for values in (settings.mean, settings.std))
    return (
        f"{height}x{width} px, {channels}, {settings.interpolation}, {crop}, divided by {settings.scale:g}, "
        f"mean {mean}, standard deviation {std}"
    )
