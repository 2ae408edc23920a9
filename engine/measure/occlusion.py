"""Which part of an image an answer rests on: how far its probability falls where that part is covered."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

CELLS = 8
"""Cells along each side. Each is covered once, by a patch of PATCH cells around it, so that neighbours overlap."""
PATCH = 2


def occluded(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(CELLS^2, H, W, C): the image with one patch after another in its mean colour, row by row."""
    height, width = pixels.shape[:2]
    grey = np.rint(pixels.mean(axis=(0, 1))).astype(np.uint8)
    images = np.repeat(pixels[None], CELLS * CELLS, axis=0)
    for number, image in enumerate(images):
        row, column = divmod(number, CELLS)
        rows, columns = _span(row, height), _span(column, width)
        image[rows, columns] = grey
    return images


def occlusion_map(
    pixels: NDArray[np.uint8],
    answer: int,
    probabilities_of: Callable[[NDArray[np.uint8]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """(CELLS, CELLS): how much probability `answer` loses where each part of the image is covered; below 0 it gains.

    `pixels` is (H, W, C) uint8 as the model gets them; `probabilities_of` takes (N, H, W, C) and gives (N, classes).
    Occlusion: Zeiler and Fergus, https://arxiv.org/abs/1311.2901, section 4.2.
    """
    whole = probabilities_of(pixels[None])[0, answer]
    covered = probabilities_of(occluded(pixels))[:, answer]
    return np.asarray((whole - covered).reshape(CELLS, CELLS))


def _span(cell: int, length: int) -> slice:
    middle = (cell + 0.5) * length / CELLS
    half = PATCH * length / CELLS / 2
    return slice(max(round(middle - half), 0), min(max(round(middle + half), round(middle - half) + 1), length))
