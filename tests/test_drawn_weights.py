"""Weights that tests share do not depend on which test ran before."""

import numpy as np
import pytest

from tests.drawn_weights import weights

FIRST = np.random.default_rng(0).standard_normal(3).astype(np.float32)


@pytest.fixture(scope="module")
def shared():
    return weights(3)


def test_a_test_draws_the_first_weights():
    assert np.array_equal(weights(3), FIRST)
    assert not np.array_equal(weights(3), FIRST)


def test_what_tests_share_has_the_first_weights_after_others_have_drawn(shared):
    assert np.array_equal(shared, FIRST)
    assert np.array_equal(weights(3), FIRST)
