"""All images of the data in one line, and what is known of each after it was decoded once."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.data.audit.properties import PROPERTIES, Row, properties
from engine.data.likeness import EDGE, Likeness, perceptual_hash, small_grey
from engine.data.parts import THREADS, Data, Part
from engine.data.pool import SplitName
from engine.results.audit import AuditSplit

ORDER: tuple[SplitName, ...] = ("train", "calibration", "holdout", "evaluation")
"""Of two copies, the one in the later split is the finding."""


@dataclass(frozen=True, eq=False)
class AuditedImage:
    """One image: where it belongs, the sum of its file, its label, and `read()`, which decodes it."""

    id: str
    sha256: str
    split: AuditSplit
    label: int | None
    part: Part
    index: int

    def read(self) -> Image.Image:
        """The image as its file has it. Raises DataError where its file is gone or was changed."""
        return self.part.raw(self.index)


def audited_parts(data: Data) -> dict[AuditSplit, Part]:
    """The images of every split in ORDER, and last those that evaluation gave to the selection.

    Raises DataError where the data is arrays.
    """
    parts: dict[AuditSplit, Part] = {name: data.images(name) for name in ORDER}
    given = data.given_by_evaluation
    if isinstance(data.selection, Part) and len(given):
        parts["selection"] = data.selection.span(int(given[0]), len(data.selection))  # they are its last
    return parts


def audited_images(parts: Mapping[AuditSplit, Part]) -> list[AuditedImage]:
    """Every image of these parts, in their order."""
    return [image for name, part in parts.items() for image in _of_part(part, name)]


def _of_part(part: Part, split: AuditSplit) -> list[AuditedImage]:
    labels = [None] * len(part) if part.labels is None else part.labels.tolist()
    rows = zip(part.ids, part.hashes, labels, strict=True)
    return [AuditedImage(id, sha256, split, label, part, index) for index, (id, sha256, label) in enumerate(rows)]


@dataclass(frozen=True, eq=False)
class Scan:
    """What decoding N images tells: their likeness, and their properties (N,) of the type PROPERTIES."""

    likeness: Likeness
    properties: NDArray[np.void]

    @classmethod
    def empty(cls, count: int) -> "Scan":
        """Room for so many images, about 1.1 kB each, which `fill` fills."""
        likeness = Likeness(np.empty(count, np.uint64), np.empty((count, EDGE, EDGE), np.uint8))
        return cls(likeness, np.empty(count, PROPERTIES))

    def fill(self, images: Sequence[AuditedImage], start: int, stop: int) -> None:
        """Decodes the images from `start` up to `stop`, in threads. Raises DataError where one is gone."""
        with ThreadPoolExecutor(THREADS) as threads:
            for index, (pixels, row) in enumerate(threads.map(_look, images[start:stop]), start):
                self.likeness.pixels[index] = pixels
                self.likeness.hashes[index] = perceptual_hash(pixels)
                self.properties[index] = row


def _look(image: AuditedImage) -> tuple[NDArray[np.uint8], Row]:
    """The image as `small_grey` gives it, and its row of PROPERTIES."""
    decoded = image.read()
    return small_grey(decoded), properties(decoded)
