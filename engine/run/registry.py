"""The one table of techniques: the function that applies a step, by the step's settings class."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.context import Outcome
from engine.search.context import RaceContext, RatioContext
from engine.search.race import race
from engine.search.ratio import prune_channels
from engine.settings import (
    Distill,
    Finetune,
    Float16,
    PruneChannel,
    PruneSparse,
    Qat,
    QuantizeAuto,
    QuantizeDynamic,
    QuantizeStatic,
    QuantizeWeights,
    Simplify,
    Step,
    Swap,
)
from engine.techniques.distill import distill
from engine.techniques.finetune import finetune
from engine.techniques.float16 import float16
from engine.techniques.prune import prune_sparse
from engine.techniques.quantize import quantize_dynamic, quantize_static, quantize_weights
from engine.techniques.quantize.qat import qat
from engine.techniques.simplify import simplify
from engine.techniques.swap import swap
from engine.training.context import TeacherContext


@dataclass(frozen=True, kw_only=True)
class FullContext(TeacherContext, RatioContext, RaceContext):
    """Everything that a technique may need; each function declares the base class that has what it needs."""


Apply = Callable[[Any, Any, FullContext], Outcome]
"""Carries out a step: from its model, settings and context to a new model."""
STEPS: dict[type[Step], Apply] = {
    Finetune: finetune,
    Distill: distill,
    Swap: swap,
    PruneChannel: prune_channels,
    PruneSparse: prune_sparse,
    Simplify: simplify,
    Float16: float16,
    QuantizeAuto: race,
    QuantizeStatic: quantize_static,
    QuantizeDynamic: quantize_dynamic,
    QuantizeWeights: quantize_weights,
    Qat: qat,
}
