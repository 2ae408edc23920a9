"""Opens the model in onnxruntime, with the options that it was measured with. Needs onnxruntime and numpy alone."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when onnxruntime is imported

import numpy as np
import onnxruntime as ort

PACKAGE = "onnxruntime"
CUDA = "CUDAExecutionProvider"
CUDA_OPTIONS = ("device_id", "use_tf32", "prefer_nhwc")


def version() -> str:
    """The version of onnxruntime that is installed here."""
    return str(ort.__version__)


class Session:
    """The loaded model. `settings` is "session" of bundle.json; `threads` replaces those that were measured."""

    def __init__(self, path: Path, settings: Mapping[str, Any], threads: int | None = None) -> None:
        given, provider = settings["options"], settings["provider"]
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or settings["threads"]
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 3
        for key, value in given.items():
            if key.startswith("session."):
                options.add_session_config_entry(key, value)
        if provider == CUDA:
            ort.preload_dlls()  # CUDA's libraries from the packages that requirements.txt names
        own = {name: given[name] for name in CUDA_OPTIONS if name in given}
        self._session = ort.InferenceSession(
            str(path), options, providers=[(provider, own)] if own else [provider], enable_fallback=0
        )
        if self._session.get_providers()[0] != provider:
            raise RuntimeError(f"{provider} did not start here, onnxruntime offers {self._session.get_providers()[0]}")
        self._outputs = list(settings["outputs"])

    def __call__(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One call: the arrays by the names of the inputs -> the outputs by name, the main one first."""
        values = self._session.run(self._outputs, dict(arrays))
        return {name: np.asarray(value) for name, value in zip(self._outputs, values, strict=True)}
