"""Which nodes of a graph can be quantized, and the folded graph that calibration and the quantizers start from."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry
from onnxruntime.quantization.shape_inference import quant_pre_process

from engine.data import ArrayPart, Part
from engine.data.parts import first_batch
from engine.errors import RunError, StepError
from engine.measure.output_difference import compare_outputs
from engine.models.artifacts import OnnxModel
from engine.models.doubles import to_single
from engine.models.nodes import name_nodes, readers_of
from engine.models.traits import traits_of
from engine.planning.applicability import quantizing_refusal
from engine.settings import Target
from engine.system.machine import has_vnni, is_x86
from engine.techniques.quantize.failures import NEXT, as_step_error
from engine.techniques.quantize.layers import plain_layers, split_fused
from engine.techniques.quantize.raising import opset_of, raise_opset

HEAVY_OPERATORS = ("Conv", "Gemm", "MatMul")
"""Operators whose weights are worth the quantization; all others only pass 8-bit data on."""
QUANTIZABLE = frozenset({*QDQRegistry, *QLinearOpsRegistry})
"""All operators that onnxruntime's static quantizer knows."""
PER_CHANNEL_OPSET = 13
"""The first opset whose DequantizeLinear takes an axis."""
COMPARED = 2
"""Images on which the folded graph is compared with the model."""
_MAX_NAMES = 8


def check_quantizable(model: OnnxModel) -> None:
    """Raises StepError where nothing in the file can be quantized, or where quantization would break parts of it."""
    refusal = quantizing_refusal(traits_of(model))
    if refusal is not None:
        raise StepError(refusal.message, refusal.next)


def saturates(isa: tuple[str, ...]) -> bool:
    """Whether sums of products of bytes and full signed bytes can overflow on a CPU with these instructions.

    On x86 without VNNI they can: see "reduce_range" in onnxruntime.quantization.
    """
    return is_x86(isa) and not has_vnni(isa)


def fold(model: OnnxModel, folder: Path, images: Part | ArrayPart) -> Path:
    """`folder`/folded.onnx: constants and batch norms folded, 32-bit floats, shapes inferred, layers plain and named.

    Raises StepError where it cannot be made, or where it gives other outputs than the model for the first of `images`.
    """
    path, source = folder / "folded.onnx", model.path
    with as_step_error("onnxruntime cannot prepare this model for quantization"):
        proto = onnx.load(model.path)
        is_changed = split_fused(proto) | to_single(proto)
        if opset_of(proto) < PER_CHANNEL_OPSET:
            proto = raise_opset(proto, PER_CHANNEL_OPSET)
        if is_changed or opset_of(proto) != model.opset:
            source = folder / "raised.onnx"
            onnx.save(proto, source)
        quant_pre_process(str(source), str(path), skip_symbolic_shape=True)
        proto = onnx.load(path)
        plain_layers(proto)
        name_nodes(proto.graph)
        onnx.save(proto, path)
    _check_function(model, path, images)
    return path


def _check_function(model: OnnxModel, folded: Path, images: Part | ArrayPart) -> None:
    try:
        difference = compare_outputs(model, folded, first_batch(images, model.batch or COMPARED), Target(threads=1))
    except RunError as error:
        raise StepError(f"the model does not run as it is prepared for quantization: {error.message}", NEXT) from error
    if not difference.is_rounding:
        raise StepError(
            f"preparing the model for quantization changes its outputs by {difference.worst:.1e} of the largest one, "
            f"where rounding explains {difference.allowed:.0e}, so a figure of the quantized file would mislead",
            "Export the model again for opset 13 or later, or leave quantization out",
        )


def heavy_nodes(proto: onnx.ModelProto) -> list[str]:
    """Names of the Conv, Gemm and MatMul nodes with constant weights, in the order of the graph."""
    constants = constant_names(proto)
    return [node.name for node in proto.graph.node if node.op_type in HEAVY_OPERATORS and _has_weights(node, constants)]


def free_products(proto: onnx.ModelProto) -> tuple[str, ...]:
    """Names of the MatMuls of two activations, as attention has them."""
    constants = constant_names(proto)
    return tuple(node.name for node in proto.graph.node if node.op_type == "MatMul" and not constants & set(node.input))


def first_heavy(proto: onnx.ModelProto, count: int) -> list[str]:
    """Names of the first `count` nodes with weights."""
    return heavy_nodes(proto)[:count]


def nodes_named(names: tuple[str, ...], folded: onnx.ModelProto, model: OnnxModel) -> list[str]:
    """The folded graph's nodes for these names, which are of nodes in it or in the model's own file.

    A node that was fused into another is replaced by that one: a MatMul by the Gemm that it became. Raises StepError
    for a name that neither graph has.
    """
    node_names = {node.name for node in folded.graph.node}
    missing = [name for name in names if name not in node_names]
    return [name for name in names if name in node_names] + (_fused(missing, folded, model) if missing else [])


def operators_named(operators: tuple[str, ...], proto: onnx.ModelProto) -> list[str]:
    """The operator types to quantize: `operators`, or all that onnxruntime can quantize where this is empty.

    Raises StepError for one that the graph does not have or that cannot be quantized.
    """
    quantizable = {node.op_type for node in proto.graph.node} & QUANTIZABLE
    unknown = [operator for operator in operators if operator not in quantizable]
    if unknown:
        raise StepError(
            f"the operator type '{unknown[0]}' in operators is none that can be quantized in this model",
            f"Choose among {', '.join(sorted(quantizable))}",
        )
    return sorted(operators or QUANTIZABLE)


@contextmanager
def quietly() -> Iterator[None]:
    """Keeps onnxruntime's quantizers from logging a line for every tensor that they leave in float."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def constant_names(proto: onnx.ModelProto) -> set[str]:
    """Names of the tensors that are the same at every call: initializers and the outputs of Constant nodes."""
    constants = {name for node in proto.graph.node if node.op_type == "Constant" for name in node.output}
    return constants | {tensor.name for tensor in proto.graph.initializer}


def _has_weights(node: onnx.NodeProto, constants: set[str]) -> bool:
    return len(node.input) > 1 and bool(constants & set(node.input[:2]))


def _fused(names: list[str], folded: onnx.ModelProto, model: OnnxModel) -> list[str]:
    proto = onnx.load(model.path, load_external_data=False)
    nodes = {node.name: node for node in proto.graph.node}
    unknown = [name for name in names if name not in nodes]
    if unknown:
        heavy = heavy_nodes(folded)
        more = f" and {len(heavy) - _MAX_NAMES} more" if len(heavy) > _MAX_NAMES else ""
        raise StepError(
            f"the model has no node '{unknown[0][:100]}', which is to stay in float (float_nodes)",
            f"Its layers are {', '.join(heavy[:_MAX_NAMES])}{more}",
        )
    consumers = readers_of(proto.graph)
    makers = {output: node.name for node in folded.graph.node for output in node.output}
    replacements = (_replacement(nodes[name], consumers, makers) for name in names)
    return [name for name in replacements if name is not None]


def _replacement(
    node: onnx.NodeProto, consumers: dict[str, list[onnx.NodeProto]], makers: dict[str, str]
) -> str | None:
    """The folded graph's node that makes the output of this node, or of its only reader; None where there is none."""
    while node.output[0] not in makers:
        readers = consumers.get(node.output[0], [])
        if len(readers) != 1:
            return None
        node = readers[0]
    return makers[node.output[0]]
