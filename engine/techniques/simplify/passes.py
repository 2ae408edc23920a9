"""onnx-ir's passes and onnxscript's rules, in an order in which each can use the result of the one before."""

from collections.abc import Callable
from itertools import chain

import onnx_ir as ir
from onnx_ir.passes import common
from onnxscript.optimizer import fold_constants
from onnxscript.rewriter import RewritePass
from onnxscript.rewriter.rules import common as rules
from onnxscript.rewriter.rules.fusion._layer_norm import layer_normalization_rules

from engine.models.graph import is_quantized

FOLDED = 64
"""Values that a folded node may add to the file: about what the node itself takes. onnxruntime folds the rest as it
loads the file."""
HARD_SWISH_OPSET, LAYER_NORM_OPSET = 14, 17
"""The first opsets that have the operator."""
_EVERYTHING = 1 << 62
_ROUNDS = 3

_NO_OPS = (
    rules.mul_by_1_rule,
    rules.div_by_1_rule,
    rules.sub_0_rule,
    rules.add_0_rule,
    rules.dropout_inference_rule,
    rules.dropout_zero_rule,
    rules.no_op_cast_rule,
    rules.no_op_expand_rule,
    rules.no_op_transpose_rule,
    rules.no_op_dynamic_scatter_nd_rule,
    rules.no_op_static_scatter_nd_rule,
    rules.collapse_slice_rule,
    rules.collapse_slice2_rule,
    rules.reshape_reshape_rule,
    rules.transpose_transpose_rule,
    rules.unsqueeze_unsqueeze_rule,
    rules.squeeze_reshape_1d_rule,
    rules.materialize_reshape_shape_rule,
)
_FUSIONS = (
    rules.normalize_pad_format_conv_rule,
    rules.fuse_pad_into_conv_rule,
    rules.fuse_batchnorm_into_conv_rule,
    rules.fuse_batchnorm_into_conv_transpose_rule,
    rules.fuse_batchnorm_into_gemm_rule,
    rules.successive_relu_rule,
    rules.successive_clip_rule,
    rules.successive_clip_relu_rule,
    rules.successive_relu_clip_rule,
    rules.min_min_rule,
    rules.max_max_rule,
    rules.min_max_rule,
    rules.max_min_rule,
    rules.one_reshape_matmul_reshape_rule,
    rules.two_reshapes_matmul_reshape_rule,
    rules.remove_optional_bias_from_conv_rule,
    rules.remove_optional_bias_from_conv_transpose_rule,
    rules.remove_optional_bias_from_gemm_rule,
)


def rewrite(model: ir.Model) -> dict[str, int]:
    """Rewrites the model in place and returns how many nodes each kind of rewriting saved.

    A quantized graph loses only nodes that move data or do nothing: a changed sum may round to another integer.
    """
    saved: dict[str, int] = {}

    def apply(name: str, change: Callable[[ir.Model], object]) -> None:
        before = _count(model)
        change(model)
        common.RemoveUnusedNodesPass()(model)
        saved[name] = saved.get(name, 0) + before - _count(model)

    quantized = is_quantized(node.op_type for node in model.graph.all_nodes())
    if model.functions:
        common.InlinePass()(model)
        common.RemoveUnusedFunctionsPass()(model)  # type: ignore[no-untyped-call]
    apply("unread", common.RemoveUnusedNodesPass())
    for _ in range(_ROUNDS):
        before = _count(model)
        apply("no_ops", common.IdentityEliminationPass())
        apply("folded", common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0))
        apply("folded", _fold)
        apply("no_ops", RewritePass(_NO_OPS))
        if not quantized:
            apply("fused", RewritePass(_fusions(model)))
            apply("duplicates", common.CommonSubexpressionEliminationPass())
        if _count(model) == before:
            break
    common.RemoveUnusedOpsetsPass()(model)
    common.OutputFixPass()(model)
    common.NameFixPass()(model)
    return saved


def _fusions(model: ir.Model) -> list[object]:
    opset = model.opset_imports.get("", 0)
    return [
        *_FUSIONS,
        *(chain(rules.fuse_hardswish_rules()) if opset >= HARD_SWISH_OPSET else ()),
        *(layer_normalization_rules if opset >= LAYER_NORM_OPSET else ()),
    ]


def _fold(model: ir.Model) -> None:
    fold_constants(
        model,
        onnx_shape_inference=True,
        input_size_limit=_EVERYTHING,
        output_size_limit=FOLDED,
        should_fold=_should_fold,
    )


def _should_fold(node: ir.Node) -> bool | None:
    """None leaves it to onnxscript, which keeps the operators of a quantized graph."""
    if node.domain not in ("", "ai.onnx"):
        return False
    return False if node.op_type == "Cast" and _widens(node) else None


def _widens(node: ir.Node) -> bool:
    """Whether folding this Cast would store more bytes: weights in few bits stay in few bits."""
    tensor = node.inputs[0].const_value if node.inputs and node.inputs[0] is not None else None
    to = node.attributes.get_int("to")
    if tensor is None or to is None or tensor.size <= FOLDED:
        return False
    return bool(ir.DataType(to).bitwidth > tensor.dtype.bitwidth)


def _count(model: ir.Model) -> int:
    return sum(1 for _ in model.graph.all_nodes())
