"""What a task is: a row of the table, what it sees of a model, and the answers that it reads out of the outputs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.results import Measure, TensorSpec
from engine.settings import TaskName

Inputs = NDArray[np.float32] | Mapping[str, NDArray[np.generic]]
"""What one call takes: images (N, C, H, W), or an array for every input by its name, the first axis N where it has one
of examples."""
Outputs = Mapping[str, NDArray[np.generic]]
"""The outputs of one call by name, each as the runtime gave it."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a graph shows of its task: its outputs, the operator that makes each, and the size of the images it takes.

    `image` is (height, width), None where the model takes no images; a dynamic one is None inside.
    """

    outputs: tuple[TensorSpec, ...]
    last_operators: Mapping[str, str]
    image: tuple[int | None, int | None] | None

    def only(self, name: str) -> "Signature":
        """The same model, as if it had no other output than this one."""
        return Signature(
            outputs=tuple(output for output in self.outputs if output.name == name),
            last_operators=self.last_operators,
            image=self.image,
        )


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model answered on N examples.

    `outputs` are the measured outputs by name, the main one first, each (N, ...) float32 with at most SAMPLED values an
    example. `decoded` (N, ...) is what the task reads out of them where an answer is not an output itself.
    """

    outputs: Mapping[str, NDArray[np.float32]]
    decoded: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.main)

    @property
    def main(self) -> NDArray[np.float32]:
        """The main output."""
        return next(iter(self.outputs.values()))

    def first(self, n: int) -> "Answers":
        """The answers on the first n examples."""
        return Answers(
            {name: values[:n] for name, values in self.outputs.items()},
            None if self.decoded is None else self.decoded[:n],
        )


@dataclass(frozen=True, kw_only=True)
class Task:
    """One thing that a model is asked for: how its outputs are chosen, read, compared and judged.

    `measure` says what `similarity` (answers, the baseline's answers) -> (N,) is: 1 where an example's answer is the
    baseline's. The mean over the examples stands in the place of accuracy where there are no labels. `classes`: whether
    labels of classes can judge it.
    """

    name: TaskName
    title: str
    """As in: the model is read as an image classifier."""
    measure: Measure
    classes: bool
    one_output: bool
    """Whether an answer is in one output, so that of several one has to be named."""
    recognises: Callable[[Signature], bool]
    """Whether the graph gives this task away."""
    outputs: Callable[[Signature], tuple[str, ...]]
    """The names of the outputs to measure; empty where none can be read so."""
    read: Callable[[Outputs, int], Answers]
    """From the measured outputs of a call for n examples. Raises RunError where they are no answers to n examples."""
    similarity: Callable[[Answers, Answers], NDArray[np.float64]]

    @property
    def agrees(self) -> bool:
        """Whether an answer is one of several, so that two answers agree or do not."""
        return "agreement" in self.measure


def joined(parts: Sequence[Answers]) -> Answers:
    """The answers of several calls, in their order."""
    outputs = {name: np.concatenate([part.outputs[name] for part in parts]) for name in parts[0].outputs}
    decoded = [part.decoded for part in parts if part.decoded is not None]
    return Answers(outputs, np.concatenate(decoded) if decoded else None)
