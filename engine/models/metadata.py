"""What an ONNX file tells of its images and classes: in its metadata as other tools write them, and in files beside it.

Read are the metadata of Ultralytics, those that ONNX defines for images (docs/MetadataProps.md of onnx), names of
classes under the usual keys, and beside a file the preprocessor_config.json and config.json of Hugging Face and timm.
What cannot be read is left out with a note: a stranger's damaged remark is no reason to refuse a model.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import onnx
from pydantic import ValidationError

from engine.models.metadata_sources import Hints, hints_beside, hints_within
from engine.models.preprocessing import fit_channels, imagenet_preprocess, pixel_preprocess
from engine.models.signature import ImageInput
from engine.results import Note, Origin, codes
from engine.settings import Preprocess
from engine.settings.model import METADATA_KEY
from engine.wording import many

PIXELS = ("mean", "std", "scale")
"""What turns pixels into the numbers that a model takes."""


@dataclass(frozen=True)
class Metadata:
    """What a file says of itself. `preprocess` is complete: what is not told is assumed, as `origins` says."""

    preprocess: Preprocess | None = None
    classes: tuple[str, ...] | None = None
    task: str | None = None
    """classification, detection or segmentation, where the file says so."""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Where each field of `preprocess` comes from."""
    sources: tuple[str, ...] = ()
    """What was read, such as Ultralytics' metadata."""
    ignored: tuple[Note, ...] = ()

    def classes_for(self, n_outputs: int) -> tuple[str, ...] | None:
        """The names of the classes, where there are as many as outputs."""
        return self.classes if self.classes is not None and len(self.classes) == n_outputs else None

    @property
    def tells_pixels(self) -> bool:
        """Whether it says how pixels become the model's numbers; else that is assumed."""
        return all(self.origins.get(name, "assumed") != "assumed" for name in PIXELS)

    def notes(self, *, prepares: bool, classes: tuple[str, ...] | None, n_outputs: int) -> tuple[Note, ...]:
        """What was taken: the preprocessing where it `prepares` the images, the names where they are `classes`.

        `n_outputs` is 0 for a task without classes, whose names are of no use here.
        """
        parts = [
            "how its images are prepared" if prepares and self.tells_pixels else "",
            f"the names of its {many(n_outputs, 'class')}"
            if self.classes is not None and classes == self.classes
            else "",
            f"that it is made for {self.task}" if self.task not in (None, "classification") else "",
        ]
        told = [part for part in parts if part]
        ignored = self.ignored
        if self.classes is not None and classes is None and n_outputs:
            text = f"Its metadata name {many(len(self.classes), 'class')} and it has {many(n_outputs, 'output')}; they "
            ignored = (*ignored, Note(code=codes.METADATA_IGNORED, text=f"{text}were left out"))
        if not told:
            return ignored
        listing = " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)
        keys = [
            *(["preprocess"] if prepares and self.tells_pixels else []),
            *(["data.classes"] if self.classes is not None and classes == self.classes else []),
            *(["model.task"] if self.task not in (None, "classification") else []),
        ]
        where = f" ({', '.join(keys)})"
        text = f"Taken from {' and '.join(self.sources)}: {listing}. Correct what of it is wrong{where}"
        return Note(code=codes.METADATA_READ, text=text), *ignored


def read_metadata(proto: onnx.ModelProto, declared: ImageInput, folder: Path | None = None) -> Metadata:
    """What the file says of itself, and what files beside it in `folder` say; nothing where it has metadata of ours."""
    if any(entry.key == METADATA_KEY for entry in proto.metadata_props):
        return Metadata()
    properties = {entry.key: entry.value for entry in proto.metadata_props}
    found = [*hints_within(properties), *(hints_beside(folder) if folder is not None else ())]
    first_classes = next((hints.classes for hints in found if hints.classes), None)
    metadata = Metadata(
        classes=first_classes,
        task=next((hints.task for hints in found if hints.task), None),
        sources=tuple(dict.fromkeys(hints.source for hints in found if hints.values or hints.classes or hints.task)),
        ignored=tuple(hints.damaged for hints in found if hints.damaged is not None),
    )
    values, origins = _merged(found)
    if declared.kind == "uint8":  # a graph that takes bytes normalises them itself, whatever is said for other files
        values = {name: value for name, value in values.items() if name not in PIXELS}
    return _with_preprocess(metadata, declared, values, origins)


def preprocess_origins(metadata: Metadata, *, asked: bool, own: bool, size_asked: bool) -> dict[str, Origin]:
    """Where each field of the preprocessing comes from: it was asked for, is in metadata of our own, or else."""
    if asked or own:
        return dict.fromkeys(Preprocess.model_fields, "asked" if asked else "file")
    origins: dict[str, Origin] = dict.fromkeys(Preprocess.model_fields, "assumed")
    origins |= metadata.origins or {"size": "graph"}
    return origins | ({"size": "asked"} if size_asked else {})


def _merged(found: Iterable[Hints]) -> tuple[dict[str, Any], dict[str, Origin]]:
    """The values of all hints, those of the first that has each, and where they come from."""
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for hints in found:
        for name, value in hints.values.items():
            if name not in values:
                values[name], origins[name] = value, hints.origin
    return values, origins


def _with_preprocess(
    metadata: Metadata, declared: ImageInput, values: dict[str, Any], origins: dict[str, Origin]
) -> Metadata:
    """The metadata with a whole preprocessing, where the values give more than the graph and its size can be told."""
    height, width = values.pop("size", None) or (None, None)
    height, width = declared.height or height, declared.width or width
    channels = declared.channels or values.pop("n_channels", None) or len(values.get("mean", ())) or None
    values.pop("n_channels", None)
    if height is None or width is None or channels not in (1, 3) or not (values or "size" in origins):
        return metadata
    if declared.height and declared.width:
        origins["size"] = "graph"
    prepare = pixel_preprocess if declared.kind == "uint8" else imagenet_preprocess
    for name in ("mean", "std"):
        if name in values:
            values[name] = fit_channels(tuple(values[name]), channels)
    if channels == 1:
        values.pop("channels", None)
    try:
        preprocess = prepare(channels, (height, width))
        preprocess = Preprocess.model_validate({**preprocess.model_dump(), **values})
    except ValidationError:
        text = "The preprocessing in its metadata is no usable one, and was left out"
        note = Note(code=codes.METADATA_IGNORED, text=text)
        return replace(metadata, ignored=(*metadata.ignored, note))
    known: dict[str, Origin] = {name: origins.get(name, "assumed") for name in Preprocess.model_fields}
    if declared.kind == "uint8":
        known |= dict.fromkeys(PIXELS, "graph")
    return replace(metadata, preprocess=preprocess, origins=known)
