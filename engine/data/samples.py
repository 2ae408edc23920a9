"""The samples that ship with the engine: 1,797 handwritten digits, and crops of real photos."""

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from engine.data.crops import Box, random_box
from engine.data.pool import SPLIT_NAMES, ImagePool, SplitName
from engine.data.splits import Rows, assign
from engine.results import Note
from engine.settings import Split

DIGITS = Path(__file__).parent / "digits.npz"
"""Written by scripts/make_digits.py, which names the source and its licence."""
SPLIT_SEED = 1797

PHOTOS = Path(__file__).parent / "photos.npz"
"""Written by scripts/make_photos.py; THIRD_PARTY_NOTICES.md names the source and the licence of each photo."""
PHOTO_SPLITS: Mapping[SplitName, tuple[tuple[str, ...], ...]] = {
    "train": (("retina", "ihc", "clock", "grass", "gravel"),),
    "calibration": (("flower", "camera"), ("rocket", "brick")),
    "evaluation": (("astronaut", "chelsea", "china", "coins"), ("coffee", "hubble")),
    "holdout": (),
}
"""All crops of a photo are in one split. Their groups are used one after the other, so that the second half of the
calibration images and the last third of the evaluation images, which choose (selection.py), have photos of their own.
"""
CROPS = 40
SMALLEST_SHARE = 0.25
"""A crop has at least this share of its photo's area; ImageNet's networks train on 0.08
(https://arxiv.org/abs/1409.4842)."""


@dataclass(frozen=True)
class _Crop:
    """A part of a photo in pixels, mirrored or not."""

    photo: str
    box: Box
    mirrored: bool


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


def photos() -> ImagePool:
    """600 unlabelled crops, 40 of each of 15 photos, of 120 to 512 px; they and their split are always the same."""
    with np.load(PHOTOS) as file:
        contents = {name: file[name].tobytes() for name in file.files}
    crops: list[_Crop] = []
    rows: dict[SplitName, Rows] = {}
    for split in SPLIT_NAMES:
        groups = [_interleaved(_crops(name, contents[name]) for name in names) for names in PHOTO_SPLITS[split]]
        n_before = len(crops)
        crops += [crop for group in groups for crop in group]
        rows[split] = np.arange(n_before, len(crops), dtype=np.int64)
    text = (
        f"The photos are {len(crops)} crops of {len(contents)} photos without labels. Crops of one photo are alike, so "
        "intervals are narrower than they would be for as many photos: take your own images for a statement"
    )
    return ImagePool(
        ids=tuple(f"{crop.photo}-{index:03d}" for index, crop in enumerate(crops)),
        hashes=tuple(hashlib.sha256(contents[crop.photo] + repr(crop).encode()).hexdigest() for crop in crops),
        labels=None,
        classes=None,
        read=lambda index: _read(contents[crops[index].photo], crops[index]),
        rows=rows,
        warnings=(Note(code="crops_of_photos", text=text),),
    )


def _crops(name: str, content: bytes) -> list[_Crop]:
    """CROPS parts of a photo, which depend on its name alone."""
    rng = np.random.default_rng(list(name.encode()))
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
    return [_Crop(name, random_box(width, height, SMALLEST_SHARE, rng), bool(rng.integers(2))) for _ in range(CROPS)]


def _interleaved(crops_by_photo: Iterable[Sequence[_Crop]]) -> list[_Crop]:
    """One crop of each photo, then another of each, so that the first ones are of all photos."""
    return list(chain.from_iterable(zip(*crops_by_photo, strict=True)))


def _read(content: bytes, crop: _Crop) -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        part = image.crop(crop.box)
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if crop.mirrored else part
