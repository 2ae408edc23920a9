"""What another preprocessing changes, in words; and which are the same."""

import pytest

from engine.results import preprocessing_text, same_numbers
from engine.settings import NORMALISATIONS, Preprocess

RGB = NORMALISATIONS["ImageNet"].applied(Preprocess(size=(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3))
GRAY = Preprocess(size=(8, 8), mean=(0.5,), std=(0.5,))
IN_BYTES = RGB.model_copy(update={"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375), "scale": 1.0})


def changed(**values) -> Preprocess:
    return RGB.model_copy(update=values)


@pytest.mark.parametrize(("preprocess", "declared", "text"), [
    (RGB, RGB, "as declared"),
    (changed(channels="rgb"), RGB, "as declared"),
    (changed(channels="bgr"), RGB, "BGR"),
    (NORMALISATIONS["ImageNet"].applied(changed(channels="bgr")), RGB, "BGR"),
    (NORMALISATIONS["CLIP"].applied(changed(channels="bgr")), RGB, "CLIP, BGR"),
    (changed(channels="bgr"), changed(channels="bgr"), "as declared"),
    (changed(scale=1.0), RGB, "divided by 1, mean 0.485, 0.456, 0.406, deviation 0.229, 0.224, 0.225"),
    (NORMALISATIONS["Raw pixels, 0 to 255"].applied(RGB), RGB, "Raw pixels, 0 to 255"),
    (changed(crop_pct=0.875, interpolation="bilinear"), RGB, "crop 87.5 %, bilinear"),
    (changed(crop_pct=0.9), RGB, "crop 90 %"),
    (changed(resize="squash"), RGB, "squash"),
    (changed(resize="squash", crop_pct=0.875), RGB, "squash, crop 87.5 %"),
    (NORMALISATIONS["ImageNet"].applied(GRAY), GRAY, "ImageNet"),
])  # fmt: skip
def test_what_differs_is_said_and_nothing_else(preprocess, declared, text):
    assert preprocessing_text(preprocess, declared) == text


def test_the_same_numbers_in_other_units_are_the_same():
    assert same_numbers(RGB, IN_BYTES)
    assert not same_numbers(RGB, changed(channels="bgr"))
    assert not any(
        same_numbers(NORMALISATIONS[a].applied(RGB), NORMALISATIONS[b].applied(RGB))
        for a in NORMALISATIONS
        for b in NORMALISATIONS
        if a != b
    )
