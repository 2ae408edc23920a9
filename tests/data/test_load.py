"""The sample, synthetic images, and what every Data can do."""

import json
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import engine.models
from engine.data import SPLIT_NAMES, load
from engine.data.pool import digest
from engine.data.samples import DIGITS
from engine.errors import LimitError
from engine.settings import Preprocess, SampleData, Split

GREY = Preprocess(size=(32, 32), mean=(0.5,), std=(0.5,), interpolation="bilinear")
COLOUR = Preprocess(size=(24, 40), mean=(0.5,) * 3, std=(0.2,) * 3)


def digits(seed: int = 0, preprocess: Preprocess = GREY, *, merge_train: bool = False):
    return load(SampleData(), Split(), preprocess, seed, merge_train=merge_train, n_outputs=10)


def test_the_sample_has_every_digit_once():
    data = digits()
    ids = [id for name in SPLIT_NAMES for id in data.split(name).ids]
    assert len(ids) == len(set(ids)) == 1797 - 179
    assert len({*ids, *data.selection.ids}) == 1797
    assert data.summary().model_dump() | {"evaluation_sha256": ""} == {
        "n_train": 1078,
        "n_calibration": 180,
        "n_evaluation": 360,
        "n_selection": 269,
        "n_selection_given": 179,
        "n_holdout": 0,
        "n_skipped": 0,
        "classes": tuple("0123456789"),
        "evaluation_sha256": "",
        "n_leaked": 0,
        "n_left_out": 0,
    }


def test_the_samples_split_never_changes():
    """The shipped checkpoint was trained on this train share: another split would leak it into evaluation."""
    data = digits()
    assert data.evaluation_sha256 == "b598e3c33ed96b404016d803b992dc5b744d0b1aee9aece3ba0161c48606c50d"
    card = json.loads((Path(engine.models.__file__).parent / "sample" / "card.json").read_text())
    moved = data.selection.span(90, 269)  # from evaluation: the card counts them with those that report
    whole = [
        (hash, data.classes[label])
        for part in (data.split("evaluation"), moved)
        for hash, label in zip(part.hashes, part.labels, strict=True)
    ]
    assert digest(sorted(whole)) == card["split"]["evaluation_sha256"]
    assert digits(seed=7, merge_train=True).sha256 == digits().sha256


def test_the_samples_images_and_labels_belong_together():
    part, whole = digits().split("evaluation"), load_digits()
    for index in (0, 100, 359):
        row = int(part.ids[index].removeprefix("digit-"))
        assert part.labels[index] == whole.target[row]
        assert np.abs(np.asarray(part.raw(index)) - whole.images[row] * 255 / 16).max() <= 0.5


def test_the_shipped_digits_are_scikit_learns():
    whole = load_digits()
    with np.load(DIGITS) as file:
        assert np.array_equal(file["images"], whole.images)
        assert np.array_equal(file["labels"], whole.target)


def test_synthetic_images_are_unlabelled_seeded_and_for_evaluation_and_calibration_alone():
    data, again, other = (load(None, Split(), COLOUR, seed, merge_train=True, n_outputs=5) for seed in (1, 1, 2))
    assert data.synthetic
    assert not data.labelled
    assert data.head_fits(5)
    assert [len(data.split(name)) for name in SPLIT_NAMES] == [0, 32, 43, 0]
    assert data.split("evaluation").ids[0] == "synthetic-000"
    assert np.array_equal(data.split("evaluation").pixels(3), again.split("evaluation").pixels(3))
    assert not np.array_equal(data.split("evaluation").pixels(3), other.split("evaluation").pixels(3))
    assert data.sha256 == again.sha256 != other.sha256


def test_synthetic_images_are_smooth_and_fill_the_range():
    pixels = next(load(None, Split(), COLOUR, 0, merge_train=True, n_outputs=5).split("evaluation").batches(64))
    steps = np.abs(np.diff(pixels, axis=-1)).mean()
    assert steps < 0.3 * pixels.std()
    assert pixels.std() > 0.5


def test_a_head_fits_as_many_outputs_as_classes():
    assert digits().head_fits(10)
    assert not digits().head_fits(1000)


def test_batches_come_in_order_and_the_last_is_short():
    part = digits().split("calibration")
    batches = list(part.batches(64))
    assert [batch.shape for batch in batches] == [(64, 1, 32, 32), (64, 1, 32, 32), (52, 1, 32, 32)]
    assert batches[0].dtype == np.float32
    assert np.allclose(batches[1][5, 0], part.pixels(69)[..., 0] / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize(("limit", "sizes"), [(0, []), (5, [5]), (64, [32, 32]), (70, [32, 32, 6])])
def test_a_limit_counts_images(limit, sizes):
    assert [len(batch) for batch in digits().split("calibration").batches(32, limit=limit)] == sizes


def test_no_more_is_decoded_than_is_soon_needed():
    part, decoded = digits().split("train"), []
    batches = replace(part, read=lambda index: decoded.append(index) or part.read(index)).batches(8)
    next(batches)
    assert len(decoded) <= 64
    next(batches)
    assert len(decoded) <= 64


def test_colour_models_see_grey_digits_in_three_channels():
    batch = next(digits(preprocess=COLOUR).split("train").batches(2))
    assert batch.shape == (2, 3, 24, 40)
    assert np.array_equal(batch[:, 0], batch[:, 2])


def test_cached_pixels_are_the_same_and_decoded_once(tmp_path: Path):
    part = digits().split("calibration")
    cached = part.cached(tmp_path)
    assert cached.array.shape == (180, 32, 32, 1)
    assert cached.array.dtype == np.uint8
    assert np.array_equal(cached.pixels(17), part.pixels(17))
    assert np.array_equal(np.concatenate([*cached.batches(50)]), np.concatenate([*part.batches(50)]))
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    part.cached(tmp_path)
    assert [*tmp_path.iterdir()] == [file]
    assert file.stat().st_mtime_ns == written


def test_another_preprocessing_is_cached_apart(tmp_path: Path):
    digits().split("calibration").cached(tmp_path)
    assert digits(preprocess=COLOUR).split("calibration").cached(tmp_path).array.shape == (180, 24, 40, 3)


def test_an_empty_part_is_cached_as_it_is(tmp_path: Path):
    empty = digits().split("holdout")
    assert len(empty.cached(tmp_path)) == 0
    assert [*empty.batches(4)] == []


def test_a_full_disk_is_an_error_that_leaves_nothing(tmp_path: Path):
    part = digits().split("calibration")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(LimitError, match="cannot be written"):
            part.cached(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [*tmp_path.iterdir()] == []
