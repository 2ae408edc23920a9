"""The metadata of ONNX files by who wrote them: each source as values of a preprocessing, class names and a task."""

import ast
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from engine.results import Note, Origin, codes

MAX_TEXT = 1_000_000
"""Letters of a text in the metadata; the names of 22,000 classes have about 700,000."""
MAX_FILE = 8_000_000
"""Bytes of a configuration beside a file."""
MAX_CLASSES = 100_000
MAX_NAME = 200
LARGEST = 10**9
CLASS_KEYS = ("names", "classes", "class_names", "labels", "label_names", "id2label")
"""Keys under which tools and their users write the names of the classes, in the order of the outputs."""
TASKS = {"classify": "classification", "detect": "detection", "segment": "segmentation"}
"""Ultralytics' tasks."""
ARCHITECTURES = {
    "ForImageClassification": "classification",
    "ForSemanticSegmentation": "segmentation",
    "ForInstanceSegmentation": "segmentation",
    "ForUniversalSegmentation": "segmentation",
    "ForObjectDetection": "detection",
}
"""Ends of the names of Hugging Face's classes."""
RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
"""Pillow's numbers of its filters."""
PIXEL_FORMATS = {"Gray8": (1, None), "Rgb8": (3, "rgb"), "Bgr8": (3, "bgr")}
PIXEL_RANGES = {
    "NominalRange_0_255": (0.0, 1.0, 1.0),
    "Normalized_0_1": (0.0, 1.0, 255.0),
    "Normalized_1_1": (0.5, 0.5, 255.0),
}
"""ONNX's names of ranges: mean and standard deviation after the division, and the divisor."""
PLAIN_RANGE = {"mean": (0.0,), "std": (1.0,), "scale": 255.0}
"""Pixels divided by 255 and nothing else."""
CONVNEXT_EDGE, CONVNEXT_CROP = 384, 224 / 256
"""Below this edge a shortest edge is resized to edge / crop_pct and cut, from it on squashed, as ConvNextImageProcessor
of transformers does where the configuration has a crop_pct."""
_PLACEHOLDER = re.compile(r"LABEL_\d+")

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Hints:
    """What one source tells. `values` are fields of a Preprocess, mean and std as one value or one a channel, and
    `n_channels`; a value that is not told is missing."""

    source: str
    origin: Origin
    values: dict[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None
    task: str | None = None
    damaged: Note | None = None


def hints_within(properties: Mapping[str, str]) -> list[Hints]:
    """What the metadata of a file tell, the surest source first."""
    ultralytics = properties.get("author") == "Ultralytics" or {"names", "stride"} <= properties.keys()
    readers = (_ultralytics,) if ultralytics else (_image_properties, _class_names)
    return [hints for read in readers if (hints := read(properties)) is not None]


def hints_beside(folder: Path) -> list[Hints]:
    """What the configurations of Hugging Face and timm beside a file tell; none where there are no such files."""
    readers: tuple[tuple[str, Callable[[Json], Hints]], ...] = (
        ("preprocessor_config.json", _preprocessor_config),
        ("config.json", _config),
    )
    found = []
    for name, read in readers:
        text = _text_of(folder / name)
        if text is None:
            continue
        try:
            found.append(read(_json_object(text)))
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
            found.append(Hints(name, "beside", damaged=_damaged(f"'{name}' beside the file")))
    return found


def _ultralytics(properties: Mapping[str, str]) -> Hints:
    """torch.onnx exports of Ultralytics: see `metadata` in ultralytics/engine/exporter.py."""
    task, values = properties.get("task", "detect"), dict[str, Any](PLAIN_RANGE, interpolation="bilinear", crop_pct=1.0)
    values["resize"] = "crop" if task == "classify" else "letterbox"
    channels = _literal(properties.get("channels", "3"))
    values["n_channels"] = channels if channels in (1, 3) else 3
    size = _size(_literal(properties.get("imgsz", "")))
    if size is not None:
        values["size"] = size
    names = _names(properties.get("names", ""))
    damaged = _damaged("its metadata 'names'") if names is None and "names" in properties else None
    return Hints("Ultralytics' metadata", "file", values, names, TASKS.get(task), damaged)


def _image_properties(properties: Mapping[str, str]) -> Hints | None:
    """The metadata that ONNX defines for images: see docs/MetadataProps.md of onnx."""
    values: dict[str, Any] = {}
    if properties.get("Image.BitmapPixelFormat") in PIXEL_FORMATS:
        values["n_channels"], order = PIXEL_FORMATS[properties["Image.BitmapPixelFormat"]]
        values |= {"channels": order} if order is not None else {}
    if properties.get("Image.NominalPixelRange") in PIXEL_RANGES:
        mean, std, scale = PIXEL_RANGES[properties["Image.NominalPixelRange"]]
        values |= {"mean": (mean,), "std": (std,), "scale": scale}
    return Hints("its image metadata", "file", values) if values else None


def _class_names(properties: Mapping[str, str]) -> Hints | None:
    key = next((key for key in CLASS_KEYS if properties.get(key, "").strip()), None)
    if key is None:
        return None
    names = _names(properties[key])
    damaged = _damaged(f"its metadata '{key}'") if names is None else None
    return Hints("its metadata", "file", classes=names, damaged=damaged)


def _preprocessor_config(config: Json) -> Hints:
    """An image processor of transformers."""
    values: dict[str, Any] = {}
    if config.get("do_normalize", "image_mean" in config):
        values |= {"mean": _numbers(config["image_mean"]), "std": _numbers(config["image_std"])}
    else:
        values |= {"mean": (0.0,), "std": (1.0,)}
    values["scale"] = 1 / float(config.get("rescale_factor", 1 / 255)) if config.get("do_rescale", True) else 1.0
    values["scale"] = round(values["scale"], 6)
    if config.get("rescale_offset"):  # EfficientNet's: the pixels less 1 after the division
        values["mean"] = tuple(1.0 + mean for mean in values["mean"])
    if config.get("resample") in RESAMPLE:
        values["interpolation"] = RESAMPLE[config["resample"]]
    if config.get("do_flip_channel_order"):
        values["channels"] = "bgr"
    return Hints("preprocessor_config.json", "beside", {**values, **_resizing(config)})


def _resizing(config: Json) -> dict[str, Any]:
    """Size, resize and crop_pct of an image processor; nothing where it leaves the size open."""
    size, crop = config.get("size"), config.get("crop_size")
    shortest = size.get("shortest_edge") if isinstance(size, Mapping) else None
    resized = _size(size) or _size(shortest) if config.get("do_resize", True) else None
    if config.get("do_center_crop", False) and (cut := _size(crop or size)) is not None:
        share = _share(cut[0], resized[0]) if resized is not None else 1.0
        return {"size": cut, "crop_pct": share, "resize": "crop" if shortest else "squash"}
    if resized is None:
        return {}
    if "crop_pct" in config and resized[0] < CONVNEXT_EDGE:
        return {"size": resized, "crop_pct": float(config["crop_pct"] or CONVNEXT_CROP), "resize": "crop"}
    keeps_shape = shortest is not None and "crop_pct" not in config
    return {"size": resized, "crop_pct": 1.0, "resize": "crop" if keeps_shape else "squash"}


def _share(cut: int, resized: int) -> float:
    """The crop_pct by which an edge is resized to `resized` before it is cut: cut / crop_pct is rounded down."""
    share = cut / resized
    return share if math.floor(cut / share) == resized else math.nextafter(share, 0.0)


def _config(config: Json) -> Hints:
    """The configuration of a model of transformers or timm."""
    ends = [end for name in config.get("architectures") or () for end in ARCHITECTURES if str(name).endswith(end)]
    task = ARCHITECTURES[ends[0]] if ends else None
    names = config.get("label_names") or config.get("id2label")
    classes = _as_names(names) if names else None
    cfg = config.get("pretrained_cfg")
    return Hints("config.json", "beside", _timm_values(cfg) if isinstance(cfg, Mapping) else {}, classes, task)


def _timm_values(cfg: Json) -> dict[str, Any]:
    """The preprocessing in the pretrained_cfg of a timm model."""
    values: dict[str, Any] = {"scale": 255.0}
    values |= {name: _numbers(cfg[name]) for name in ("mean", "std") if name in cfg}
    if cfg.get("interpolation") in RESAMPLE.values():
        values["interpolation"] = cfg["interpolation"]
    if "crop_pct" in cfg:
        values["crop_pct"] = float(cfg["crop_pct"])
    values["resize"] = "squash" if cfg.get("crop_mode") == "squash" else "crop"
    channels, *size = cfg.get("input_size") or (3,)
    return {**values, "n_channels": int(channels), **({"size": tuple(map(int, size))} if len(size) == 2 else {})}


def _names(text: str) -> tuple[str, ...] | None:
    """Names of classes: a list, or a mapping from their numbers, in JSON or as Python writes it; else a line each, or
    with commas between them. None where that cannot be read."""
    value = _literal(text)
    if value is not None:
        return _as_names(value)
    separator = "\n" if "\n" in text.strip() else ","
    if len(text) > MAX_TEXT or text.lstrip()[:1] in ("{", "["):
        return None
    names = tuple(part.strip()[:MAX_NAME] for part in text.split(separator))
    return names if 1 < len(names) <= MAX_CLASSES and all(names) else None


def _as_names(value: object) -> tuple[str, ...] | None:
    """Names in the order of their numbers; None for anything else, and for placeholders such as LABEL_0."""
    if isinstance(value, Mapping):
        try:
            numbered = {int(key): name for key, name in value.items()}
        except (ValueError, TypeError, OverflowError):
            return None
        if sorted(numbered) != list(range(len(value))):
            return None
        value = [numbered[number] for number in range(len(numbered))]
    if not isinstance(value, list | tuple) or not 1 < len(value) <= MAX_CLASSES:
        return None
    names = tuple(str(name)[:MAX_NAME] for name in value if isinstance(name, str) or _is_number(name))
    return None if len(names) < len(value) or all(map(_PLACEHOLDER.fullmatch, names)) else names


def _literal(text: str) -> Any:
    """The value of a JSON or Python literal; None where it is none, or too long. Nothing in it is ever carried out."""
    if len(text) > MAX_TEXT:
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text.strip())
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
    return None


def _size(value: object) -> tuple[int, int] | None:
    """Height and width of a list of two, of one number for both, or of a mapping; None for anything else."""
    if isinstance(value, Mapping):
        value = [value.get("height"), value.get("width")]
    edges = value if isinstance(value, list | tuple) else [value, value]
    numbers = [edge for edge in edges if _is_number(edge) and edge > 0]
    return (numbers[0], numbers[1]) if len(numbers) == len(edges) == 2 else None


def _is_number(value: object) -> TypeGuard[int]:
    """Whether it is a whole number that can be written: Python has no text for one of thousands of digits."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


def _numbers(values: Iterable[Any] | float) -> tuple[float, ...]:
    """The values as floats. Raises ValueError where there is none, and TypeError where one is no number."""
    numbers = tuple(map(float, values)) if isinstance(values, Iterable) else (float(values),)
    if not numbers:
        raise ValueError("no value")
    return numbers


def _json_object(text: str) -> Json:
    value = json.loads(text)
    if not isinstance(value, Mapping):
        raise TypeError("no object")
    return value


def _text_of(path: Path) -> str | None:
    """The text of a small file; None where there is none."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_FILE:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _damaged(what: str) -> Note:
    return Note(code=codes.METADATA_IGNORED, text=f"{what[0].upper()}{what[1:]} cannot be read and was left out")
