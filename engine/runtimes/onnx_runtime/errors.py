"""onnxruntime's exceptions, and the readable part of their messages."""

from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

# onnxruntime's Python exceptions share no base of their own besides RuntimeError and ValueError.
ORT_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    ort_errors.EPFail,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


def first_line(error: Exception) -> str:
    """The readable part of an onnxruntime message."""
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:300]
