"""Models as lines of text, for the command line."""

from collections.abc import Iterable, Sequence

from engine.cli.lines import table
from engine.results import Applicability, Identification, ModelProfile
from engine.settings import Preprocess
from engine.tasks import TASKS
from engine.wording import percent

MAX_CLASSES = 10
RESIZES = {"squash": "squashed", "letterbox": "its shape kept and padded with grey"}


def of_profile(profile: ModelProfile) -> list[str]:
    """What a model is, a fact a line, and its heaviest layers."""
    layers = sorted(profile.layers.items(), key=lambda item: (-item[1], item[0]))
    noun = "image" if profile.preprocess else "example"
    weights = ", ".join(f"{_amount(size)}B {name}" for name, size in profile.bytes_by_operator.items())
    rows = [
        ("name", profile.name),
        ("read as", profile.task),
        ("format", f"{profile.format}, opset {profile.opset}, weights: {profile.weights}"),
        *(("input", _signature(name, shape)) for name, shape in profile.inputs.items()),
        *(("output", _signature(name, shape)) for name, shape in profile.outputs.items()),
        ("parameters", _amount(profile.parameters)),
        ("MACs", "cannot be told" if profile.macs is None else f"{_amount(profile.macs).strip()} for one {noun}"),
        ("size", f"{_amount(profile.size_bytes)}B"),
        ("layers", ", ".join(f"{count} {name}" for name, count in layers)),
        *([("weights", weights)] if weights else []),
        *([("classes", _classes(profile))] if TASKS[profile.task].classes else []),
        ("images", _preprocess(profile.preprocess) if profile.preprocess else "cannot be told"),
        *([("assumed", assumed)] if (assumed := _assumed(profile)) else []),
        *(("note" if note.is_information else "warning", note.text) for note in profile.warnings),
    ]
    return [*table(rows), *_heaviest(profile)]


def of_applicability(rows: Sequence[Applicability]) -> list[str]:
    """What can be done with a model, a technique a line, and what cannot, with the reason."""
    possible = _by_technique(
        (row, f"with {' and '.join(row.needs)}" if row.needs else "") for row in rows if not row.refusal
    )
    refused = _by_technique((row, f"{row.refusal.message}. {row.refusal.next}") for row in rows if row.refusal)
    return table([*(("can be done", *row) for row in possible), *(("cannot be done", *row) for row in refused)])


def _by_technique(rows: Iterable[tuple[Applicability, str]]) -> list[tuple[str, str]]:
    """A line for each technique and text, with the methods that share the text."""
    methods: dict[tuple[str, str], list[str]] = {}
    for row, text in rows:
        methods.setdefault((row.technique, text), []).append(row.method or "")
    return [
        (f"{technique} ({', '.join(names)})" if any(names) else technique, text)
        for (technique, text), names in methods.items()
    ]


def _heaviest(profile: ModelProfile) -> list[str]:
    """The heaviest layers with their share of the multiply-adds, under a head; nothing where the graph is unknown."""
    total = profile.known_macs
    rows = [
        (
            node.name,
            node.operator,
            " x ".join(map(str, node.output_shape)) if node.output_shape else "-",
            "-" if node.macs is None else _amount(node.macs).strip(),
            "-" if total is None else percent((node.macs or 0) / total),
            f"{_amount(node.weight_bytes)}B" if node.weight_bytes else "-",
        )
        for node in profile.heaviest
    ]
    return ["", *table([("heaviest layers", "operator", "output", "MACs", "share", "weights"), *rows])] if rows else []


def _assumed(profile: ModelProfile) -> str:
    """The settings of the images that nobody has told; empty where all are."""
    return ", ".join(name for name, origin in profile.preprocess_origins.items() if origin == "assumed")


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
    crop = RESIZES.get(settings.resize, f"{settings.crop_pct:g} of it cropped from the centre")
    mean, std = (", ".join(f"{value:.4g}" for value in values) for values in (settings.mean, settings.std))
    return (
        f"{height}x{width} px, {channels}, {settings.interpolation}, {crop}, divided by {settings.scale:g}, "
        f"mean {mean}, standard deviation {std}"
    )
