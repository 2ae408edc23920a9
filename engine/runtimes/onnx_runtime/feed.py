"""The inputs of an onnxruntime session, and the arrays that it takes."""

import numpy as np
import onnxruntime as ort

from engine.runtimes import feed as feeds

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


def feed(session: ort.InferenceSession) -> feeds.Feed:
    """A function from the inputs of a call to the arrays that the session takes, by name."""
    return feeds.feed(
        [
            feeds.GraphInput(value.name, tuple(value.shape), np.dtype(DTYPES.get(value.type, np.float32)))
            for value in session.get_inputs()
        ]
    )
