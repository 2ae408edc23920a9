"""The graph that onnxruntime makes of a file when it opens it, saved as a file."""

from pathlib import Path

import onnxruntime as ort

from engine.errors import RunError, memory_error, ran_out_of_memory
from engine.runtimes.onnx_runtime.errors import ORT_ERRORS, first_line
from engine.settings import Target


def save_optimized(path: Path, target: Target, optimized: Path) -> str:
    """Writes the graph with every optimisation for the target's provider on this processor; onnxruntime's version.

    Raises RunError where onnxruntime does not open the file or cannot write its graph, as it cannot one above 2 GB or
    one that a provider has compiled.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = target.threads or 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    options.optimized_model_filepath = str(optimized)
    try:
        ort.InferenceSession(str(path), options, providers=[target.provider])
    except ORT_ERRORS as error:
        if ran_out_of_memory(error):
            raise memory_error() from error
        raise RunError(
            f"onnxruntime cannot save the graph that it makes of the model: {first_line(error)}",
            "Take the ONNX file itself, which runs everywhere",
        ) from error
    return str(ort.__version__)
