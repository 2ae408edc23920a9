"""An ONNX file and a target -> a callable, behind one protocol."""

from engine.runtimes.protocol import Runtime, Session
from engine.runtimes.race_targets import RaceTarget, left_out, race_targets
from engine.runtimes.registry import (
    RUNTIMES,
    available_providers,
    check_target,
    exact_target,
    has_one_precision,
    node_times,
    open_parallel_session,
    open_session,
    operator_times,
    precision_of,
    resolve_target,
    save_optimized_graph,
)

__all__ = [
    "RUNTIMES",
    "RaceTarget",
    "Runtime",
    "Session",
    "available_providers",
    "check_target",
    "exact_target",
    "has_one_precision",
    "left_out",
    "node_times",
    "open_parallel_session",
    "open_session",
    "operator_times",
    "precision_of",
    "race_targets",
    "resolve_target",
    "save_optimized_graph",
]
