"""The graph that onnxruntime makes of a file when it opens it, saved as a file."""

from pathlib import Path

import onnxruntime as ort

from engine.errors import FeatherweightError
from engine.runtimes.onnx_runtime.loading import load
from engine.runtimes.onnx_runtime.options import session_options
from engine.settings import Target


def save_optimized(path: Path, target: Target, optimized: Path) -> str:
    """Writes the graph that a session with the target's options runs on this processor; onnxruntime's version.

    Raises TargetError where the provider does not start, LimitError where memory runs out, and RunError where
    onnxruntime does not open the file or cannot write its graph, as it cannot one above 2 GB or one that a provider has
    compiled. No file is left then.
    """
    options = session_options(target)
    options.optimized_model_filepath = str(optimized)
    try:
        load(
            path,
            target,
            options,
            "save the graph that it makes of the model",
            "Take the ONNX file itself, which runs everywhere",
        )
    except FeatherweightError:
        optimized.unlink(missing_ok=True)
        raise
    return str(ort.__version__)
