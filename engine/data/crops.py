"""Random parts of images: what the sample of photos is made of, and what joins calibration images where there are few.

No crop of a calibration image counts as an image of its own: it is known by its source, and none is evaluated.
"""

from dataclasses import replace

import numpy as np
from PIL import Image

from engine.data.parts import Part
from engine.data.pool import digest
from engine.data.preprocess import channel_order, convert, upright

Box = tuple[int, int, int, int]
"""Left, upper, right and lower edge in pixels."""
MOST_STRETCHED = 4 / 3
"""The largest ratio of a crop's sides to those of a square, as for ImageNet's networks
(https://arxiv.org/abs/1409.4842)."""
SMALLEST_SHARE = 0.5
"""The least share of a calibration image's area in a crop of it. Measured: docs/log.md, 2026-11-27."""
MOST_CROPS = 24
"""At most so many crops of one calibration image: more of the same show hardly anything new."""


def random_box(width: int, height: int, smallest_share: float, rng: np.random.Generator) -> Box:
    """A random part of at least this share of the area, as large as drawn where its shape fits."""
    area = width * height * rng.uniform(smallest_share, 1)
    ratio = np.exp(rng.uniform(-np.log(MOST_STRETCHED), np.log(MOST_STRETCHED)))
    w, h = min(width, round(np.sqrt(area * ratio))), min(height, round(np.sqrt(area / ratio)))
    left, upper = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
    return left, upper, left + w, upper + h


def with_crops(images: Part, n_images: int, seed: int) -> Part:
    """The images, then seeded crops of each in turn, mirrored or not, until there are `n_images`.

    There are at most MOST_CROPS of each image, and none where there are `n_images` already. A crop keeps its source's
    label, and its id names the source. The first images stay what they were, so that they alone can be judged.
    """
    count, total = len(images), min(n_images, len(images) * (1 + MOST_CROPS))
    if total <= count:
        return images
    sources = [index % count for index in range(total)]
    rounds = [index // count for index in range(total)]
    pairs = list(zip(sources, rounds, strict=True))

    def read(index: int) -> Image.Image:
        source = images.raw(sources[index])
        return source if index < count else _crop(source, images, np.random.default_rng((seed, index)))

    return replace(
        images,
        ids=tuple(f"{images.ids[source]} (crop {turn})" if turn else images.ids[source] for source, turn in pairs),
        hashes=tuple(
            digest([images.hashes[source], "crop", seed, index]) if turn else images.hashes[source]
            for index, (source, turn) in enumerate(pairs)
        ),
        labels=None if images.labels is None else images.labels[sources],
        read=read,
        array=None,
    )


def _crop(image: Image.Image, images: Part, rng: np.random.Generator) -> Image.Image:
    """A part of the image as it is seen: upright, and in the bytes that the whole image has.

    What a file stores (its rotation, how far its 16-bit values reach) is read from the whole, since a part may differ.
    """
    mode = "L" if channel_order(images.preprocess.model_dump()) == "gray" else "RGB"
    seen = convert(upright(image), mode)
    part = seen.crop(random_box(seen.width, seen.height, SMALLEST_SHARE, rng))
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else part
