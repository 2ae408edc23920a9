"""Whether and where a graph can be quantized, and the graph that calibration watches and the quantizers change."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
from onnx import TensorProto, version_converter
from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry
from onnxruntime.quantization.shape_inference import quant_pre_process

from engine.errors import StepError
from engine.models.artifacts import OnnxModel
from engine.models.graph import is_quantized
from engine.models.nodes import control_flow, name_nodes, odd_value
from engine.runtimes.onnx_runtime import ORT_ERRORS, first_line
from engine.system.machine import has_vnni, is_x86

HEAVY_OPERATORS = ("Conv", "Gemm", "MatMul")
"""Those whose weights are worth the quantization; all others only pass 8-bit data on."""
QUANTIZABLE = frozenset({*QDQRegistry, *QLinearOpsRegistry})
"""All operators that onnxruntime's static quantizer knows."""
PER_CHANNEL_OPSET = 13
"""The first one whose DequantizeLinear takes an axis."""
FOLDING_ERRORS: tuple[type[Exception], ...] = (*ORT_ERRORS, onnx.shape_inference.InferenceError)
_SHOWN = 8


def check_quantizable(model: OnnxModel) -> None:
    """Raises StepError where nothing in the file can be quantized, or what is in it would not survive."""
    proto = onnx.load(model.path)
    if is_quantized(node.op_type for node in proto.graph.node):
        raise StepError("the model is quantized already", "Start from its FP32 file")
    if any(tensor.data_type == TensorProto.FLOAT16 for tensor in proto.graph.initializer):
        raise StepError("the model is in 16-bit floats, and 8 bits are made of 32", "Start from its FP32 file")
    inside = control_flow(proto)
    if inside:
        raise StepError(
            f"the model has control flow ({', '.join(inside)}), and what is inside of it cannot be watched",
            "Export it again for one fixed path, without branches and loops",
        )
    odd = odd_value(proto)
    if odd:
        raise StepError(
            f"the value '{odd[0]}' is {odd[1]}, and a quantized model can only hold tensors of numbers",
            "Export the model again without it",
        )
    if not heavy_nodes(proto):
        raise StepError(
            "the model has no Conv, Gemm or MatMul with weights, so there is nothing to quantize",
            "Leave quantization out",
        )


def saturates(isa: tuple[str, ...]) -> bool:
    """Whether sums of products of unsigned and full signed bytes can overflow on a CPU with these instructions.

    On x86 without VNNI they can: see "reduce_range" in onnxruntime.quantization.
    """
    return is_x86(isa) and not has_vnni(isa)


def fold(model: OnnxModel, folder: Path) -> Path:
    """`folder`/folded.onnx: constants and batch norms folded, shapes inferred, a name on every node.

    Raises StepError with onnxruntime's reason where it cannot.
    """
    path, given = folder / "folded.onnx", model.path
    try:
        proto = onnx.load(model.path)
        if opset(proto) < PER_CHANNEL_OPSET:
            given = folder / "raised.onnx"
            onnx.save(version_converter.convert_version(proto, PER_CHANNEL_OPSET), given)
        quant_pre_process(str(given), str(path), skip_symbolic_shape=True)
    except FOLDING_ERRORS as error:
        raise StepError(
            f"onnxruntime cannot prepare this model for quantization: {first_line(error)}",
            "Leave quantization out, or export the model again",
        ) from error
    proto = onnx.load(path)
    name_nodes(proto.graph)
    onnx.save(proto, path)
    return path


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
    """The folded graph's nodes that do the work of those with these names in it or in the model's own file.

    A node that was fused into another gives that one: a MatMul the Gemm that it became. Raises StepError for a name
    that neither graph has.
    """
    here = {node.name for node in folded.graph.node}
    missing = [name for name in names if name not in here]
    return [name for name in names if name in here] + (_fused(missing, folded, model) if missing else [])


def operators_named(operators: tuple[str, ...], proto: onnx.ModelProto) -> list[str]:
    """The operator types to quantize: these, or all that onnxruntime can where none are given.

    Raises StepError for one that the graph does not have or that cannot be quantized.
    """
    there = {node.op_type for node in proto.graph.node} & QUANTIZABLE
    wrong = [operator for operator in operators if operator not in there]
    if wrong:
        raise StepError(
            f"the operator type '{wrong[0]}' in operators is none that can be quantized in this model",
            f"Choose among {', '.join(sorted(there))}",
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
    made = {name for node in proto.graph.node if node.op_type == "Constant" for name in node.output}
    return made | {tensor.name for tensor in proto.graph.initializer}


def opset(proto: onnx.ModelProto) -> int:
    """The version of the standard operators."""
    return int(next(entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")))


def _has_weights(node: onnx.NodeProto, constants: set[str]) -> bool:
    return len(node.input) > 1 and bool(constants & set(node.input[:2]))


def _fused(names: list[str], folded: onnx.ModelProto, model: OnnxModel) -> list[str]:
    proto = onnx.load(model.path, load_external_data=False)
    nodes = {node.name: node for node in proto.graph.node}
    unknown = [name for name in names if name not in nodes]
    if unknown:
        heavy = heavy_nodes(folded)
        more = f" and {len(heavy) - _SHOWN} more" if len(heavy) > _SHOWN else ""
        raise StepError(
            f"the model has no node '{unknown[0][:100]}', which is to stay in float (float_nodes)",
            f"Its layers are {', '.join(heavy[:_SHOWN])}{more}",
        )
    consumers: dict[str, list[onnx.NodeProto]] = {}
    for node in proto.graph.node:
        for tensor in node.input:
            consumers.setdefault(tensor, []).append(node)
    made_by = {output: node.name for node in folded.graph.node for output in node.output}
    found = (_heir(nodes[name], consumers, made_by) for name in names)
    return [name for name in found if name is not None]


def _heir(node: onnx.NodeProto, consumers: dict[str, list[onnx.NodeProto]], made_by: dict[str, str]) -> str | None:
    """Who makes this node's output in the folded graph, or that of the only one that reads it; None if it is gone."""
    while node.output[0] not in made_by:
        after = consumers.get(node.output[0], [])
        if len(after) != 1:
            return None
        node = after[0]
    return made_by[node.output[0]]
