"""Which images look the same: a perceptual hash of each, and the nearest of many by it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.data.preprocess import convert, upright

EDGE, LOW = 32, 8
RADIUS = 10
"""The most bits of 64 in which the hashes of two images that look the same differ, as imagededup has it. With
CORRELATION it finds 92 % of 300 crops of photos again after a JPEG of quality 20 and 98 % after halving; 31 of the 1.6
million pairs of the sample's digits, which are as alike as images can be, pass both."""
CORRELATION = 0.98
"""The least correlation of two such images' EDGE x EDGE px in grey."""
TILE_ROWS, TILE_COLUMNS = 128, 8192
"""Hashes that are compared at once, which takes 9 MB; 50,000 against 50,000 take about 5 s of one core."""
NONE = -1

_COSINES = np.cos(np.pi * (2 * np.arange(EDGE)[None, :] + 1) * np.arange(LOW)[:, None] / (2 * EDGE)).astype(np.float32)
"""(LOW, EDGE): the lowest rows of the discrete cosine transform (type II), up to a factor each."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """What N images are compared by: `hashes` (N,) uint64 and `pixels` (N, EDGE, EDGE) uint8."""

    hashes: NDArray[np.uint64]
    pixels: NDArray[np.uint8]

    @classmethod
    def of(cls, pixels: Iterable[NDArray[np.uint8]], count: int) -> "Likeness":
        """That of `count` images, each as `small_grey` gives it."""
        stack = np.empty((count, EDGE, EDGE), np.uint8)
        hashes = np.empty(count, np.uint64)
        for index, image in enumerate(pixels):
            stack[index] = image
            hashes[index] = perceptual_hash(image)
        return cls(hashes, stack)

    def take(self, rows: NDArray[np.int64]) -> "Likeness":
        """That of the images at these indices."""
        return Likeness(self.hashes[rows], self.pixels[rows])


def small_grey(image: Image.Image) -> NDArray[np.uint8]:
    """(EDGE, EDGE) uint8: the image upright, grey and squashed."""
    return np.asarray(convert(upright(image), "L").resize((EDGE, EDGE), Image.Resampling.LANCZOS))


def perceptual_hash(pixels: NDArray[np.uint8]) -> int:
    """64 bits of (EDGE, EDGE) pixels: which of the lowest 8 x 8 frequencies are above their median.

    pHash as ImageHash 4.3 computes it, by whose equality CleanVision finds near-duplicates (Zauner 2010,
    "Implementation and Benchmarking of Perceptual Image Hash Functions", section 3.2.1).
    """
    low = (_COSINES @ pixels.astype(np.float32) @ _COSINES.T).ravel()
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")


def nearest(ours: Likeness, theirs: Likeness) -> NDArray[np.int64]:
    """(N,) for each of our images the index of the one of theirs that looks the same, NONE where none does.

    That with the nearest hash, of equals the first; it looks the same where its pixels correlate as well.
    """
    return _confirmed(ours, theirs, _nearest_hashes(ours.hashes, theirs.hashes, only_earlier=False))


def nearest_before(images: Likeness) -> NDArray[np.int64]:
    """(N,) for each image the index of an earlier one that looks the same, NONE where none does."""
    return _confirmed(images, images, _nearest_hashes(images.hashes, images.hashes, only_earlier=True))


def _nearest_hashes(ours: NDArray[np.uint64], theirs: NDArray[np.uint64], *, only_earlier: bool) -> NDArray[np.int64]:
    """(N,) the index of the nearest of their hashes within RADIUS, or NONE; `only_earlier` looks below its index."""
    found = np.full(len(ours), NONE, np.int64)
    for top in range(0, len(ours), TILE_ROWS):
        rows = np.arange(top, min(top + TILE_ROWS, len(ours)))
        best = np.full(len(rows), RADIUS + 1, np.uint8)
        for left in range(0, rows[-1] + 1 if only_earlier else len(theirs), TILE_COLUMNS):
            columns = np.arange(left, min(left + TILE_COLUMNS, len(theirs)))
            bits = np.bitwise_count(ours[rows, None] ^ theirs[None, columns])
            if only_earlier:
                bits[columns[None, :] >= rows[:, None]] = 64
            index = bits.argmin(axis=1)
            distance = bits[np.arange(len(rows)), index]
            closer = distance < best
            best[closer] = distance[closer]
            found[rows[closer]] = columns[index[closer]]
    return found


def _confirmed(ours: Likeness, theirs: Likeness, found: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same with NONE for every pair whose pixels correlate less than CORRELATION."""
    confirmed = np.full_like(found, NONE)
    for row in np.flatnonzero(found != NONE):
        if _correlation(ours.pixels[row], theirs.pixels[found[row]]) >= CORRELATION:
            confirmed[row] = found[row]
    return confirmed


def _correlation(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Pearson's correlation of two images' pixels; 0 where one of them is all of one grey."""
    one, other = first.astype(np.float64) - first.mean(), second.astype(np.float64) - second.mean()
    lengths = np.sqrt((one**2).sum() * (other**2).sum())
    return float((one * other).sum() / lengths) if lengths > 0 else 0.0
