"""Splits are seeded, exact, stratified and disjoint."""

import numpy as np
import pytest

from engine.data.splits import assign, complete_splits, stratified_order
from engine.errors import DataError
from engine.settings import Split

LABELS = np.repeat([0, 1, 2], [10, 37, 153])


@pytest.mark.parametrize("labels", [None, LABELS])
@pytest.mark.parametrize("split", [Split(), Split(train=0, calibration=0.25, evaluation=0.5, holdout=0.25)])
def test_every_row_is_in_one_split_and_the_shares_are_exact(labels, split):
    rows = assign(labels, 200, split, 3, merge_train=False)
    assert sorted(np.concatenate(list(rows.values()))) == list(range(200))
    assert {name: len(some) / 200 for name, some in rows.items()} == pytest.approx(split.model_dump())


def test_large_classes_keep_their_shares_in_every_split_and_every_prefix():
    rows = assign(LABELS, 200, Split(), 0, merge_train=False)
    for some in (*rows.values(), rows["evaluation"][:20], rows["train"][:60]):
        counts = np.bincount(LABELS[some], minlength=3)
        assert np.abs(counts - len(some) * np.array([10, 37, 153]) / 200).max() <= 1.5


def test_a_class_below_ten_images_means_a_plain_random_order():
    labels = np.repeat([0, 1], [9, 91])
    assert np.array_equal(
        stratified_order(labels, 100, np.random.default_rng(5)), np.random.default_rng(5).permutation(100)
    )


def test_the_seed_decides():
    same, again, other = (assign(LABELS, 200, Split(), seed, merge_train=False) for seed in (1, 1, 2))
    assert all(np.array_equal(same[name], again[name]) for name in same)
    assert not np.array_equal(same["evaluation"], other["evaluation"])


def test_a_merged_train_share_joins_evaluation_and_leaves_calibration_alone():
    apart, merged = (assign(LABELS, 200, Split(), 0, merge_train=merge) for merge in (False, True))
    assert set(merged["evaluation"]) == {*apart["train"], *apart["evaluation"]}
    assert np.array_equal(merged["calibration"], apart["calibration"])
    assert len(merged["train"]) == 0


def test_too_few_images_for_evaluation_are_refused():
    with pytest.raises(DataError, match=r"too few images or examples \(1\)"):
        assign(None, 1, Split(), 0, merge_train=False)


def test_given_splits_stay_and_calibration_comes_out_of_train():
    given = {"train": np.arange(140), "evaluation": np.arange(140, 180), "holdout": np.arange(180, 200)}
    rows = complete_splits(given, LABELS, Split(), 0)
    assert {*rows["train"], *rows["calibration"]} == set(range(140))
    assert len(rows["calibration"]) == 20
    assert set(rows["evaluation"]) == set(range(140, 180))
    assert set(rows["holdout"]) == set(range(180, 200))
