"""The images that choose: the same rule for every recipe, and none that reports."""

import numpy as np
import pytest

from engine.data import load
from engine.data.selection import MOST, NEEDED, choose_selection
from engine.data.splits import assign
from engine.settings import Preprocess, SampleData, Split

GREY = Preprocess(size=(16, 16), mean=(0.5,), std=(0.5,))


def split_rows(**counts):
    """Consecutive rows of a split each, and hashes that all differ."""
    names = ("train", "calibration", "evaluation", "holdout")
    ends = np.cumsum([counts.get(name, 0) for name in names])
    rows = dict(zip(names, np.split(np.arange(ends[-1]), ends[:-1]), strict=True))
    return rows, tuple(str(row) for row in range(ends[-1]))


@pytest.mark.parametrize(
    ("counts", "n_moved", "n_selection"),
    [
        ({"calibration": 180, "evaluation": 539}, 179, 90 + 179),
        ({"calibration": 3, "evaluation": 2}, 0, 2),
        ({"evaluation": 3}, 1, 1),
        ({"evaluation": 2}, 0, 0),
        ({"calibration": 900, "evaluation": 900}, 50, NEEDED),
        ({"calibration": 1000, "evaluation": 900}, 0, NEEDED),
        ({"holdout": 700, "calibration": 100, "evaluation": 900}, 0, 750),
        ({"holdout": 5000, "evaluation": 900}, 0, MOST),
    ],
)
def test_evaluation_gives_as_many_as_are_missing_and_at_most_a_third(counts, n_moved, n_selection):
    rows, hashes = split_rows(**counts)
    selection, remaining = choose_selection(rows, hashes)
    assert len(selection) == len(set(selection)) == n_selection
    assert len(remaining["evaluation"]) == counts["evaluation"] - n_moved
    assert not set(selection) & set(remaining["evaluation"])
    assert {name: len(remaining[name]) for name in ("train", "calibration", "holdout")} == {
        name: counts.get(name, 0) for name in ("train", "calibration", "holdout")
    }


def test_the_first_half_of_the_calibration_images_sets_ranges_and_never_chooses():
    rows, hashes = split_rows(calibration=181, evaluation=300)
    selection, _ = choose_selection(rows, hashes)
    assert not set(selection) & set(rows["calibration"][:90])
    assert {*rows["calibration"][90:]} <= set(selection)


def test_a_copy_of_an_image_that_reports_does_not_choose():
    rows, hashes = split_rows(calibration=10, evaluation=30)
    copied = (*hashes[:9], hashes[10], *hashes[10:])
    assert 9 in choose_selection(rows, hashes)[0]
    assert 9 not in choose_selection(rows, copied)[0]


def test_both_parts_of_the_evaluation_split_keep_the_shares_of_the_classes():
    labels = np.repeat([0, 1, 2], [60, 240, 600])
    rows = assign(labels, 900, Split(), 0, merge_train=False)
    selection, remaining = choose_selection(rows, tuple(map(str, range(900))))
    for part in (remaining["evaluation"], np.setdiff1d(selection, rows["calibration"])):
        counts = np.bincount(labels[part], minlength=3)
        assert np.abs(counts - len(part) * np.array([60, 240, 600]) / 900).max() <= 1.5


def test_the_data_knows_both_and_its_hashes_are_of_what_reports_and_of_all():
    data, again = (load(SampleData(), Split(), GREY, seed, merge_train=False, n_outputs=10) for seed in (0, 1))
    reporting, choosing = data.split("evaluation"), data.selection
    assert not {*reporting.hashes} & {*choosing.hashes}
    assert np.bincount(reporting.labels).min() >= 34
    assert (data.sha256, data.evaluation_sha256) == (again.sha256, again.evaluation_sha256)
    assert next(choosing.batches(4)).shape == (4, 1, 16, 16)
    assert data.unreported is data.split("calibration")
    assert (data.summary().n_selection, data.summary().n_evaluation) == (len(choosing), len(reporting))
