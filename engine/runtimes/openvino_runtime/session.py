"""OpenVINO sessions, with every option that matters for speed set explicitly."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from engine.errors import FeatherweightError, RunError, TargetError, memory_error, ran_out_of_memory
from engine.runtimes.feed import GraphInput, feed, shapes_text
from engine.runtimes.openvino_runtime.device import CPU, core, default_precision, devices, reason
from engine.settings import Target
from engine.tasks import Inputs

OPENVINO_ERRORS: tuple[type[Exception], ...] = (RuntimeError, ValueError, TypeError)
"""OpenVINO's Python exceptions have no base of their own."""


_ORIGINALS = "originalLayersNames"
_TAKEN_APART = re.compile(r"/WithoutBiases(/.*)?$")
"""What OpenVINO puts after the name of a layer whose bias it takes apart."""


class OpenVinoSession:
    """A live OpenVINO session for some of its file's outputs; `options` are those that decide speed."""

    def __init__(self, compiled: ov.CompiledModel, output_names: Sequence[str], options: dict[str, str]) -> None:
        self._request: ov.InferRequest | None = compiled.create_infer_request()
        self.output_names = list(output_names)
        self.options = options
        self._feed = feed([graph_input(value) for value in compiled.inputs])
        self._fed: tuple[Inputs, dict[str, np.ndarray]] | None = None

    def __call__(self, inputs: Inputs) -> dict[str, np.ndarray]:
        """The outputs by name, as the graph gives them.

        The arrays that the graph takes are made once for the same `inputs`, which must not change between two calls,
        and are not copied: a latency is that of the graph alone. Raises RunError with the runtime's reason, LimitError
        where there is too little memory for a call.
        """
        if self._request is None:
            raise RunError("the session is closed", "Open it again")
        if self._fed is None or self._fed[0] is not inputs:
            self._fed = inputs, self._feed(inputs)
        try:
            values = self._request.infer(self._fed[1], share_inputs=True)
            return {name: np.asarray(values[name]) for name in self.output_names}
        except OPENVINO_ERRORS as error:
            raise call_error(error, inputs) from error

    def times(self) -> dict[str, tuple[str, float]]:
        """Operator type and milliseconds of every node in the last call; of a session that was opened to profile."""
        nodes = self._request.profiling_info if self._request is not None else []
        return {node.node_name: (node.node_type, node.real_time.total_seconds() * 1000) for node in nodes}

    def originals(self) -> dict[str, tuple[str, ...]]:
        """The names of the file's nodes that each node of the compiled graph computes, as OpenVINO keeps them."""
        if self._request is None:
            return {}
        nodes = self._request.get_compiled_model().get_runtime_model().get_ordered_ops()
        return {
            node.get_friendly_name(): tuple(
                dict.fromkeys(_TAKEN_APART.sub("", name) for name in node.get_rt_info()[_ORIGINALS].value.split(","))
            )
            for node in nodes
            if _ORIGINALS in node.get_rt_info()
        }

    def close(self) -> None:
        """Free the session, its threads and its copy of the weights."""
        self._request = self._fed = None


def describe_options(target: Target) -> dict[str, str]:
    """The options of a session for this target that decide its speed, by OpenVINO's names."""
    options = {"NUM_STREAMS": str(target.streams or 1), "INFERENCE_PRECISION_HINT": precision(target)}
    if target.provider != CPU:
        return options
    # Pinned threads of two processes would share a core while others are idle.
    return {"INFERENCE_NUM_THREADS": str(target.threads or 1), "ENABLE_CPU_PINNING": "NO", **options}


def precision(target: Target) -> str:
    """What a session for this target computes 32-bit floats in, by OpenVINO's names: f32, bf16, f16."""
    return default_precision(target.provider) if target.precision == "auto" else target.precision


@contextmanager
def open_openvino_session(
    path: Path, target: Target, output_names: Sequence[str], *, profiled: bool = False
) -> Iterator[OpenVinoSession]:
    """One session for these outputs, closed at the end.

    Raises TargetError where the device is not there, RunError where the file does not load, LimitError where there is
    too little memory for it.
    """
    options = describe_options(target)
    # No variable of this frame refers to the compiled model: closing the session must free it.
    session = OpenVinoSession(
        compile_file(path, target, {**options, **({"PERF_COUNT": "YES"} if profiled else {})}), output_names, options
    )
    try:
        yield session
    finally:
        session.close()


def call_error(error: Exception, inputs: Inputs) -> FeatherweightError:
    """What an error of OpenVINO means that came from a call on these inputs."""
    if ran_out_of_memory(error):
        return memory_error()
    return RunError(
        f"OpenVINO cannot run the model on {shapes_text(inputs)}: {reason(error)}",
        "Check that the model takes inputs of this size and batch",
    )


def compile_file(path: Path, target: Target, options: dict[str, str]) -> ov.CompiledModel:
    """The file, compiled for the target's device with these options. Raises as `open_openvino_session` does."""
    if target.provider not in devices():
        raise TargetError(f"OpenVINO has no device '{target.provider}' any more", "Choose a device that works here")
    try:
        return core().compile_model(core().read_model(path), target.provider, options)
    except OPENVINO_ERRORS as error:
        if ran_out_of_memory(error):
            raise memory_error() from error
        raise RunError(
            f"OpenVINO cannot load the model: {reason(error)}", "Take onnxruntime as the target's runtime"
        ) from error


def graph_input(value: Any) -> GraphInput:
    """An input of a compiled model; its number type is one that numpy has, since ONNX files have no others here."""
    lengths = tuple(None if length.is_dynamic else int(length.get_length()) for length in value.partial_shape)
    return GraphInput(value.any_name, lengths, np.dtype(value.element_type.to_dtype()))
