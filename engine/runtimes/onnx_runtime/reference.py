"""Untimed computations of onnxruntime on the CPU: values of a graph by name, constants folded."""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NotImplemented,
    RuntimeException,
)

from engine.errors import SourceError, memory_error, ran_out_of_memory
from engine.runtimes.onnx_runtime.feed import feed
from engine.runtimes.onnx_runtime.session import CPU
from engine.store.home import require_room
from engine.tasks import Inputs

LogLevel = Literal["error", "fatal"]
Values = Callable[[Inputs], list[np.ndarray]]

_SEVERITIES: dict[LogLevel, int] = {"error": 3, "fatal": 4}
_UNKNOWN_OPERATOR = re.compile(r"No Op registered for (\S+)|(?<=Fatal error: )(\S+?)\(-?\d+\) is not a registered")
"""onnxruntime's words for an operator that it does not know: of ONNX's own domain, or of another, with its name."""
_REFUSALS = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NotImplemented, RuntimeException)


def values_session(
    model: Path | bytes,
    names: Sequence[str],
    *,
    optimised: bool = True,
    threads: int | None = None,
    log: LogLevel | None = None,
) -> Values:
    """A function from the inputs of a call to the values `names`, which are outputs of the graph, in this order.

    Where not `optimised`, the graph runs node by node as it is written, and every tensor keeps its name. For `threads`,
    None leaves the number to onnxruntime. Messages less severe than `log` are not written to stderr; None leaves that
    to onnxruntime too. Both this and the function that it returns raise one of ORT_ERRORS, not an error of the engine:
    only the caller knows what the values are for.
    """
    options = ort.SessionOptions()
    if log is not None:
        options.log_severity_level = _SEVERITIES[log]
    if not optimised:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    if threads is not None:
        options.intra_op_num_threads = threads
    content = model if isinstance(model, bytes) else str(model)
    session = ort.InferenceSession(content, options, providers=[CPU])
    arrays = feed(session)

    def values(inputs: Inputs) -> list[np.ndarray]:
        return [np.asarray(value) for value in session.run(list(names), arrays(inputs))]

    return values


def fold_constants(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph after onnxruntime's basic optimization, which it applies to every file that it loads.

    Raises SourceError where onnxruntime cannot load it, LimitError where disk or memory has no room for it.
    """
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    content = model.SerializeToString()
    with tempfile.TemporaryDirectory() as folder:
        require_room(Path(folder), 2 * len(content), "reading this model")
        path = Path(folder) / "settled.onnx"
        options.optimized_model_filepath = str(path)
        try:
            ort.InferenceSession(content, options, providers=[CPU])
        except _REFUSALS as error:
            if ran_out_of_memory(error):
                raise memory_error() from error
            reason = " ".join(str(error).split())[:300]
            unknown = _UNKNOWN_OPERATOR.search(reason)
            if unknown is not None:
                raise SourceError(
                    f"the model has the operator {unknown[1] or unknown[2]}, which onnxruntime does not know",
                    "Export the model again with ONNX's own operators",
                ) from error
            raise SourceError(f"onnxruntime cannot load the model: {reason}", "Export the model again") from error
        return onnx.load(path)
