"""Images as a person looks at them: as the model gets them, made small, with the names of its outputs."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.data.parts import Data, Examples, Part
from engine.results import codes

PICTURE_EDGE = 192
"""Pixels of the longer side of a small picture, enough for a card."""


def picture(pixels: NDArray[np.uint8], *, blue_first: bool) -> Image.Image:
    """The image of pixels (H, W, C) in the model's order of the channels."""
    if pixels.shape[-1] == 1:
        return Image.fromarray(pixels[..., 0])
    return Image.fromarray(np.ascontiguousarray(pixels[..., ::-1]) if blue_first else pixels)


def small_picture(pixels: NDArray[np.uint8], *, blue_first: bool) -> Image.Image:
    """The same with its longer side at most PICTURE_EDGE."""
    image = picture(pixels, blue_first=blue_first)
    image.thumbnail((PICTURE_EDGE, PICTURE_EDGE))
    return image


def small_picture_of(part: Part, index: int) -> Image.Image:
    """An image of the part as the model gets it, made small. Raises DataError where its file is gone or was changed."""
    return small_picture(part.pixels(index), blue_first=part.preprocess.channels == "bgr")


def indices_in_turn(part: Examples) -> list[int]:
    """All indices: the first of every class, then the second, and so on; without labels in their own order."""
    if part.labels is None:
        return list(range(len(part)))
    n_before: dict[int, int] = {}
    ranks = []
    for index, label in enumerate(part.labels.tolist()):
        n_before[label] = n_before.get(label, -1) + 1
        ranks.append((n_before[label], label, index))
    return [index for _, _, index in sorted(ranks)]


def output_names(data: Data, model_classes: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The names of the model's outputs: its own, or ImageNet's where labels were matched to these; None if unknown."""
    in_imagenet = any(note.code == codes.CLASSES_BY_IMAGENET for note in data.warnings)
    return model_classes or (data.classes if in_imagenet else None)


def name_of(names: tuple[str, ...] | None, output: int) -> str:
    """The name of an output, or its number where it has none."""
    return names[output] if names is not None and output < len(names) else f"output {output}"
