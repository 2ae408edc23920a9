"""OpenVINO: sessions for a target."""

from engine.runtimes.openvino_runtime.runtime import OpenVinoRuntime

__all__ = ["OpenVinoRuntime"]
