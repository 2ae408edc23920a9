"""A user's arrays: compared with the inputs of the model, and read an example at a time."""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.npz import open_arrays, shown
from engine.data.pool import ArrayPool, Example
from engine.errors import DataError
from engine.results import TensorSpec
from engine.settings import ArraysData
from engine.wording import many

LABELS = "labels"
MAX_EXAMPLES = 1_000_000
MAX_CLASSES = 100_000
UNNAMED = "?"
"""The name of every dynamic axis that has none, so that two of them are not the same."""
_CHUNK_VALUES = 1 << 22
_MOST_NAMED = 12
_NUMBERS = "biuf"
"""The kinds of numpy's number types that an input can have: bool, signed and unsigned integers, floats."""
Array = NDArray[np.generic]


def read_arrays(
    source: ArraysData,
    inputs: tuple[TensorSpec, ...],
    *,
    n_outputs: int | None,
    model_classes: Sequence[str] | None,
    work: Path | None,
) -> ArrayPool:
    """The examples of an .npz with one array for each of the model's `inputs`, in their number types.

    An array `labels` (N,) holds outputs of the model, by number. Raises DataError where the arrays are not those of the
    inputs, where their values do not fit, and for labels beyond `n_outputs` (None or 0: their number is not fixed).
    """
    if source.path is None:
        raise DataError(f"no arrays with the SHA-256 {source.sha256} are here", "Upload them again, or give their path")
    arrays = open_arrays(Path(source.path), work)
    labels = None if any(spec.name == LABELS for spec in inputs) else arrays.pop(LABELS, None)
    _check_names(arrays, inputs)
    _check_shapes(arrays, inputs)
    count = _count(arrays, inputs)
    for spec in inputs:
        _check_values(arrays[spec.name], spec, inputs)
    dtypes = {spec.name: number_type(spec) for spec in inputs}
    constants = {spec.name: np.array(arrays[spec.name], dtypes[spec.name]) for spec in inputs if not spec.batched}
    read = partial(_example, {spec.name: arrays[spec.name] for spec in inputs if spec.batched}, dtypes)
    outputs, classes = (None, None) if labels is None else _labels(labels, count, n_outputs or None, model_classes)
    return ArrayPool(
        ids=tuple(f"row-{row + 1:06d}" for row in range(count)),
        hashes=_hashes(read, constants, count),
        labels=outputs,
        classes=classes,
        read=read,
        constants=constants,
    )


def number_type(spec: TensorSpec) -> np.dtype[np.generic]:
    """numpy's type of an input. Raises DataError for one that is no number to numpy, such as text or bfloat16."""
    try:
        dtype = np.dtype(spec.dtype)
    except TypeError:
        dtype = np.dtype(object)
    if dtype.kind not in _NUMBERS:
        raise DataError(
            f"the input '{shown(spec.name)}' takes {spec.dtype}, and arrays are of floats, integers or booleans",
            "Export the model with an input of numbers",
        )
    return dtype


def check_batched(inputs: tuple[TensorSpec, ...]) -> None:
    """Raises DataError where no input has an axis of examples."""
    if not any(spec.batched for spec in inputs):
        raise DataError(
            f"no input of the model has an axis of examples ({_declared(inputs)})",
            "Export the model with the batch as the first axis of its inputs",
        )


def _check_names(arrays: Mapping[str, Array], inputs: tuple[TensorSpec, ...]) -> None:
    names = {spec.name for spec in inputs}
    for name in arrays:
        if name not in names:
            raise DataError(f"the array '{shown(name)}' is no input of the model", _needed(inputs))
    for spec in inputs:
        if spec.name not in arrays:
            raise DataError(f"there is no array for the input '{shown(spec.name)}'", _needed(inputs))


def _check_shapes(arrays: Mapping[str, Array], inputs: tuple[TensorSpec, ...]) -> None:
    """Raises DataError where an array has another rank or other fixed lengths than its input, or is empty.

    So does it where an axis that inputs share by its name has two lengths.
    """
    lengths: dict[str, int] = {}
    for spec in inputs:
        shape = arrays[spec.name].shape
        of_example = shape[1:] if spec.batched else shape
        pairs = list(zip(spec.shape, of_example, strict=False))
        is_fixed = all(wanted == length for wanted, length in pairs if isinstance(wanted, int))
        if len(shape) != len(spec.shape) + spec.batched or 0 in shape or not is_fixed:
            raise DataError(f"the array '{shown(spec.name)}' has the shape {list(shape)}", _needed(inputs))
        for axis, length in ((axis, length) for axis, length in pairs if isinstance(axis, str) and axis != UNNAMED):
            if lengths.setdefault(axis, length) != length:
                raise DataError(
                    f"the axis '{shown(axis)}' has the length {length} in the array '{shown(spec.name)}' and "
                    f"{lengths[axis]} in another",
                    _needed(inputs),
                )


def _count(arrays: Mapping[str, Array], inputs: tuple[TensorSpec, ...]) -> int:
    """The number of examples, which all arrays with an axis of them share."""
    check_batched(inputs)
    counts = {spec.name: len(arrays[spec.name]) for spec in inputs if spec.batched}
    if len(set(counts.values())) > 1:
        numbers = ", ".join(f"{shown(name)} {count}" for name, count in counts.items())
        raise DataError(
            f"the arrays have different numbers of examples on their first axis: {numbers}",
            "Save as many examples of every input",
        )
    count = next(iter(counts.values()))
    if not 2 <= count <= MAX_EXAMPLES:
        raise DataError(
            f"the arrays have {many(count, 'example')}, and 2 to {MAX_EXAMPLES:,} are allowed",
            "Add examples" if count < 2 else "Use fewer examples",
        )
    return count


def _check_values(array: Array, spec: TensorSpec, inputs: tuple[TensorSpec, ...]) -> None:
    """Raises DataError where a value of the array is not finite, or would be another one in the input's type."""
    dtype, name = number_type(spec), shown(spec.name)
    if array.dtype.kind not in _NUMBERS or (array.dtype.kind == "f" and dtype.kind != "f"):
        raise DataError(f"the array '{name}' is of {array.dtype}, and the input takes {dtype}", _needed(inputs))
    n_not_finite, low, high = _extremes(array)
    if n_not_finite:
        raise DataError(
            f"the array '{name}' has values that are NaN or infinite: {n_not_finite:,} of {array.size:,}",
            "Leave such examples out",
        )
    lowest, highest = _limits(array.dtype, dtype)
    if low < lowest or high > highest:
        raise DataError(
            f"the array '{name}' has values from {_number(low)} to {_number(high)}, and the input takes {dtype}",
            "Save values that this type holds as they are",
        )
    if spec.upper is not None and dtype.kind in "iu" and (high >= spec.upper or low < -spec.upper):
        raise DataError(
            f"the array '{name}' has values from {_number(low)} to {_number(high)}, and the table that it indexes has "
            f"{many(spec.upper, 'row')}",
            f"Save indices from 0 to {spec.upper - 1:,}",
        )


def _limits(source: np.dtype[np.generic], target: np.dtype[np.generic]) -> tuple[float, float]:
    """The lowest and the highest value that stay what they are: floats but for rounding, integers exactly."""
    if target.kind == "b":
        return 0, 1
    if target.kind != "f":
        integers = np.iinfo(target.name)
        return int(integers.min), int(integers.max)
    floats = np.finfo(target.name)
    largest = float(floats.max) if source.kind == "f" else 2 ** (floats.nmant + 1)
    return -largest, largest


def _extremes(array: Array) -> tuple[int, float, float]:
    """How many values are not finite, and the lowest and the highest of the others, as Python's own numbers."""
    n_not_finite, lows, highs = 0, [math.inf], [-math.inf]
    for values in _chunks(array):
        finite = values[np.isfinite(values)]
        n_not_finite += values.size - finite.size
        if finite.size:
            lows.append(finite.min().item())
            highs.append(finite.max().item())
    return n_not_finite, min(lows), max(highs)


def _chunks(array: Array) -> Iterator[Array]:
    """The array's values in runs of about _CHUNK_VALUES along its first axis, so that memory stays small."""
    rows = array if array.ndim else array.reshape(1)
    step = max(1, _CHUNK_VALUES * len(rows) // rows.size)
    for start in range(0, len(rows), step):
        yield np.asarray(rows[start : start + step])


def _labels(
    values: Array, count: int, n_outputs: int | None, model_classes: Sequence[str] | None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """(N,) the output of every example, and the names of the classes: the model's own, or else their numbers."""
    if values.shape != (count,) or values.dtype.kind not in "iu":
        raise DataError(
            f"the array '{LABELS}' is {values.dtype} of shape {list(values.shape)}",
            f"Save one integer for each of the {count} examples: its output of the model, from 0",
        )
    low, high = int(values.min()), int(values.max())
    n_allowed = MAX_CLASSES if n_outputs is None else n_outputs
    if low < 0 or high >= n_allowed:
        raise DataError(
            f"the labels go from {low:,} to {high:,}, and the model has {many(n_allowed, 'output')}"
            if n_outputs is not None
            else f"the labels go from {low:,} to {high:,}, and classes are counted from 0 to {MAX_CLASSES - 1:,}",
            "Save the number of an output for each example, from 0",
        )
    if low == high:
        raise DataError(
            f"all examples have the label {low}; there is nothing to tell apart",
            "Add examples of other classes, or leave the labels out",
        )
    names = tuple(model_classes or ())
    n_classes = n_outputs or high + 1
    classes = names if len(names) == n_classes else tuple(map(str, range(n_classes)))
    return np.array(values, np.int64), classes


def _example(arrays: Mapping[str, Array], dtypes: Mapping[str, np.dtype[np.generic]], index: int) -> Example:
    return {name: np.asarray(array[index], dtypes[name]) for name, array in arrays.items()}


def _hashes(read: Callable[[int], Example], constants: Example, count: int) -> tuple[str, ...]:
    """SHA-256 of every example as the model gets it, the inputs without an axis of examples included."""
    begin = hashlib.sha256()
    for name, values in constants.items():
        begin.update(_content(name, values))
    hashes = []
    for index in range(count):
        row = begin.copy()
        for name, values in read(index).items():
            row.update(_content(name, values))
        hashes.append(row.hexdigest())
    return tuple(hashes)


def _content(name: str, values: Array) -> bytes:
    return repr((name, str(values.dtype), values.shape)).encode() + values.tobytes()


def _needed(inputs: tuple[TensorSpec, ...]) -> str:
    return f"Save one array for each input with numpy.savez: {_declared(inputs)}"


def _declared(inputs: tuple[TensorSpec, ...]) -> str:
    texts = [shown(spec.declaration) for spec in inputs[:_MOST_NAMED]]
    return ", ".join([*texts, *([f"and {len(inputs) - _MOST_NAMED} more"] if len(inputs) > _MOST_NAMED else [])])


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
