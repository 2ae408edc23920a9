"""Opens a file in onnxruntime for a target, and says in plain words why that or a call fails."""

from pathlib import Path

import onnxruntime as ort

from engine.errors import FeatherweightError, LimitError, RunError, TargetError, memory_error, ran_out_of_memory
from engine.runtimes.feed import shapes_text
from engine.runtimes.onnx_runtime.errors import ORT_ERRORS, first_line, is_of_the_card
from engine.runtimes.onnx_runtime.options import providers, session_options
from engine.settings import Target
from engine.tasks import Inputs

_NOT_CAPTURED = {
    "not been partitioned": "some of its operators do not run on the card",
    "not been assigned": "some of its operators do not run on the card",
    "control flow": "it has control flow (If, Loop or Scan)",
    "stream is capturing": "one of its operators waits for the card meanwhile",
}
"""What onnxruntime and CUDA say of a graph that they cannot capture, and what it means."""
_CAPTURE = ("graph capture", "Graph capture", "stream is capturing", "CUDA graph")
INSPECT = "Check the file with `python -m engine inspect`"
_NO_CARD = ("Invalid device ID", "invalid device ordinal")


def load(
    path: Path,
    target: Target,
    options: ort.SessionOptions | None = None,
    action: str = "load the model",
    next: str = INSPECT,
) -> ort.InferenceSession:
    """A session of the file with the target's options, or with these in place of those that are not the provider's.

    `action` is what an error says that onnxruntime cannot do, and `next` what to do then. No other provider takes over
    where this one fails. Raises TargetError where the provider does not start, RunError where the file does not load or
    its graph cannot be captured, LimitError where memory runs out.
    """
    try:
        raw = ort.InferenceSession(
            str(path), options or session_options(target), providers=providers(target), enable_fallback=0
        )
    except ORT_ERRORS as error:
        raise error_of(error, target, action, next) from error
    if raw.get_providers()[0] != target.provider:
        raise TargetError(
            f"the provider '{target.provider}' did not start, onnxruntime offered {raw.get_providers()[0]} instead",
            "Choose a provider that works here",
        )
    return raw


def error_of(error: Exception, target: Target, action: str, next: str) -> FeatherweightError:
    """What an error of onnxruntime means: the session that failed was to do `action`."""
    text = str(error)
    if ran_out_of_memory(error):
        return _card_is_full() if target.on_cuda else memory_error()
    if any(phrase in text for phrase in _NO_CARD):
        return TargetError(
            f"there is no card number {target.device_id or 0} here (target.device_id)",
            "Choose another number; the first card is 0",
        )
    if is_of_the_card(text):
        return TargetError(
            f"the card does not work with onnxruntime: {first_line(error)}",
            "Choose another provider (the Machine page says which work here), or see what nvidia-smi says of the card "
            "and its driver",
        )
    if target.cuda_graph and any(phrase in text for phrase in _CAPTURE):
        return not_captured(_capture_reason(text) or first_line(error))
    return RunError(f"onnxruntime cannot {action}: {first_line(error)}", next)


def call_error(error: Exception, target: Target, inputs: Inputs) -> FeatherweightError:
    """What an error of onnxruntime means that came from a call on these inputs."""
    return error_of(
        error,
        target,
        f"run the model on {shapes_text(inputs)}",
        "Check that the model takes inputs of this size and batch",
    )


def _capture_reason(text: str) -> str:
    """The plain words for what onnxruntime says of a graph that it cannot capture; empty for anything else."""
    return next((meaning for phrase, meaning in _NOT_CAPTURED.items() if phrase in text), "")


def not_captured(reason: str) -> RunError:
    return RunError(
        f"the graph cannot be captured (target.cuda_graph): {reason}",
        "Do without a captured graph (target.cuda_graph)",
    )


def _card_is_full() -> LimitError:
    return LimitError(
        "the memory of the card is full",
        "Choose a smaller model or a smaller batch, or end what else uses the card (nvidia-smi lists it)",
        code="memory",
    )
