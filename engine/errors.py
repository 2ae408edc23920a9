"""The error tree. Every error that a user can meet is one of these.

    FeatherweightError            code, message, next; str() is "message. next."
    |
    |-- RequestError              exit 2: refused before the start, nothing left behind
    |   |-- SettingsError         a recipe or a setting: unknown key, wrong type, out of range
    |   |-- SourceError           the model: unknown name, unreadable file, weights that do not fit
    |   |   `-- HubError          the Hugging Face Hub could not be reached or does not have it
    |   |-- DataError             the images, their labels or their split
    |   |-- TargetError           the runtime, provider, threads or batch size on this machine
    |   |-- NotFoundError         no such job, variant or upload in this home
    |   |-- StateError            the request does not fit the job's state
    |   `-- StorageError          the home folder or its database cannot be used as it is
    |
    |-- RunError                  exit 1: failed after the start; finished variants stay
    |   |-- StepError             one step of one chain; names the path that led there
    |   |-- ExportError           the ONNX file cannot be made, or does not agree with torch
    |   |-- MeasureError          a measurement that cannot be trusted
    |   `-- LimitError            time, memory or disk ran out, or the process was killed
    |       `-- WaitError         another job kept for too long what this one waited for
    |
    `-- Cancelled                 exit 130: the user stopped it

``message`` says what was wrong with which value and what is allowed, ``next`` what to do about it. Both are plain
sentences without a final full stop, safe to show to anyone (no traceback).
"""

import errno


class FeatherweightError(Exception):
    """Base of the tree; ``code`` is stable and machine-readable, ``exit_status`` the command line's."""

    code = "error"
    exit_status = 1

    def __init__(self, message: str, next: str = "", *, code: str | None = None) -> None:
        self.message = message.rstrip(". ")
        self.next = next.rstrip(". ")
        self.code = code or type(self).code
        super().__init__(self.message, self.next)

    def __str__(self) -> str:
        return ". ".join(part for part in (self.message, self.next) if part)


class RequestError(FeatherweightError):
    code = "request"
    exit_status = 2


class SettingsError(RequestError):
    code = "settings"


class SourceError(RequestError):
    code = "source"


class HubError(SourceError):
    code = "hub"


class DataError(RequestError):
    code = "data"


class TargetError(RequestError):
    code = "target"


class NotFoundError(RequestError):
    code = "not_found"


class StateError(RequestError):
    code = "state"


class StorageError(RequestError):
    code = "storage"


class RunError(FeatherweightError):
    code = "run"
    exit_status = 1


class StepError(RunError):
    code = "step"


class ExportError(RunError):
    code = "export"


class MeasureError(RunError):
    code = "measure"


class LimitError(RunError):
    code = "limit"


class WaitError(LimitError):
    code = "wait"


class Cancelled(FeatherweightError):
    code = "cancelled"
    exit_status = 130


_NO_MEMORY = (
    "bad allocation",
    "bad_alloc",
    "Failed to allocate memory",
    "can't allocate memory",
    "CUDA out of memory",
    "CUDA error: out of memory",
    "CUDA failure 2: out of memory",
    "_STATUS_ALLOC_FAILED",
    "_ALLOCATION_FAILED",
)
"""What onnxruntime, torch, cuBLAS and cuDNN say where the system or a card gives them no memory; none has an exception
for it. cuDNN 9 has CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED and its like for the host."""


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether the system gave no memory, as Python says it or as libraries do in the text of an error."""
    return isinstance(error, MemoryError) or any(text in str(error) for text in _NO_MEMORY)


def memory_error() -> LimitError:
    return LimitError("the job ran out of memory", "Choose a smaller model or a smaller batch", code="memory")


def as_error(error: Exception) -> FeatherweightError:
    """The error to show: our own unchanged, errors of the system explained, any other as an internal error."""
    match error:
        case FeatherweightError():
            return error
        case _ if ran_out_of_memory(error):
            return memory_error()
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return LimitError(
                "the disk is full", "Free the cache, or delete old runs and uploads, and run it again", code="disk_full"
            )
        case OSError(errno=errno.EFBIG):
            return LimitError(
                "a file grew past the limit for files",
                "Choose a smaller model, or raise the limit (ulimit -f)",
                code="file_size",
            )
        case PermissionError():
            return RunError(
                "the job was denied something: a file that is not among its inputs, the network, or another process",
                "Its traceback is in the log; a file that it needs is named in the recipe",
                code="denied",
            )
    return RunError(
        f"something that was not foreseen went wrong ({type(error).__name__})",
        "Its traceback is in the log; please report it",
        code="internal",
    )
