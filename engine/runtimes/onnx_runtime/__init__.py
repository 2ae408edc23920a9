"""onnxruntime: sessions for a target, and untimed computations on a graph."""

from engine.runtimes.onnx_runtime.errors import ORT_ERRORS, first_line
from engine.runtimes.onnx_runtime.reference import fold_constants, values_session
from engine.runtimes.onnx_runtime.runtime import OnnxRuntime

__all__ = ["ORT_ERRORS", "OnnxRuntime", "first_line", "fold_constants", "values_session"]
