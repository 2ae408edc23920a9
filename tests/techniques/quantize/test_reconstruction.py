"""Rounding that keeps a layer's outputs, on random layers: it loses less than the nearest integers do."""

import numpy as np
import pytest

from engine.techniques.quantize.reconstruction import Layer, Moments, learn

LIMIT = 7
"""Weights of 4 bits: there rounding is most of the error."""


def inputs_of(rng, groups, inputs, n):
    """Inputs that go together, as those of a real layer do."""
    mixing = np.random.default_rng(1).standard_normal((groups, inputs, inputs)) / np.sqrt(inputs)
    return np.maximum(mixing @ rng.standard_normal((groups, inputs, n)) + 0.3, 0).astype(np.float32)


def sampled(rng, weight, n, noise):
    """Inputs that are a little off, and what FP32's outputs have beyond the float weights' for them."""
    exact = inputs_of(rng, weight.shape[0], weight.shape[2], n)
    inputs = exact + noise * rng.standard_normal(exact.shape).astype(np.float32)
    return inputs, (weight @ exact - weight @ inputs).astype(np.float32)


def moments(weight, *samples):
    result = Moments.zero(*weight.shape)
    result.add(*samples)
    return result


def loss(layer, integers, shift, inputs, residuals):
    """The mean squared error on samples, computed sample by sample."""
    change = integers * layer.scale - layer.weight
    bias = 0.0 if shift is None else shift[:, :, None]
    return float(np.mean((change @ inputs + bias - residuals) ** 2))


@pytest.mark.parametrize("shape", [(1, 12, 24), (8, 1, 9), (3, 4, 10)], ids=["dense", "depthwise", "grouped"])
@pytest.mark.parametrize("has_bias", [True, False], ids=["bias", "no bias"])
def test_learnt_rounding_loses_less_than_the_nearest_on_samples_it_has_not_seen(shape, has_bias):
    rng = np.random.default_rng(0)
    weight = rng.standard_normal(shape)
    layer = Layer(weight=weight, scale=np.abs(weight).max(axis=2, keepdims=True) / LIMIT, limit=LIMIT)
    fitted, held_back, unseen = (sampled(rng, weight, n, 0.02) for n in (2000, 600, 2000))
    sums = moments(weight, *fitted)
    rounding = learn(layer, sums, moments(weight, *held_back), has_bias=has_bias)
    nearest = layer.nearest()
    best_shift = sums.best_shift(nearest * layer.scale - weight) if has_bias else None
    assert loss(layer, rounding.integers, rounding.bias_shift, *unseen) < 0.9 * loss(
        layer, nearest, best_shift, *unseen
    )
    assert np.abs(rounding.integers).max() <= LIMIT
    assert np.array_equal(rounding.integers, np.rint(rounding.integers))
    assert (rounding.bias_shift is None) != has_bias


def test_the_sums_give_the_error_of_the_samples_themselves():
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((2, 3, 5))
    layer = Layer(weight=weight, scale=np.full((2, 3, 1), 0.3), limit=LIMIT)
    samples = sampled(rng, weight, 50, 0.1)
    sums = moments(weight, *samples)
    change, shift = layer.nearest() * layer.scale - weight, rng.standard_normal((2, 3))
    assert sums.error(change, shift) == pytest.approx(loss(layer, layer.nearest(), shift, *samples), rel=1e-5)
    assert sums.error(change, None) == pytest.approx(loss(layer, layer.nearest(), None, *samples), rel=1e-5)


def test_where_the_samples_are_too_few_to_learn_from_the_nearest_stays():
    """Eight samples of 40 inputs: what fits them is wrong elsewhere, and those that are held back see it."""
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((1, 4, 40))
    layer = Layer(weight=weight, scale=np.abs(weight).max(axis=2, keepdims=True) / LIMIT, limit=LIMIT)
    fitted, held_back = (sampled(rng, weight, n, 0.5) for n in (8, 400))
    rounding = learn(layer, moments(weight, *fitted), moments(weight, *held_back), has_bias=False)
    assert np.array_equal(rounding.integers, layer.nearest())
