"""From the outputs of a call to arrays with a row an example."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.errors import RunError
from engine.results import TensorSpec
from engine.tasks.task import Answers, Outputs

SAMPLED = 65_536
"""At most so many values of an output count an example, at positions that depend on the output's size alone: a
segmenter's maps of all images would fill the memory, and neighbours among them say the same."""


def scores_length(output: TensorSpec) -> int | str | None:
    """The number of scores an example of (N,), (N, classes), (N, classes, 1, 1) or (N, 1, classes).

    A name where it is dynamic, None where an example has no plain list of scores.
    """
    if not is_float(output):
        return None
    if len(output.shape) <= 1:
        return output.shape[0] if output.shape else 1
    fixed = [length for length in output.shape if isinstance(length, int)]
    is_list = len(fixed) == len(output.shape) and sum(length != 1 for length in fixed) <= 1
    return math.prod(fixed) if is_list else None


def is_float(output: TensorSpec) -> bool:
    return output.dtype.startswith("float") or output.dtype == "bfloat16"


def score_outputs(outputs: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    """The outputs with a plain list of scores an example; (N, classes) comes before other forms of it."""
    lists = tuple(output for output in outputs if output.batched and scores_length(output) is not None)
    return tuple(output for output in lists if len(output.shape) == 1) or lists


def as_rows(values: NDArray[np.generic], n: int) -> NDArray[np.float32]:
    """(n, values) float32. Raises RunError where the output has not one row an example."""
    n_rows = values.shape[0] if values.ndim else 0
    if n_rows != n:
        raise RunError(
            f"the model answers {n} images with {n_rows} rows of outputs, so they cannot be told apart",
            "Export the model again with a dynamic batch, or set the batch size to 1 (target.batch_size)",
        )
    return np.asarray(values, np.float32).reshape(n, -1)


def read_scores(outputs: Outputs, n: int) -> Answers:
    """The one measured output as (n, scores)."""
    ((name, values),) = outputs.items()
    return Answers({name: as_rows(values, n)})


def sampled_positions(size: int, n: int) -> NDArray[np.intp]:
    """`n` positions out of `size`, in order, always the same; all of them where there are no more."""
    if size <= n:
        return np.arange(size)
    return np.sort(np.random.default_rng(size).choice(size, n, replace=False))


def read_sampled(outputs: Outputs, n: int) -> Answers:
    """Every measured output as (n, values), at most SAMPLED an example."""
    rows = {name: as_rows(values, n) for name, values in outputs.items()}
    return Answers({name: values[:, sampled_positions(values.shape[1], SAMPLED)] for name, values in rows.items()})
