"""The methods of quantization, a function each, and the parts of the static one that a search shares."""

from engine.techniques.quantize.calibrate import Calibrator
from engine.techniques.quantize.dynamic import quantize_dynamic
from engine.techniques.quantize.equalize import equalizable
from engine.techniques.quantize.few_images import with_crops_of_few
from engine.techniques.quantize.float_nodes import final_activations
from engine.techniques.quantize.nncf import has_nncf
from engine.techniques.quantize.prepare import (
    check_quantizable,
    first_heavy,
    fold,
    free_products,
    heavy_nodes,
    saturates,
)
from engine.techniques.quantize.static import JudgeSet, build_static, quantize_static
from engine.techniques.quantize.swish import silu_pairs
from engine.techniques.quantize.weights import quantize_weights

__all__ = [
    "Calibrator",
    "JudgeSet",
    "build_static",
    "check_quantizable",
    "equalizable",
    "final_activations",
    "first_heavy",
    "fold",
    "free_products",
    "has_nncf",
    "heavy_nodes",
    "quantize_dynamic",
    "quantize_static",
    "quantize_weights",
    "saturates",
    "silu_pairs",
    "with_crops_of_few",
]
