"""onnxruntime sessions, with every option that matters for speed set explicitly."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnxruntime as ort

from engine.errors import RunError, TargetError, memory_error, ran_out_of_memory
from engine.runtimes.feed import shapes_text
from engine.runtimes.onnx_runtime.errors import ORT_ERRORS, first_line
from engine.runtimes.onnx_runtime.feed import feed
from engine.settings import Target
from engine.tasks import Inputs

CPU = "CPUExecutionProvider"


class OnnxSession:
    """A live onnxruntime session for some of its file's outputs; `options` are those that decide speed."""

    def __init__(self, raw: ort.InferenceSession, output_names: Sequence[str], options: dict[str, str]) -> None:
        self._raw: ort.InferenceSession | None = raw
        self.output_names = list(output_names)
        self.options = options
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
            if ran_out_of_memory(error):
                raise memory_error() from error
            raise RunError(
                f"onnxruntime cannot run the model on {shapes_text(inputs)}: {first_line(error)}",
                "Check that the model takes inputs of this size and batch",
            ) from error
        return {name: np.asarray(value) for name, value in zip(self.output_names, values, strict=True)}

    def close(self) -> None:
        """Free the session: its threads spin on after a call and would disturb the next one's timing."""
        self._raw = self._fed = None


def describe_options(target: Target) -> dict[str, str]:
    """The options of a session for this target that decide its speed, by onnxruntime's names."""
    return {
        "intra_op_num_threads": str(target.threads or 1),
        "inter_op_num_threads": "1",
        "execution_mode": "sequential",
        "graph_optimization_level": "all",
    }


@contextmanager
def open_onnx_session(path: Path, target: Target, output_names: Sequence[str]) -> Iterator[OnnxSession]:
    """One session for these outputs, closed at the end.

    Raises TargetError where the provider does not start, RunError where the file does not load, LimitError where there
    is too little memory for it.
    """
    # No variable of this frame refers to the raw session: closing it must free it.
    session = OnnxSession(_load(path, target), output_names, describe_options(target))
    try:
        yield session
    finally:
        session.close()


def _load(path: Path, target: Target) -> ort.InferenceSession:
    try:
        raw = ort.InferenceSession(str(path), _options(target), providers=[target.provider])
    except ORT_ERRORS as error:
        if ran_out_of_memory(error):
            raise memory_error() from error
        raise RunError(
            f"onnxruntime cannot load the model: {first_line(error)}", "Check the file with `python -m engine inspect`"
        ) from error
    if raw.get_providers()[0] != target.provider:
        raise TargetError(
            f"the provider '{target.provider}' did not start, onnxruntime offered {raw.get_providers()[0]} instead",
            "Choose a provider that works here",
        )
    return raw


def _options(target: Target) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = target.threads or 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    return options
