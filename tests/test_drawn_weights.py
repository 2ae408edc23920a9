"""Weights do not depend on which tests ran or were imported before."""

import numpy as np
import pytest

from tests.drawn_weights import weights

FIRST = np.random.default_rng(0).standard_normal(3).astype(np.float32)
OF_THE_MODULE = weights(3)


@pytest.fixture(scope="module")
def shared():
    return weights(3)


def test_a_test_draws_the_first_weights():
    assert np.array_equal(weights(3), FIRST)
    assert not np.array_equal(weights(3), FIRST)


def test_what_tests_share_has_the_first_weights_after_others_have_drawn(shared):
    assert np.array_equal(shared, FIRST)
    assert np.array_equal(weights(3), FIRST)


def test_a_module_has_the_first_weights_after_others_have_drawn():
    """Seen where this file is imported after another one that draws."""
    assert np.array_equal(OF_THE_MODULE, FIRST)
