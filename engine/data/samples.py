"""The sample: 1,797 handwritten digits that ship with the engine."""

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from engine.data.pool import ImagePool
from engine.data.splits import assign
from engine.settings import Split

DIGITS = Path(__file__).parent / "digits.npz"
"""Written by scripts/make_digits.py, which names the source and its licence."""
SPLIT_SEED = 1797


def digits() -> ImagePool:
    """1,797 grey images of 8 x 8 px, 0..16 stretched to 0..255; the split is fixed, as the sample's card has it.

    From the test part of https://archive.ics.uci.edu/dataset/80.
    """
    with np.load(DIGITS) as file:
        values, labels = file["images"], file["labels"].astype(np.int64)
    images = np.rint(values * (255 / 16)).astype(np.uint8)
    return ImagePool(
        ids=tuple(f"digit-{index:04d}" for index in range(len(images))),
        hashes=tuple(hashlib.sha256(image.tobytes()).hexdigest() for image in images),
        labels=labels,
        classes=tuple("0123456789"),
        read=lambda index: Image.fromarray(images[index]),
        rows=assign(labels, len(images), Split(), SPLIT_SEED, merge_train=False),
    )
