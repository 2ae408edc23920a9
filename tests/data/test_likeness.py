"""Images that look the same are found again; others are not."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter
from sklearn.datasets import load_sample_images

from engine.data import likeness
from engine.data.likeness import NONE, Likeness, nearest, nearest_before, perceptual_hash, small_grey


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    """Forty parts of two photos, none of which is much of another."""
    rng = np.random.default_rng(0)
    parts = []
    for pixels in load_sample_images().images:
        image = Image.fromarray(pixels)
        for index in range(20):
            x, y = 125 * (index % 5), 105 * (index // 5)
            edge = int(rng.integers(95, 105))
            parts.append(image.crop((x, y, x + edge, y + edge)))
    return parts


def of(images: list[Image.Image]) -> Likeness:
    return Likeness.of((small_grey(image) for image in images), len(images))


def as_jpeg(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=50)
    return Image.open(file)


CHANGES: dict[str, tuple[Callable[[Image.Image], Image.Image], float]] = {
    "jpeg": (as_jpeg, 0.85),  # some parts are of the sky, where its noise is all there is
    "half the size": (lambda image: image.resize((image.width // 2, image.height // 2)), 0.9),
    "grey": (lambda image: image.convert("L"), 1.0),
    "blurred": (lambda image: image.filter(ImageFilter.GaussianBlur(1)), 0.9),
    "less contrast": (lambda image: ImageEnhance.Contrast(image).enhance(0.7), 0.9),
    "rotated by its EXIF": (lambda image: turned(image), 1.0),
}


def turned(image: Image.Image) -> Image.Image:
    """The image on its side, with the EXIF that sets it upright."""
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    image.transpose(Image.Transpose.ROTATE_90).save(file, "PNG", exif=exif)
    return Image.open(file)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_copy_that_was_changed_a_little_is_found(photos, change):
    alter, share = CHANGES[change]
    found = nearest(of([alter(photo) for photo in photos]), of(photos))
    assert (found == np.arange(len(photos))).mean() >= share
    assert {*found[found != np.arange(len(photos))].tolist()} <= {NONE}


def test_other_images_are_no_copies(photos):
    assert (nearest_before(of(photos)) == NONE).all()
    mirrored = [photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for photo in photos]
    assert (nearest(of(mirrored), of(photos)) == NONE).all()


def test_an_image_is_found_before_itself_only(photos):
    images = of([*photos[:3], as_jpeg(photos[1])])
    assert nearest_before(images).tolist() == [NONE, NONE, NONE, 1]
    assert nearest(images, images).tolist() == [0, 1, 2, 3]


def test_equal_hashes_of_other_pixels_are_no_copies(photos):
    images = of(photos[:2])
    same_hash = Likeness(np.repeat(images.hashes[:1], 2), images.pixels)
    assert nearest_before(same_hash).tolist() == [NONE, NONE]


def test_all_of_one_grey_looks_like_nothing():
    flat = [Image.new("L", (40, 40), 100), Image.new("L", (40, 40), 101)]
    assert nearest_before(of(flat)).tolist() == [NONE, NONE]


def test_tiles_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    ours, theirs = rng.integers(0, 2**63, 300).astype(np.uint64), rng.integers(0, 2**63, 500).astype(np.uint64)
    theirs[400:] = ours[200:] ^ np.uint64(5)
    pixels = np.zeros((500, 32, 32), np.uint8) + np.arange(32, dtype=np.uint8)
    first, second = Likeness(ours, pixels[:300]), Likeness(theirs, pixels)
    expected = np.concatenate([np.full(200, NONE), np.arange(400, 500)])
    assert np.array_equal(nearest(first, second), expected)
    monkeypatch.setattr(likeness, "TILE_ROWS", 7)
    monkeypatch.setattr(likeness, "TILE_COLUMNS", 11)
    assert np.array_equal(nearest(first, second), expected)


def test_the_hash_has_as_many_bits_set_as_not():
    noise = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
    assert perceptual_hash(noise).bit_count() == 32
