"""What is wrong with images by themselves, on images made to have one fault each."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter
from sklearn.datasets import load_sample_images

from engine.data.audit.properties import PROPERTIES, flags, properties

PHOTO = Image.fromarray(load_sample_images().images[0])
RNG = np.random.default_rng(0)
GOOD = [
    PHOTO.crop((100 * (n % 5), 200 + 60 * (n // 5), 100 * (n % 5) + 120 + n, 320 + 60 * (n // 5) + n % 3))
    for n in range(10)
]
BAD: dict[str, Callable[[Image.Image], Image.Image]] = {
    "blank": lambda image: Image.new("RGB", image.size, (120, 130, 140)),
    "blurred": lambda image: image.resize((64, 64)).filter(ImageFilter.GaussianBlur(6)),
    "dark": lambda image: image.point(lambda value: value // 5),
    "bright": lambda image: image.point(lambda value: 246 + value // 30),
    "odd_size": lambda image: image.resize((900, 900)),
    "odd_shape": lambda image: image.resize((300, 60)),
    "grey": lambda image: image.convert("L"),
}


def found(*images: Image.Image) -> dict[str, list[int]]:
    """The indices of the images that each check finds; a check that most share finds none."""
    table = np.array([properties(image) for image in images], PROPERTIES)
    return {name: [] if one.is_usual else one.found.nonzero()[0].tolist() for name, one in flags(table).items()}


def test_good_photos_have_no_fault():
    assert found(*GOOD) == {name: [] for name in BAD}


@pytest.mark.parametrize("fault", BAD)
def test_an_image_of_each_fault_is_found_for_it(fault):
    assert found(*GOOD, BAD[fault](GOOD[0]))[fault] == [len(GOOD)]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA", "I;16", "CMYK", "1"])
def test_images_of_every_mode_are_looked_at(mode):
    image = Image.fromarray(np.full((40, 50), 30000, np.uint16)) if mode == "I;16" else GOOD[0].convert(mode)
    width, height, *scores, is_grey = properties(image)
    assert (width, height) == image.size
    assert all(0 <= score <= 1 for score in scores)
    assert is_grey == (mode in ("LA", "I;16", "1"))


def test_grey_in_colour_is_grey_and_counts_its_greys_once():
    grey = GOOD[0].convert("L")
    assert properties(grey.convert("RGB")) == properties(grey)


def test_what_most_images_share_is_no_finding():
    grey = [image.convert("L") for image in GOOD]
    assert found(*grey, GOOD[0])["grey"] == []
    assert found(*grey[:5], *GOOD[5:])["grey"] == [0, 1, 2, 3, 4]


def test_large_images_are_judged_as_their_smaller_selves():
    large = properties(PHOTO.resize((2560, 1708), Image.Resampling.BICUBIC))
    assert np.array(large[2:6]) == pytest.approx(np.array(properties(PHOTO)[2:6]), abs=0.06)
