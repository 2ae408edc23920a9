"""Opens the model in OpenVINO, with the options that it was measured with. Needs openvino and numpy alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

PACKAGE = "openvino"
THREADS = "INFERENCE_NUM_THREADS"


def version() -> str:
    """The version of OpenVINO that is installed here, as pip has it: without the number of its build."""
    return str(ov.__version__).split("-")[0]


class Session:
    """The loaded model. `settings` is "session" of bundle.json; `threads` replaces those that were measured."""

    def __init__(self, path: Path, settings: Mapping[str, Any], threads: int | None = None) -> None:
        options = dict(settings["options"])
        if threads is not None and THREADS in options:
            options[THREADS] = str(threads)
        core = ov.Core()
        compiled = core.compile_model(core.read_model(path), settings["provider"], options)
        self._request = compiled.create_infer_request()
        self._outputs = list(settings["outputs"])

    def __call__(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One call: the arrays by the names of the inputs -> the outputs by name, the main one first."""
        values = self._request.infer(dict(arrays), share_inputs=True)
        # The request writes its next outputs into the same memory.
        return {name: np.array(values[name]) for name in self._outputs}
