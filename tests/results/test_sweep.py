"""The cells of a sweep: images a second, what is within a latency, and which cell is the best."""

import pytest

from engine.results import Sweep
from tests.made_speed import made_cell, made_skipped, made_sweep


def test_images_a_second_follow_from_the_latency_and_its_interval():
    cell = made_cell(1, 8, 16.0, low_ms=10.0, high_ms=20.0)
    assert (cell.images_per_s, cell.images_per_s_low, cell.images_per_s_high) == (500, 400, 800)
    assert made_skipped(1, 8).images_per_s is None


@pytest.mark.parametrize(("limit_ms", "answer"), [(None, "yes"), (20.0, "yes"), (17.0, "unclear"), (15.0, "no")])
def test_whether_a_call_is_within_a_latency(limit_ms, answer):
    assert made_cell(1, 8, 16.0, low_ms=10.0, high_ms=20.0).within(limit_ms) == answer


def test_without_an_interval_nobody_can_be_sure():
    assert made_cell(1, 8, 16.0, low_ms=None, high_ms=None).within(20.0) == "unclear"
    assert made_skipped(1, 8).within(20.0) == "no"


@pytest.mark.parametrize(("limit_ms", "best"), [(None, (2, 8)), (3.0, (2, 4)), (0.7, (2, 1)), (0.1, None)])
def test_the_best_cell_has_the_most_images_a_second_within_the_latency(limit_ms, best):
    cell = made_sweep().best_within(limit_ms)
    assert (cell and (cell.target.threads, cell.target.batch_size)) == best


def test_a_cell_is_found_by_the_values_of_its_axes_and_a_sweep_is_json():
    sweep = made_sweep()
    assert sweep.cell(threads=2, batch_size=4) == sweep.cells[6]
    assert sweep.cell(threads=3, batch_size=4) is None
    assert Sweep.model_validate_json(sweep.model_dump_json()) == sweep


@pytest.mark.parametrize(
    ("second_ms", "limit_ms", "equal"), [(1.98, None, 1), (1.5, None, None), (1.98, 1.5, None), (2.2, None, None)]
)
def test_the_quickest_cell_that_cannot_be_told_from_the_best_one(second_ms, limit_ms, equal):
    sweep = made_sweep((1, 2), (1,), cells=(made_cell(1, 1, 1.0), made_cell(1, 2, second_ms)))
    found = sweep.quicker_equal(sweep.best_within(limit_ms), limit_ms)
    assert (found and found.target.batch_size) == equal
