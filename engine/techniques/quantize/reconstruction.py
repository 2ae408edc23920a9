"""Weights in integers that keep a layer's outputs close to FP32's, solved from sums over samples of the layer.

What is minimised is the error of the layer's outputs, as by Nagel et al. (AdaRound, https://arxiv.org/abs/2004.10568):
column by column, what rounding one column does wrong is made good by those that follow (Frantar et al.,
https://arxiv.org/abs/2210.17323, with their damping). The inputs are those that the quantized layers before give, and
the outputs FP32's, so that a layer also makes good what those before lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DAMPING = 0.01
"""What is added to the diagonal of the inputs' products, as a share of its mean."""
REFITS = (0.0, 0.5, 1.0)
"""How much of the least-squares correction of a weight is tried before it is rounded."""
SWEEPS, MAX_SWEPT = 3, 1024
"""How often each integer is reconsidered beside all others, in layers of at most so many inputs."""
BLOCK = 128
"""Columns that are rounded before the rest of the matrix is corrected."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer in groups of its outputs: `weight` (groups, outputs, inputs) in float, `scale` (groups, outputs, 1) of
    its integers, which lie between -limit and limit."""

    weight: Array
    scale: Array
    limit: int

    def nearest(self) -> Array:
        """(groups, outputs, inputs): integers, each the nearest to its weight."""
        return self.round(self.weight)

    def round(self, values: Array) -> Array:
        integers: Array = np.clip(np.rint(values / self.scale), -self.limit, self.limit)
        return integers


@dataclass(frozen=True, kw_only=True)
class Rounding:
    """`integers` (groups, outputs, inputs) and what to add to the bias (groups, outputs), which is None without one."""

    integers: Array
    bias_shift: Array | None


@dataclass
class Moments:
    """Sums over the samples of a layer: of its inputs x, and of residuals r, FP32's outputs less those that the float
    weights give for x.

    Residuals are small beside outputs, so their sums lose no digits.
    """

    count: int
    inputs: Array
    """(groups, inputs): sum of x."""
    residuals: Array
    """(groups, outputs): sum of r."""
    squares: Array
    """(groups, inputs, inputs): sum of x xᵀ."""
    products: Array
    """(groups, outputs, inputs): sum of r xᵀ."""
    energy: float
    """Sum of r²."""

    @classmethod
    def zero(cls, groups: int, outputs: int, inputs: int) -> "Moments":
        return cls(
            0,
            np.zeros((groups, inputs)),
            np.zeros((groups, outputs)),
            np.zeros((groups, inputs, inputs)),
            np.zeros((groups, outputs, inputs)),
            0.0,
        )

    def add(self, inputs: NDArray[np.float32], residuals: NDArray[np.float32]) -> None:
        """Adds samples: inputs (groups, inputs, samples), residuals (groups, outputs, samples)."""
        self.count += inputs.shape[2]
        self.inputs += inputs.sum(axis=2, dtype=np.float64)
        self.residuals += residuals.sum(axis=2, dtype=np.float64)
        self.squares += inputs @ inputs.swapaxes(1, 2)
        self.products += residuals @ inputs.swapaxes(1, 2)
        self.energy += float(np.square(residuals, dtype=np.float64).sum())

    def centred(self) -> "Moments":
        """The sums of what is left after the means: what a bias cannot make good."""
        n = max(self.count, 1)
        return Moments(
            self.count,
            np.zeros_like(self.inputs),
            np.zeros_like(self.residuals),
            self.squares - self.inputs[:, :, None] * self.inputs[:, None, :] / n,
            self.products - self.residuals[:, :, None] * self.inputs[:, None, :] / n,
            self.energy - float(np.square(self.residuals).sum()) / n,
        )

    def best_shift(self, change: Array) -> Array:
        """(groups, outputs): the shift of the bias after which the mean error is 0, for a change of the weights."""
        shift: Array = (self.residuals - np.einsum("goi,gi->go", change, self.inputs)) / max(self.count, 1)
        return shift

    def error(self, change: Array, shift: Array | None) -> float:
        """The mean squared error of an output beside FP32's, for a change of the weights and a shift of the bias."""
        total = self.energy + float(((change @ self.squares - 2 * self.products) * change).sum())
        if shift is not None:
            mean_change = np.einsum("goi,gi->go", change, self.inputs)
            total += float((shift * (2 * mean_change - 2 * self.residuals + self.count * shift)).sum())
        return total / max(self.count * self.residuals.size, 1)


def learn(layer: Layer, fitted: Moments, held_back: Moments, *, has_bias: bool) -> Rounding:
    """The rounding with the least error on samples that it was not fitted to; that to the nearest is among those tried.

    Raises numpy.linalg.LinAlgError where the samples' products cannot be inverted.
    """
    candidates = (_with_bias(layer, integers, fitted, has_bias) for integers in _candidates(layer, fitted, has_bias))
    return min(candidates, key=lambda one: held_back.error(_change(layer, one.integers), one.bias_shift))


def _candidates(layer: Layer, fitted: Moments, has_bias: bool) -> Iterator[Array]:
    yield layer.nearest()
    moments = fitted.centred() if has_bias else fitted
    squares = _damped(moments.squares)
    inverse = np.linalg.inv(squares)
    order = np.argsort(-np.einsum("gii->gi", moments.squares), axis=1, kind="stable")
    rows, columns = order[:, :, None], order[:, None, :]
    sorted_inverse = np.take_along_axis(np.take_along_axis(inverse, rows, axis=1), columns, axis=2)
    factors = np.linalg.cholesky(sorted_inverse).swapaxes(1, 2)
    correction = moments.products @ inverse
    for share in REFITS:
        target = layer.weight + share * correction
        rounded = _round_in_turn(layer, np.take_along_axis(target, columns, axis=2), factors)
        integers = np.empty_like(target)
        np.put_along_axis(integers, np.broadcast_to(columns, target.shape), rounded, axis=2)
        if target.shape[2] <= MAX_SWEPT:
            _sweep(layer, integers, target, squares)
        yield integers


def _round_in_turn(layer: Layer, target: Array, factors: Array) -> Array:
    """Integers for a target (groups, outputs, inputs), column by column; `factors` (groups, inputs, inputs) is upper
    triangular, and its transpose by itself is the inverse of the inputs' products."""
    remaining, n = target.copy(), target.shape[2]
    integers = np.empty_like(target)
    for begin in range(0, n, BLOCK):
        end = min(begin + BLOCK, n)
        errors = np.empty_like(remaining[:, :, begin:end])
        for column in range(begin, end):
            values = remaining[:, :, column : column + 1]
            integers[:, :, column : column + 1] = layer.round(values)
            rounded = integers[:, :, column : column + 1] * layer.scale
            error = (values - rounded) / factors[:, column, column][:, None, None]
            remaining[:, :, column + 1 : end] -= error * factors[:, column : column + 1, column + 1 : end]
            errors[:, :, column - begin] = error[:, :, 0]
        remaining[:, :, end:] -= errors @ factors[:, begin:end, end:]
    return integers


def _sweep(layer: Layer, integers: Array, target: Array, squares: Array) -> None:
    """Sets each column, in place, to the integers with the least error while all other columns stay."""
    gradient = (integers * layer.scale - target) @ squares
    for _ in range(SWEEPS):
        for column in range(target.shape[2]):
            one = slice(column, column + 1)
            best = integers[:, :, one] * layer.scale - gradient[:, :, one] / squares[:, one, one]
            step = layer.round(best) - integers[:, :, one]
            integers[:, :, one] += step
            gradient += step * layer.scale * squares[:, one, :]


def _with_bias(layer: Layer, integers: Array, fitted: Moments, has_bias: bool) -> Rounding:
    shift = fitted.best_shift(_change(layer, integers)) if has_bias else None
    return Rounding(integers=integers, bias_shift=shift)


def _change(layer: Layer, integers: Array) -> Array:
    return integers * layer.scale - layer.weight


def _damped(squares: Array) -> Array:
    mean = np.einsum("gii->g", squares) / squares.shape[1]
    damped: Array = squares + (DAMPING * mean + np.finfo(np.float32).tiny)[:, None, None] * np.eye(squares.shape[1])
    return damped
