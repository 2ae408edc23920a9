"""Smooth noise for recipes without images: good for sizes, latencies and rough fidelity alone."""

from functools import partial

import numpy as np
from PIL import Image

from engine.data.pool import ImagePool, digest
from engine.results import Note
from engine.settings import Preprocess

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
