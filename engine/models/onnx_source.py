"""An ONNX file of the user's: read, and tried in the runtime that will serve it."""

from pathlib import Path

import onnxruntime as ort
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    NotImplemented,
    RuntimeException,
)

from engine.errors import SourceError
from engine.models.artifacts import OnnxModel
from engine.models.graph import read_onnx
from engine.settings import FileModel, Preprocess

_REFUSALS = (Fail, InvalidArgument, InvalidGraph, NotImplemented, RuntimeException)


def load_file(source: FileModel, preprocess: Preprocess | None) -> OnnxModel:
    """The classifier in the file. Raises SourceError where it is none, or onnxruntime does not take it."""
    if source.path is None:
        raise SourceError(f"the upload {source.sha256} is not in this home", "Upload the file again")
    model = read_onnx(Path(source.path), preprocess)
    if source.sha256 not in (None, model.sha256):
        raise SourceError(f"'{model.path.name}' is not the file that the recipe names by its SHA-256",
                          "Correct path or sha256")  # fmt: skip
    _check_runs(model.path)
    return model


def _check_runs(path: Path) -> None:
    """Make a session without optimizing: unknown operators and broken graphs show here."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except _REFUSALS as error:
        reason = " ".join(str(error).split()).replace(str(path), path.name)[:300]
        raise SourceError(f"onnxruntime cannot load '{path.name}': {reason}", "Export the model again") from error
