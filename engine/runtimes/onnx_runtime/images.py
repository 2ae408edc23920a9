"""Images as a graph takes them: in its number type and with its order of the axes."""

from collections.abc import Callable, Sequence

import numpy as np
import onnxruntime as ort

from engine.errors import RunError

KINDS: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
"""The number types that images can have, by onnxruntime's names."""

Feed = Callable[[np.ndarray], np.ndarray]


def channels_last(shape: Sequence[int | str | None]) -> bool:
    """Whether an input of this declared shape is (batch, height, width, channels), as TensorFlow has it."""
    return len(shape) == 4 and shape[3] in (1, 3) and shape[1] not in (1, 3)


def image_feed(session: ort.InferenceSession, input_name: str) -> Feed:
    """A function from images (N, C, H, W) float32 to the array that the input `input_name` takes.

    For an input of bytes the images are pixels from 0 to 255; they are rounded.
    """
    inputs = {value.name: value for value in session.get_inputs()}
    value = inputs.get(input_name)
    kind = KINDS.get(value.type, np.float32) if value else np.float32
    transposes = value is not None and channels_last(value.shape)

    def feed(images: np.ndarray) -> np.ndarray:
        if transposes:
            images = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
        if kind is np.uint8:
            images = np.clip(np.rint(images), 0, 255)
        return images.astype(kind, copy=False)

    return feed


def as_logits(output: np.ndarray, n_images: int) -> np.ndarray:
    """(N, classes) float32 of an output (N, classes), (N, classes, 1, 1) or (N, 1, classes).

    Raises RunError where it has not one row an image.
    """
    n_rows = output.shape[0] if output.ndim else 0
    if n_rows != n_images:
        raise RunError(
            f"the model answers {n_images} images with {n_rows} rows of outputs, so they cannot be told apart",
            "Export the model again with a dynamic batch, or set the batch size to 1 (target.batch_size)",
        )
    return np.asarray(output, dtype=np.float32).reshape(n_rows, -1)
