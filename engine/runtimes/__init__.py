"""An ONNX file and a target -> a callable, behind one protocol."""

from engine.runtimes.protocol import Runtime, Session
from engine.runtimes.registry import (
    RUNTIMES,
    available_providers,
    check_target,
    exact_target,
    node_times,
    open_session,
    operator_times,
    precision_of,
    resolve_target,
    save_optimized_graph,
)

__all__ = [
    "RUNTIMES",
    "Runtime",
    "Session",
    "available_providers",
    "check_target",
    "exact_target",
    "node_times",
    "open_session",
    "operator_times",
    "precision_of",
    "resolve_target",
    "save_optimized_graph",
]
