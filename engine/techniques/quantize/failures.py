"""The one place where what other libraries raise while they quantize becomes a step's failure, in our words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import onnx

from engine.errors import FeatherweightError, StepError, memory_error, ran_out_of_memory
from engine.runtimes.onnx_runtime import first_line

NEXT = "Leave quantization out, or export the model again"


@contextmanager
def as_step_error(what: str, proto: onnx.ModelProto | None = None, next: str = NEXT) -> Iterator[None]:
    """Raises StepError for any exception in its body: `what` failed, at which node of `proto` where the text tells.

    Errors of ours, and those of memory and disk, which end the whole run, are raised as they are.
    """
    try:
        yield
    # Any exception: the quantizers have no error class of their own, and raise whatever Python, numpy or torch raise on
    # a graph that they did not expect.
    except (FeatherweightError, MemoryError, OSError):
        raise
    except Exception as error:
        if ran_out_of_memory(error):
            raise memory_error() from error
        text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        node = _node_in(text, proto) if proto is not None else None
        where = f" at the node '{node.name[:100]}' ({node.op_type})" if node is not None else ""
        raise StepError(f"{what}{where}: {first_line(error)}", next) from error


def _node_in(text: str, proto: onnx.ModelProto) -> onnx.NodeProto | None:
    """The first node that the text names, or whose output or input it names in quotes; None where there is none."""
    quoted = set(re.findall(r"['\"]([^'\"]+)['\"]", text))
    by_name = (node for node in proto.graph.node if node.name and node.name in quoted)
    readers = (node for node in proto.graph.node if quoted & {name for name in (*node.output, *node.input) if name})
    return next(by_name, None) or next(readers, None)
