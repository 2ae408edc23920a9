"""How an image looks: size, light, information, sharpness and colour, and which of these are out of the ordinary.

The definitions and thresholds are those of CleanVision 0.3.7 (https://github.com/cleanlab/cleanvision, under
src/cleanvision/issue_managers), whose scores are kept as `figure`. The library itself is not used: it reads files by
paths and knows neither splits nor archives, decodes every image once a check, and brings matplotlib, fsspec and
ImageHash along for these few lines. Images with more than LONG_EDGE px are averaged down to it first, and a grey image
that is stored in colour counts its greys once.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageStat

from engine.data.preprocess import convert, upright
from engine.results.audit import CheckName

PROPERTIES = np.dtype(
    [
        ("width", np.int32),
        ("height", np.int32),
        ("dark", np.float32),
        ("bright", np.float32),
        ("blank", np.float32),
        ("blurred", np.float32),
        ("grey", np.bool_),
    ]
)
"""Of one image: width and height in px, the scores from 0 (bad) to 1, and whether it has no colour."""
Row = tuple[int, int, float, float, float, float, bool]
LONG_EDGE = 512
BLUR_EDGE = 64
"""Sharpness is judged at this size, so that it is that of the picture and not of its pixels."""
LIGHT = np.array([0.241, 0.691, 0.068], np.float32)
"""The weights of red, green and blue squared in the brightness."""
DARK, BRIGHT, BLANK, BLURRED, SHAPE = 0.32, 0.05, 0.3, 0.29, 0.35
"""Below these scores an image is out of the ordinary."""
ENTROPY_BITS = 10.0
BLUR_SCALE, CONTRAST_FROM = 100.0, 0.18
SIZE_RANGES = 3.0
"""A size is odd this many interquartile ranges beyond the quartiles."""
GREY_LEVELS = 2
"""The most that red, green and blue of an image without colour differ, since JPEG rounds."""
USUAL_SHARE = 0.5
"""What more of the images share is the nature of the set and no finding, as CleanVision's `max_prevalence`."""


class Flags(NamedTuple):
    """(N,) which images a check finds, and the score or size that it goes by, None where that is yes or no."""

    found: NDArray[np.bool_]
    figure: NDArray[np.float64] | None = None

    @property
    def is_usual(self) -> bool:
        """Whether so many images have it that it is no finding."""
        return bool(self.found.mean() > USUAL_SHARE)


def properties(image: Image.Image) -> Row:
    """One row of PROPERTIES."""
    image = convert(upright(image), "RGB")
    width, height = image.size
    image = image.reduce(max(1, math.ceil(max(image.size) / LONG_EDGE)))
    pixels = np.asarray(image).astype(np.float32)
    lightness = np.sqrt((pixels * pixels) @ LIGHT) / 255
    low, high = np.percentile(lightness, [5, 99])
    is_grey = bool((pixels.max(axis=2) - pixels.min(axis=2)).max() <= GREY_LEVELS)
    grey = image.convert("L")
    entropy = grey.entropy() if is_grey else image.entropy()
    return width, height, float(high), float(1 - low), min(abs(entropy) / ENTROPY_BITS, 1.0), _sharpness(grey), is_grey


def _sharpness(grey: Image.Image) -> float:
    """From the deviation of the edges (a Laplacian over eight neighbours), higher where few greys fill the image."""
    ratio = max(grey.size) / BLUR_EDGE
    if ratio > 1:
        grey = grey.resize((max(int(grey.width // ratio), 1), max(int(grey.height // ratio), 1)))
    edges = math.sqrt(ImageStat.Stat(grey.filter(ImageFilter.FIND_EDGES)).var[0])
    contrast = 1 - math.exp(-float(np.std(grey.histogram())) / BLUR_SCALE)
    return min(1 - math.exp(-edges / BLUR_SCALE) + (contrast if contrast > CONTRAST_FROM else 0.0), 1.0)


def flags(table: NDArray[np.void]) -> Mapping[CheckName, Flags]:
    """What each check finds among (N,) PROPERTIES; N is at least 1."""
    size = np.sqrt(table["width"].astype(np.float64) * table["height"])
    lower, upper = np.percentile(size, [25, 75])
    reach = SIZE_RANGES * (upper - lower)
    edges = np.stack([table["width"], table["height"]]).astype(np.float64)
    shape = edges.min(axis=0) / edges.max(axis=0)
    scores: dict[CheckName, tuple[NDArray[np.float64], float]] = {
        "blank": (table["blank"].astype(np.float64), BLANK),
        "blurred": (table["blurred"].astype(np.float64), BLURRED),
        "dark": (table["dark"].astype(np.float64), DARK),
        "bright": (table["bright"].astype(np.float64), BRIGHT),
        "odd_shape": (shape, SHAPE),
    }
    found = {name: Flags(score < threshold, score) for name, (score, threshold) in scores.items()}
    odd_size = Flags((size < lower - reach) | (size > upper + reach), size)
    return {**found, "odd_size": odd_size, "grey": Flags(table["grey"])}
