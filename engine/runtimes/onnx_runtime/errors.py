"""onnxruntime's exceptions, and the readable part of their messages."""

import re

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

_PLACES = re.compile(r"\S+\.cc:\d+ .*?(?=\b[A-Z_]+ failure -?\d+: )")
"""What onnxruntime's cuda_call.cc writes before a failure of CUDA, cuDNN or cuBLAS: its own place and signature, twice,
longer than the failure itself."""
_CALL = re.compile(r" ; GPU=-?\d+\b.*")
"""What it writes behind the failure: the machine and the call."""
_OF_THE_CARD = re.compile(
    r"\bCUDA failure (3|35|46|100|209|214|222|802|803|804|999): "
    r"|\b[A-Z_]+ failure \d+: CU[A-Z]+_STATUS_(NOT_INITIALIZED|ARCH_MISMATCH)\b"
)
"""Failures of a card or its driver, which no file causes: no card, one that is busy, broken or of a kind that these
libraries do not know, a driver that is too old. The numbers are those of cudaError (CUDA Runtime API, "Data types used
by CUDA Runtime")."""


def readable(text: str) -> str:
    """A line of onnxruntime's without the places in its sources that hide the failure of a card's library."""
    return _CALL.sub("", _PLACES.sub("", text))


def is_of_the_card(text: str) -> bool:
    """Whether a message says that the card itself or its driver has failed."""
    return _OF_THE_CARD.search(text) is not None


def first_line(error: Exception) -> str:
    """The readable part of an onnxruntime message."""
    text = str(error).strip().splitlines()
    return (readable(text[0]) if text else type(error).__name__)[:300]
