"""onnxruntime sessions, with every option that matters for speed set explicitly."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnxruntime as ort

from engine.errors import RunError
from engine.runtimes.onnx_runtime.bound import BoundSession
from engine.runtimes.onnx_runtime.errors import ORT_ERRORS
from engine.runtimes.onnx_runtime.feed import feed
from engine.runtimes.onnx_runtime.loading import call_error, load
from engine.runtimes.onnx_runtime.options import describe_options
from engine.settings import Target
from engine.tasks import Inputs

CPU = "CPUExecutionProvider"


class OnnxSession:
    """A live onnxruntime session for some of its file's outputs; `options` are those that decide speed."""

    def __init__(self, raw: ort.InferenceSession, output_names: Sequence[str], target: Target) -> None:
        self._raw: ort.InferenceSession | None = raw
        self.output_names = list(output_names)
        self.options = describe_options(target)
        self._target = target
        self._feed = feed(raw)
        self._fed: tuple[Inputs, dict[str, np.ndarray]] | None = None

    def __call__(self, inputs: Inputs) -> dict[str, np.ndarray]:
        """The outputs by name, as the graph gives them.

        The arrays that the graph takes are made once for the same `inputs`, which must not change between two calls:
        a latency is that of the graph alone. Raises RunError with the runtime's reason, LimitError where there is too
        little memory for a call.
        """
        if self._raw is None:
            raise RunError("the session is closed", "Open it again")
        if self._fed is None or self._fed[0] is not inputs:
            self._fed = inputs, self._feed(inputs)
        try:
            values = self._raw.run(self.output_names, self._fed[1])
        except ORT_ERRORS as error:
            raise call_error(error, self._target, inputs) from error
        return {name: np.asarray(value) for name, value in zip(self.output_names, values, strict=True)}

    def close(self) -> None:
        """Free the session: its threads spin on after a call and would disturb the next one's timing."""
        self._raw = self._fed = None


@contextmanager
def open_onnx_session(path: Path, target: Target, output_names: Sequence[str]) -> Iterator[OnnxSession | BoundSession]:
    """One session for these outputs, closed at the end.

    Raises TargetError where the provider does not start, RunError where the file does not load, LimitError where there
    is too little memory for it.
    """
    # No variable of this frame refers to the raw session: closing it must free it.
    kind = BoundSession if target.bound or target.cuda_graph else OnnxSession
    session = kind(load(path, target), output_names, target)
    try:
        yield session
    finally:
        session.close()
