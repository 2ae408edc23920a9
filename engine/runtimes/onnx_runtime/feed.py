"""Images and arrays as a graph takes them: in its number types and, of images, with its order of the axes."""

from collections.abc import Callable, Sequence

import numpy as np
import onnxruntime as ort

from engine.errors import RunError
from engine.tasks import Inputs

DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int16)": np.int16,
    "tensor(uint16)": np.uint16,
    "tensor(int32)": np.int32,
    "tensor(uint32)": np.uint32,
    "tensor(int64)": np.int64,
    "tensor(uint64)": np.uint64,
    "tensor(bool)": np.bool_,
}
"""The number types that an input can have, by onnxruntime's names."""

Feed = Callable[[Inputs], dict[str, np.ndarray]]


def channels_last(shape: Sequence[int | str | None]) -> bool:
    """Whether an input of this declared shape is (batch, height, width, channels), as TensorFlow has it."""
    return len(shape) == 4 and shape[3] in (1, 3) and shape[1] not in (1, 3)


def feed(session: ort.InferenceSession) -> Feed:
    """A function from the inputs of a call to the arrays that the session takes, by name.

    Images go to its only input; for an input of bytes they are pixels from 0 to 255, and rounded. The function raises
    RunError for images where there are several inputs, and for arrays where one is missing.
    """
    values = {value.name: value for value in session.get_inputs()}

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


def _image(images: np.ndarray, value: ort.NodeArg) -> np.ndarray:
    if channels_last(value.shape):
        images = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    if DTYPES.get(value.type) is np.uint8:
        images = np.clip(np.rint(images), 0, 255)
    return _as_kind(images, value)


def _as_kind(array: np.ndarray, value: ort.NodeArg) -> np.ndarray:
    return np.asarray(array).astype(DTYPES.get(value.type, np.float32), copy=False)
