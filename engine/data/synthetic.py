"""Images for recipes without any: smooth noise, or what a network's own statistics were turned into."""

import hashlib
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.data.pool import ImagePool, digest
from engine.data.preprocess import to_pixels
from engine.results import Note
from engine.settings import Preprocess
from engine.wording import percent

N_EVALUATION, N_CALIBRATION = 64, 32
_GRIDS = (2, 4, 8, 16, 32)
_WARNING = (
    "No images were given: calibration and fidelity come from synthetic noise, which says little about real images; "
    "size and latency are as valid as ever"
)


def noise(preprocess: Preprocess, seed: int) -> ImagePool:
    """Unlabelled images at the model's size: N_EVALUATION for evaluation, N_CALIBRATION for calibration."""
    count, (height, width) = N_EVALUATION + N_CALIBRATION, preprocess.size
    return ImagePool(
        ids=tuple(f"synthetic-{index:03d}" for index in range(count)),
        hashes=tuple(digest(["noise", seed, index, height, width]) for index in range(count)),
        labels=None,
        classes=None,
        read=partial(_image, seed, height, width),
        rows={"evaluation": np.arange(N_EVALUATION), "calibration": np.arange(N_EVALUATION, count)},
        warnings=(Note(code="synthetic_images", text=_WARNING),),
        synthetic=True,
    )


def noise_pixels(preprocess: Preprocess, seed: int) -> NDArray[np.uint8]:
    """The same images, (N, H, W, C) uint8, resized and cropped, channels in the model's order."""
    settings, (height, width) = preprocess.model_dump(), preprocess.size
    count = N_EVALUATION + N_CALIBRATION
    return np.stack([to_pixels(_image(seed, height, width, index), settings) for index in range(count)])


def from_statistics(pixels: NDArray[np.uint8], distance: float) -> ImagePool:
    """Unlabelled images made from a network's statistics, (N, H, W, C) uint8 as `noise_pixels` has them.

    `distance` is the share of the noise's distance from the statistics that is left.
    """
    text = (
        "No images were given: those for calibration and fidelity were made from the network's own BatchNorm "
        f"statistics, from which they are {percent(distance)} as far as noise is. What the variants lose on real "
        "images is known once you give some"
    )
    return ImagePool(
        ids=tuple(f"statistics-{index:03d}" for index in range(len(pixels))),
        hashes=tuple(hashlib.sha256(image.tobytes()).hexdigest() for image in pixels),
        labels=None,
        classes=None,
        read=lambda index: Image.fromarray(pixels[index].squeeze()),
        rows={"evaluation": np.arange(N_EVALUATION), "calibration": np.arange(N_EVALUATION, len(pixels))},
        warnings=(Note(code="statistics_images", text=text),),
        synthetic=True,
        pixels=pixels,
    )


def _image(seed: int, height: int, width: int, index: int) -> Image.Image:
    """A sum of random fields, each twice as fine and half as strong as the last, like the spectrum of photographs."""
    rng = np.random.default_rng((seed, index))
    channels = [_field(rng, height, width) for _ in range(3)]
    return Image.merge("RGB", channels)


def _field(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    total = np.zeros((height, width), np.float32)
    for octave, cells in enumerate(_GRIDS):
        grid = Image.fromarray(rng.standard_normal((cells, cells), np.float32))
        total += np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC)) / 2**octave
    contrast, brightness = rng.uniform(30, 70), rng.uniform(90, 165)
    return Image.fromarray(np.clip(total * contrast + brightness, 0, 255).astype(np.uint8))
