"""Crops of calibration images: seeded, of their sources, and seen as the whole image is seen."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from engine.data import Part
from engine.data.crops import MOST_CROPS, MOST_STRETCHED, SMALLEST_SHARE, random_box, with_crops
from engine.settings import Preprocess

SIZE = Preprocess(size=(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="nearest", crop_pct=1)
GREY = SIZE.model_copy(update={"channels": "gray", "mean": (0.5,), "std": (0.5,)})


def part_of(images: list[Image.Image], preprocess: Preprocess = SIZE) -> Part:
    n = len(images)
    return Part(
        ids=tuple(f"image-{index}" for index in range(n)),
        hashes=tuple(f"{index:064d}" for index in range(n)),
        labels=np.arange(n),
        preprocess=preprocess,
        read=images.__getitem__,
    )


def noise(n: int) -> list[Image.Image]:
    """Images whose red channel is their own number."""
    values = np.random.default_rng(0).integers(0, 256, (n, 40, 30, 3), np.uint8)
    values[..., 0] = np.arange(n)[:, None, None]
    return [Image.fromarray(one) for one in values]


def pixels(part: Part) -> np.ndarray:
    return np.stack([part.pixels(index) for index in range(len(part))])


def test_the_images_come_first_and_crops_of_each_in_turn_follow():
    images = part_of(noise(3))
    more = with_crops(images, 10, seed=0)
    assert len(more) == len(set(more.ids)) == len(set(more.hashes)) == 10
    assert (more.ids[:3], more.hashes[:3]) == (images.ids, images.hashes)
    assert more.ids[3:5] == ("image-0 (crop 1)", "image-1 (crop 1)")
    assert more.labels.tolist() == [0, 1, 2] * 3 + [0]
    values = pixels(more)
    np.testing.assert_array_equal(values[:3], pixels(images))
    assert values[:, 0, 0, 0].tolist() == more.labels.tolist()
    assert all(len(np.unique(values[more.labels == label], axis=0)) > 2 for label in range(3))
    assert len(list(more.batches(4, limit=9))) == 3


def test_crops_depend_on_the_seed_alone():
    images = part_of(noise(2))
    first, second, other = (pixels(with_crops(images, 8, seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert (first[2:] != other[2:]).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize(("asked", "found"), [(1, 2), (2, 2), (3, 3), (10_000, 2 * (1 + MOST_CROPS))])
def test_there_are_no_more_than_asked_for_or_than_an_image_can_show(asked, found):
    images = part_of(noise(2))
    more = with_crops(images, asked, seed=0)
    assert len(more) == found
    assert (more is images) is (found == 2)


def test_a_box_keeps_its_share_of_the_area_where_its_shape_fits():
    rng = np.random.default_rng(0)
    boxes = [random_box(100, 100, SMALLEST_SHARE, rng) for _ in range(300)]
    assert all(0 <= left < right <= 100 and 0 <= upper < lower <= 100 for left, upper, right, lower in boxes)
    sides = np.array([(right - left, lower - upper) for left, upper, right, lower in boxes])
    assert sides.prod(axis=1).min() > 0.4 * 100 * 100
    assert (sides.max(axis=1) / sides.min(axis=1)).max() < MOST_STRETCHED + 0.05


def rotated() -> Image.Image:
    """An image whose file says that it lies on its side: upright, its left half is white."""
    upright = np.zeros((40, 40, 3), np.uint8)
    upright[:, :20] = 255
    image = Image.fromarray(np.rot90(upright).copy())
    image.getexif()[0x0112] = 6  # turn it by 90 degrees clockwise
    return image


def sixteen_bit() -> Image.Image:
    """16-bit grey, all but one corner pixel below 256, which a part alone would be taken for 8-bit by."""
    values = np.full((64, 64), 200, np.int32)
    values[0, 0] = 60_000
    return Image.fromarray(values)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_crop_shows_what_the_upright_image_shows(mirrored):
    more = with_crops(part_of([rotated()]), 20, seed=0)
    columns = pixels(more)[1:].astype(int)
    # Every crop keeps a boundary between left and right; none has one between top and bottom.
    assert (np.ptp(columns, axis=1) == 0).all()
    left_is_white = columns[:, 0, 0, 0] > columns[:, 0, -1, 0]
    assert (left_is_white != mirrored).any()


def test_a_crop_of_a_16_bit_image_is_as_bright_as_the_whole():
    images = part_of([sixteen_bit()], GREY)
    whole, *crops = pixels(with_crops(images, 12, seed=0))
    assert whole[-1, -1, 0] == 0
    assert {int(crop[-1, -1, 0]) for crop in crops} == {0}


def test_decoded_pixels_are_left_behind_since_crops_have_none():
    images = part_of(noise(2))
    decoded = replace(images, array=pixels(images))
    np.testing.assert_array_equal(pixels(with_crops(decoded, 6, 0)), pixels(with_crops(images, 6, 0)))
