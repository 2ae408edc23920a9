"""Outputs whose meaning is not known: only how far they are from the baseline's."""

import numpy as np
from numpy.typing import NDArray

from engine.tasks.reading import read_sampled
from engine.tasks.task import Answers, Signature, Task


def explained(answers: Answers, baseline: Answers) -> NDArray[np.float64]:
    """1 minus the error's share of the energy of an example's output, of the output where it is largest; at least 0."""
    shares = [
        _error_share(values, reference)
        for values, reference in zip(answers.outputs.values(), baseline.outputs.values(), strict=True)
    ]
    return np.asarray(1 - np.minimum(np.max(shares, axis=0), 1.0))


def _error_share(values: NDArray[np.float32], reference: NDArray[np.float32]) -> NDArray[np.float64]:
    energy = (reference.astype(np.float64) ** 2).sum(axis=1)
    error = ((values.astype(np.float64) - reference) ** 2).sum(axis=1)
    return np.asarray(np.divide(error, energy, out=np.where(error > 0, np.inf, 0.0), where=energy > 0))


def _outputs(signature: Signature) -> tuple[str, ...]:
    return tuple(output.name for output in signature.outputs if output.batched)


TENSORS = Task(
    name="tensors",
    title="a model of other outputs",
    measure="explained variance",
    classes=False,
    one_output=False,
    recognises=lambda signature: True,
    outputs=_outputs,
    read=read_sampled,
    similarity=explained,
)
