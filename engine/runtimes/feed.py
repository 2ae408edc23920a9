"""Images and arrays as a graph takes them: in its number types and, of images, with its order of the axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import RunError
from engine.results import TensorSpec
from engine.tasks import Inputs

Feed = Callable[[Inputs], dict[str, np.ndarray]]


@dataclass(frozen=True)
class GraphInput:
    """An input that a graph declares; a length of its shape is a number only where it is fixed."""

    name: str
    shape: tuple[int | str | None, ...]
    dtype: np.dtype


def graph_inputs(specs: Sequence[TensorSpec]) -> list[GraphInput]:
    """What a graph declares, from the description of its inputs."""
    return [
        GraphInput(
            spec.name,
            (
                *((None,) if spec.batched else ()),
                *(length if isinstance(length, int) else None for length in spec.shape),
            ),
            np.dtype(spec.dtype),
        )
        for spec in specs
    ]


def channels_last(shape: Sequence[int | str | None]) -> bool:
    """Whether an input of this declared shape is (batch, height, width, channels), as TensorFlow has it."""
    return len(shape) == 4 and shape[3] in (1, 3) and shape[1] not in (1, 3)


def feed(graph_inputs: Sequence[GraphInput]) -> Feed:
    """A function from the inputs of a call to the arrays that a graph with these inputs takes, by name.

    Images go to its only input; for an input of bytes they are pixels from 0 to 255, and rounded. The function raises
    RunError for images where there are several inputs, and for arrays where one is missing.
    """
    values = {value.name: value for value in graph_inputs}

    def arrays(inputs: Inputs) -> dict[str, np.ndarray]:
        if isinstance(inputs, np.ndarray):
            if len(values) != 1:
                raise RunError(f"the model takes {', '.join(map(repr, values))}", "Give an array for each input")
            ((name, value),) = values.items()
            return {name: _image(inputs, value)}
        if missing := [name for name in values if name not in inputs]:
            raise RunError(f"there is no array for the input '{missing[0]}'", "Give an array for each input")
        return {name: _as_kind(inputs[name], value) for name, value in values.items()}

    return arrays


def shapes_text(inputs: Inputs) -> str:
    """The shapes of the inputs of a call, for a message."""
    if isinstance(inputs, np.ndarray):
        return f"an input of shape {inputs.shape}"
    return "inputs of shapes " + ", ".join(f"{name} {values.shape}" for name, values in inputs.items())


def _image(images: np.ndarray, value: GraphInput) -> np.ndarray:
    if channels_last(value.shape):
        images = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    if value.dtype == np.uint8:
        images = np.clip(np.rint(images), 0, 255)
    return _as_kind(images, value)


def _as_kind(array: np.ndarray, value: GraphInput) -> np.ndarray:
    return np.asarray(array).astype(value.dtype, copy=False)
