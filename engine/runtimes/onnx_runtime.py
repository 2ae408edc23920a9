"""onnxruntime sessions, with every option that matters for speed written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from engine.errors import RunError, TargetError
from engine.settings import Target

# onnxruntime's Python exceptions share no base of their own besides RuntimeError and ValueError.
ORT_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


class Session:
    """A live onnxruntime session with one image input and one logits output; `options` are those that decide speed."""

    def __init__(self, raw: "ort.InferenceSession", input_name: str, output_name: str, options: dict[str, str]) -> None:
        self._raw: ort.InferenceSession | None = raw
        self.input_name = input_name
        self.output_name = output_name
        self.options = options
        self._kind = image_kind(raw, input_name)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """(N, C, H, W) float32 -> (N, classes) float32. Raises RunError with the runtime's reason."""
        if self._raw is None:
            raise RunError("the session is closed", "Open it again")
        try:
            fed = images.astype(self._kind, copy=False)
            (logits,) = self._raw.run([self.output_name], {self.input_name: fed})
        except ORT_ERRORS as error:
            raise RunError(
                f"onnxruntime cannot run the model on an input of shape {images.shape}: {first_line(error)}",
                "Check that the model takes images of this size and batch",
            ) from error
        return np.asarray(logits, dtype=np.float32)

    def close(self) -> None:
        """Frees the session: its threads spin on after a call and would disturb the next one's timing."""
        self._raw = None


def image_kind(raw: "ort.InferenceSession", input_name: str) -> type[np.floating]:
    """What a session's images are: 32-bit floats, or the 16-bit floats that a model may take."""
    kinds = {value.name: value.type for value in raw.get_inputs()}
    return np.float16 if kinds.get(input_name) == "tensor(float16)" else np.float32


def check_target(target: Target) -> None:
    """Raises TargetError where this machine's onnxruntime does not offer the provider."""
    available = ort.get_available_providers()
    if target.provider not in available:
        raise TargetError(
            f"the provider '{target.provider}' is not in this machine's onnxruntime, which has {', '.join(available)}",
            "Choose one of these as the target's provider",
        )


@contextmanager
def open_session(path: Path, target: Target, *, input_name: str, output_name: str) -> Iterator[Session]:
    """One session, closed at the end.

    `target.threads` must be a number. Raises TargetError for a missing provider, RunError where the file does not load.
    """
    check_target(target)
    options = ort.SessionOptions()
    options.intra_op_num_threads = target.threads or 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    try:
        raw = ort.InferenceSession(str(path), options, providers=[target.provider])
    except ORT_ERRORS as error:
        raise RunError(
            f"onnxruntime cannot load the model: {first_line(error)}", "Check the file with `python -m engine inspect`"
        ) from error
    if raw.get_providers()[0] != target.provider:
        raise TargetError(
            f"the provider '{target.provider}' did not start, onnxruntime offered {raw.get_providers()[0]} instead",
            "Choose a provider that works here",
        )
    described = {
        "intra_op_num_threads": str(options.intra_op_num_threads),
        "inter_op_num_threads": "1",
        "execution_mode": "sequential",
        "graph_optimization_level": "all",
    }
    session = Session(raw, input_name, output_name, described)
    del raw
    try:
        yield session
    finally:
        session.close()


def first_line(error: Exception) -> str:
    """The readable part of an onnxruntime message."""
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:300]
