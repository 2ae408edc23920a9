"""The inputs of one call, whether they are images or arrays by name."""

from collections.abc import Mapping

import numpy as np

from engine.tasks.task import Inputs


def n_examples(inputs: Inputs) -> int:
    """How many examples a call is for."""
    return len(inputs if isinstance(inputs, np.ndarray) else next(iter(inputs.values())))


def resized(inputs: Inputs, n: int) -> Inputs:
    """The first n examples, the same ones again and again where there are fewer.

    An array of another length than the first one has no axis of examples, and stays.
    """
    count = n_examples(inputs)
    rows = np.arange(n) % count
    if isinstance(inputs, np.ndarray):
        return inputs if len(inputs) == n else inputs[rows]
    return {name: values[rows] if values.ndim and len(values) == count else values for name, values in inputs.items()}


def scaled(inputs: Inputs, factor: float) -> Inputs:
    """The inputs with every float multiplied; integers, which are indices or bytes, stay."""
    if isinstance(inputs, Mapping):
        return {
            name: np.multiply(values, factor).astype(values.dtype) if values.dtype.kind == "f" else values
            for name, values in inputs.items()
        }
    return inputs * np.float32(factor)
