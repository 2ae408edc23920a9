"""OpenVINO: sessions for a target."""

import sys

# Its telemetry, which is installed with it, writes into the user's home at the first import and reports conversions.
# An entry without a module makes OpenVINO go on without it.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

from engine.runtimes.openvino_runtime.runtime import OpenVinoRuntime  # noqa: E402

__all__ = ["OpenVinoRuntime"]
