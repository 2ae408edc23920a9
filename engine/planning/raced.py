"""How many targets a target stands for on this machine, before anything that runs a model is loaded."""

from engine.settings import Recipe, Target
from engine.system.machine import BF16, isa


def n_targets(recipe: Recipe) -> int:
    """How many targets each file is measured at, by this processor's instructions; 1 in the ordinary case."""
    target = recipe.target
    if target.on_cuda and recipe.races:
        return _n_options(target)
    n_onnxruntime = 1 if target.runtime == "any" else 0
    if target.runtime == "onnxruntime" or not target.on_cpu:
        return 1
    has_choice = target.precision == "auto" and bool(BF16 & set(isa()))
    return n_onnxruntime + (2 if has_choice else 1)


def _n_options(target: Target) -> int:
    """Of a card: a file in 32-bit floats with and without TF32, in 16 with and without NHWC, each captured or not."""
    arithmetic = 2 if target.tf32 or not target.prefer_nhwc else 1
    return arithmetic * (1 if target.cuda_graph else 2)
