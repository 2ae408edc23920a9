"""The sample: scikit-learn's digits, always there."""

import hashlib

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from engine.data.pool import Pool
from engine.data.splits import assign
from engine.settings import Split

SPLIT_SEED = 1797


def digits() -> Pool:
    """1,797 grey images of 8 x 8 px, 0..16 stretched to 0..255; the split is fixed, as the sample's card has it.

    From the test part of https://archive.ics.uci.edu/dataset/80.
    """
    values, labels = load_digits(return_X_y=True)
    images = np.rint(values.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    labels = labels.astype(np.int64)
    return Pool(
        ids=tuple(f"digit-{index:04d}" for index in range(len(images))),
        hashes=tuple(hashlib.sha256(image.tobytes()).hexdigest() for image in images),
        labels=labels,
        classes=tuple("0123456789"),
        read=lambda index: Image.fromarray(images[index]),
        rows=assign(labels, len(images), Split(), SPLIT_SEED, merge_train=False),
    )
