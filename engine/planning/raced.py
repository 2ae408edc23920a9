"""How many targets a target stands for on this machine, before anything that runs a model is loaded."""

from engine.settings import Target
from engine.system.machine import BF16, isa


def n_targets(target: Target) -> int:
    """How many targets race, by this processor's instructions; 1 in the ordinary case."""
    n_onnxruntime = 1 if target.runtime == "any" else 0
    if target.runtime == "onnxruntime" or not target.on_cpu:
        return 1
    has_choice = target.precision == "auto" and bool(BF16 & set(isa()))
    return n_onnxruntime + (2 if has_choice else 1)
