"""What a fresh process does that opens a file and calls it once. Nothing heavy is imported before that is timed."""

import importlib
import resource
import sys
import time
from pathlib import Path

from engine.results.cold_start import FirstCall
from engine.settings import Settings, Target

LIBRARIES = {"onnxruntime": "onnxruntime", "openvino": "openvino"}
"""What a program imports for each runtime beside numpy, by the name that `Target.runtime` takes."""
FUNCTION = "engine.measure.first_call:first_call"


class FirstCallRequest(Settings):
    """The request to open a file and call it once; `inputs` is a file of `write_inputs`."""

    file: str
    target: Target
    output_names: tuple[str, ...]
    inputs: str


def first_call(request_json: str) -> str:
    """The JSON of a FirstCall for that of a FirstCallRequest, whose target names its number of threads.

    Raises RunError and TargetError as `open_session` does.
    """
    request = FirstCallRequest.model_validate_json(request_json)
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # as in engine/runtimes/openvino_runtime
    bytes_before, began = peak_bytes(), time.perf_counter()
    importlib.import_module(LIBRARIES[request.target.runtime])
    imported, bytes_imported = time.perf_counter(), peak_bytes()

    # Only now: it brings all runtimes, of which a program needs one.
    from engine.measure.inputs_file import read_inputs
    from engine.runtimes import open_session

    inputs, bytes_ready = read_inputs(Path(request.inputs)), peak_bytes()
    opened = time.perf_counter()
    with open_session(Path(request.file), request.target, output_names=request.output_names) as session:
        loaded = time.perf_counter()
        session(inputs)
        called = time.perf_counter()
        return FirstCall(
            import_ms=1000 * (imported - began),
            load_ms=1000 * (loaded - opened),
            first_call_ms=1000 * (called - loaded),
            import_bytes=bytes_imported - bytes_before,
            session_bytes=peak_bytes() - bytes_ready,
        ).model_dump_json()


def peak_bytes() -> int:
    """The most resident memory that this process has had (getrusage(2), in kB on Linux and in bytes on macOS)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
