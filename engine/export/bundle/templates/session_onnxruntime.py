"""Opens the model in onnxruntime, with the options that it was measured with. Needs onnxruntime and numpy alone."""

import os
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when onnxruntime is imported

import numpy as np
import onnxruntime as ort

PACKAGE = "onnxruntime"
CUDA = "CUDAExecutionProvider"
CUDA_OPTIONS = ("device_id", "use_tf32", "prefer_nhwc")
CAPTURE = "enable_cuda_graph"
Arrays = Mapping[str, np.ndarray]


def version() -> str:
    """The version of onnxruntime that is installed here."""
    return str(ort.__version__)


class Session:
    """The loaded model. `settings` is "session" of bundle.json; `threads` replaces those that were measured.

    Where a captured CUDA graph was measured, calls of the first call's shapes replay one, which holds the weights a
    second time; calls of other shapes do without.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], threads: int | None = None) -> None:
        self._path, self._settings, self._threads = path, settings, threads
        self._outputs = list(settings["outputs"])
        self._captures = settings["options"].get(CAPTURE) == "1"
        self._captured: CapturedGraph | None = None
        self._lock = threading.Lock()
        self._session = self._open({})

    def __call__(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """One call: the arrays by the names of the inputs -> the outputs by name, the main one first."""
        with self._lock:
            if self._captures:
                self._captures = False
                self._captured = self._capture(arrays)
            if self._captured is not None and self._captured.takes(arrays):
                return self._captured(arrays)
        return self._run(arrays)

    def _run(self, arrays: Arrays) -> dict[str, np.ndarray]:
        values = self._session.run(self._outputs, dict(arrays))
        return {name: np.asarray(value) for name, value in zip(self._outputs, values, strict=True)}

    def _capture(self, arrays: Arrays) -> "CapturedGraph | None":
        """The graph for calls of these shapes; None, with a warning, where it cannot be captured here."""
        try:
            provider, number = self._settings["provider"], int(self._settings["options"].get("device_id", 0))
            device = ("cuda" if provider == CUDA else "cpu", number)
            captured = CapturedGraph(self._open({CAPTURE: "1"}), arrays, self._run(arrays), device)
            captured(arrays)
        except Exception as error:  # noqa: BLE001  onnxruntime's exceptions have no base of their own
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
            warnings.warn(f"calls are slower than measured, the CUDA graph is not captured: {reason}", stacklevel=2)
            return None
        return captured

    def _open(self, more: Mapping[str, str]) -> ort.InferenceSession:
        """A session with the measured options, and with these of the provider."""
        given, provider = self._settings["options"], self._settings["provider"]
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads or self._settings["threads"]
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 3
        for key, value in given.items():
            if key.startswith("session."):
                options.add_session_config_entry(key, value)
        if provider == CUDA:
            ort.preload_dlls()  # CUDA's libraries from the packages that requirements.txt names
        own = {**{name: given[name] for name in CUDA_OPTIONS if name in given}, **more} if provider == CUDA else {}
        session = ort.InferenceSession(
            str(self._path), options, providers=[(provider, own)] if own else [provider], enable_fallback=0
        )
        if session.get_providers()[0] != provider:
            raise RuntimeError(f"{provider} did not start here, onnxruntime offers {session.get_providers()[0]}")
        return session


class CapturedGraph:
    """Calls of the same shapes through buffers on the device, which a captured graph reads and writes.

    `example` has the arrays of a call and `answers` what it gave; a call copies arrays in and the outputs out.
    """

    def __init__(
        self, session: ort.InferenceSession, example: Arrays, answers: Arrays, device: tuple[str, int]
    ) -> None:
        self._session, self._binding = session, session.io_binding()
        self._inputs = {
            name: ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), *device)
            for name, array in example.items()
        }
        self._outputs = {
            name: ort.OrtValue.ortvalue_from_shape_and_type(list(values.shape), values.dtype.type, *device)
            for name, values in answers.items()
        }
        for name, buffer in self._inputs.items():
            self._binding.bind_ortvalue_input(name, buffer)
        for name, buffer in self._outputs.items():
            self._binding.bind_ortvalue_output(name, buffer)

    def takes(self, arrays: Arrays) -> bool:
        """Whether the arrays have the shapes that it was captured for."""
        return {name: list(array.shape) for name, array in arrays.items()} == {
            name: buffer.shape() for name, buffer in self._inputs.items()
        }

    def __call__(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """One call, not two at once: the outputs by name, as arrays of their own."""
        for name, array in arrays.items():
            self._inputs[name].update_inplace(np.ascontiguousarray(array))
        self._session.run_with_iobinding(self._binding)
        self._binding.synchronize_outputs()
        return {name: np.array(buffer.numpy()) for name, buffer in self._outputs.items()}
