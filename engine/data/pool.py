"""All images or other examples of a source, before they are split."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.results import FolderReading, LabelFile, Note, codes

SplitName = Literal["train", "calibration", "evaluation", "holdout"]
SPLIT_NAMES: tuple[SplitName, ...] = ("train", "calibration", "evaluation", "holdout")
Example = Mapping[str, NDArray[np.generic]]
"""One example of a model that takes no images: an array an input, without the axis of examples."""


@dataclass(frozen=True)
class SkippedFile:
    """A file that was left out, by its path within the folder of images, and why."""

    id: str
    reason: str

    @property
    def note(self) -> Note:
        return Note(code=codes.IMAGE_SKIPPED, text=f"'{self.id}' was left out: {self.reason}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """`hashes` are of the examples' content; `labels` (N,) int64 index `classes`.

    `rows` is set where the source itself defines the splits, and `folders` where it was read from folders. `outputs`
    are the labels as the source names them, sorted, with the index of each; None where they are `classes` themselves.
    """

    ids: tuple[str, ...]
    hashes: tuple[str, ...]
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...] | None
    outputs: Mapping[str, int] | None = None
    rows: Mapping[SplitName, NDArray[np.int64]] | None = None
    skipped: tuple[SkippedFile, ...] = ()
    label_file: LabelFile | None = None
    warnings: tuple[Note, ...] = ()
    synthetic: bool = False
    folders: FolderReading | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def names(self) -> NDArray[np.str_] | None:
        """The label of every example as its source names it (N,), which depends on no model and no order of classes."""
        if self.labels is None or self.classes is None:
            return None
        if self.outputs is None:
            return np.array(self.classes)[self.labels]
        names, outputs = np.array(list(self.outputs)), np.array(list(self.outputs.values()))
        order = np.argsort(outputs)
        return names[order][np.searchsorted(outputs, self.labels, sorter=order)]


@dataclass(frozen=True, kw_only=True, eq=False)
class ImagePool(Pool):
    """`read(index)` gives the raw image; `pixels` (N, H, W, C) uint8 are those of all where they are prepared.

    `file(index)` is where an image lies as a file; None where they are no files.
    """

    read: Callable[[int], Image.Image]
    pixels: NDArray[np.uint8] | None = None
    file: Callable[[int], Path] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayPool(Pool):
    """`read(index)` gives an example; `constants` are the inputs that have no axis of examples, for every call."""

    read: Callable[[int], Example]
    constants: Example = field(default_factory=dict)


def digest(value: object) -> str:
    """SHA-256 (hex) of a plain value."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
