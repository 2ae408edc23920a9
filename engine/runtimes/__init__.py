"""An ONNX file and a target -> a callable."""

from engine.runtimes.onnx_runtime import Session, check_target, open_session

__all__ = ["Session", "check_target", "open_session"]
