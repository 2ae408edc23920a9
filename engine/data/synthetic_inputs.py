"""Random inputs for recipes without data whose model takes no images, made from its signature alone."""

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.data.arrays import UNNAMED, check_batched, number_type
from engine.data.npz import shown
from engine.data.pool import ArrayPool, digest
from engine.data.synthetic import N_CALIBRATION, N_EVALUATION
from engine.results import Note, TensorSpec

SEQUENCE, EDGE, CHANNELS, OTHER = 128, 224, 3, 16
"""Lengths of free axes: tokens of a text, px of an image's height or width, its channels, and any other."""
UPPER = 2
"""Integers whose table is not known are below it, since hardly a table has fewer rows."""
_SEQUENCE_NAMES = ("ids", "mask", "type", "position", "token")
_MOST_NAMED = 12
_WARNING = (
    "No data was given: calibration and fidelity come from random inputs made from the model's signature, which say "
    "little about real ones; size and latency are as valid as ever"
)
Shape = tuple[int, ...]
AxisKey = tuple[int, int]
"""The number of an input, and the position of an axis in the shape of its examples."""


def synthetic_inputs(inputs: tuple[TensorSpec, ...], seed: int) -> ArrayPool:
    """Unlabelled examples: N_EVALUATION for evaluation, N_CALIBRATION for calibration.

    Floats are standard normal. Integers are below the length of the table that they index, where that is known; masks
    are ones, types zeros, and positions count. A single value for all examples is 1, as a float 0.5. Axes of one name
    have one length, and the warning says which lengths were taken. Raises DataError where no input has an axis of
    examples, and where one takes no numbers.
    """
    check_batched(inputs)
    for spec in inputs:
        number_type(spec)
    lengths = _lengths(inputs)
    shapes = [_shape(spec, number, lengths) for number, spec in enumerate(inputs)]
    count = N_EVALUATION + N_CALIBRATION
    signature = [[spec.model_dump(mode="json"), shape] for spec, shape in zip(inputs, shapes, strict=True)]
    return ArrayPool(
        ids=tuple(f"synthetic-{index:03d}" for index in range(count)),
        hashes=tuple(digest(["arrays", seed, index, signature]) for index in range(count)),
        labels=None,
        classes=None,
        read=partial(_example, inputs, shapes, seed, True),
        constants=_example(inputs, shapes, seed, False, count),
        rows={"evaluation": np.arange(N_EVALUATION), "calibration": np.arange(N_EVALUATION, count)},
        warnings=(Note(code="synthetic_inputs", text=_warning(inputs, lengths)),),
        synthetic=True,
    )


def _example(
    inputs: tuple[TensorSpec, ...], shapes: list[Shape], seed: int, batched: bool, index: int
) -> dict[str, NDArray[np.generic]]:
    """An array for each input that has an axis of examples; for each that has none where `batched` is False."""
    return {
        spec.name: _values(spec, shape, np.random.default_rng((seed, number, index)))
        for number, (spec, shape) in enumerate(zip(inputs, shapes, strict=True))
        if spec.batched is batched
    }


def _values(spec: TensorSpec, shape: Shape, rng: np.random.Generator) -> NDArray[np.generic]:
    dtype, name = number_type(spec), spec.name.lower()
    if dtype.kind == "b" or "mask" in name:
        return np.ones(shape, dtype)
    if not spec.batched and np.prod(shape) == 1:
        return np.full(shape, 0.5 if dtype.kind == "f" else 1, dtype)
    if dtype.kind == "f":
        return np.asarray(rng.standard_normal(shape), dtype)
    if "type" in name or "segment" in name:
        return np.zeros(shape, dtype)
    if "position" in name:
        length = shape[-1] if shape else 1
        return np.array(np.broadcast_to(np.arange(length) % (spec.upper or length), shape), dtype)
    upper = min(spec.upper or UPPER, int(np.iinfo(dtype.name).max) + 1)
    return np.asarray(rng.integers(0, upper, shape, dtype=np.uint64), dtype)


def _shape(spec: TensorSpec, number: int, lengths: Mapping[AxisKey, int]) -> Shape:
    return tuple(
        axis if isinstance(axis, int) else lengths[number, position] for position, axis in enumerate(spec.shape)
    )


def _lengths(inputs: tuple[TensorSpec, ...]) -> dict[AxisKey, int]:
    """The length of every free axis; one name has one length, that of its most telling use."""
    free = {
        (number, position): axis
        for number, spec in enumerate(inputs)
        for position, axis in enumerate(spec.shape)
        if isinstance(axis, str)
    }
    usual = {key: _usual_length(inputs[key[0]], key[1]) for key in free}
    by_name: dict[str, int] = {}
    for length in (SEQUENCE, EDGE, CHANNELS, OTHER):
        for key in (key for key in free if usual[key] == length):
            by_name.setdefault(free[key], length)
    return {key: usual[key] if name == UNNAMED else by_name[name] for key, name in free.items()}


def _usual_length(spec: TensorSpec, position: int) -> int:
    axes = spec.shape
    if number_type(spec).kind != "f":
        is_text = position == len(axes) - 1 and any(word in spec.name.lower() for word in _SEQUENCE_NAMES)
        return SEQUENCE if is_text else OTHER
    if spec.batched and len(axes) == 3:
        height = 0 if axes[2] in (1, 3) else 1  # its position; channels come last or first
        if isinstance(axes[height], str) and isinstance(axes[height + 1], str):
            return EDGE if position in (height, height + 1) else CHANNELS
    return OTHER


def _warning(inputs: tuple[TensorSpec, ...], lengths: Mapping[AxisKey, int]) -> str:
    taken: dict[str, int] = {}
    for (number, position), length in lengths.items():
        spec = inputs[number]
        axis = str(spec.shape[position])
        taken[f"axis {position + spec.batched} of {spec.name}" if axis == UNNAMED else axis] = length
    if not taken:
        return _WARNING
    texts = [f"{shown(name)} {length}" for name, length in list(taken.items())[:_MOST_NAMED]]
    return f"{_WARNING}, for the lengths that the free axes were given: {', '.join(texts)}"
