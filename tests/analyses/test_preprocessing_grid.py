"""What is tried around a preprocessing: all that people mistake, nothing twice, and nothing that is no choice."""

import itertools

import pytest

from engine.analyses.preprocessing_grid import crops, interpolations, normalisations
from engine.results import preprocessing_text, same_numbers
from engine.settings import NORMALISATIONS, Preprocess

RGB = NORMALISATIONS["ImageNet"].applied(Preprocess(size=(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3))
GRAY = Preprocess(size=(8, 8), mean=(0.5,), std=(0.5,), channels="gray")


@pytest.mark.parametrize("declared", [RGB, GRAY, RGB.model_copy(update={"scale": 1.0, "channels": "bgr"})])
def test_no_two_are_the_same_and_only_pixels_differ(declared):
    tried = normalisations(declared, takes_bytes=False)
    assert not any(same_numbers(*pair) for pair in itertools.combinations((declared, *tried), 2))
    assert len({preprocessing_text(one, declared) for one in (declared, *tried)}) == len(tried) + 1
    for one in tried:
        assert Preprocess.model_validate(one.model_dump()) == one
        names = ("size", "crop_pct", "resize", "interpolation")
        assert all(getattr(one, name) == getattr(declared, name) for name in names)


def test_the_order_comes_first_and_every_known_normalisation_is_there_in_both_orders():
    tried = normalisations(RGB, takes_bytes=False)
    assert tried[0] == RGB.model_copy(update={"channels": "bgr"})
    for normalisation in NORMALISATIONS.values():
        for channels in (None, "bgr"):
            expected = normalisation.applied(RGB.model_copy(update={"channels": channels}))
            text = preprocessing_text(expected, RGB)
            assert [one for one in (RGB, *tried) if preprocessing_text(one, RGB) == text], text


def test_a_graph_of_bytes_leaves_the_order_alone_and_gray_has_none():
    assert normalisations(RGB, takes_bytes=True) == (RGB.model_copy(update={"channels": "bgr"}),)
    assert normalisations(GRAY, takes_bytes=True) == ()


def test_other_cuts_and_filters_change_one_thing_alone():
    assert {one.interpolation for one in interpolations(RGB)} == {"bilinear", "lanczos", "nearest"}
    cuts = {(one.resize, one.crop_pct) for one in crops(RGB)}
    assert {("squash", 1.0), ("crop", 0.875), ("crop", 0.8)} <= cuts
    assert ("crop", 1.0) not in cuts  # it is declared
    assert all(one.model_copy(update={"resize": "crop", "crop_pct": 1.0}) == RGB for one in crops(RGB))
