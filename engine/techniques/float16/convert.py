"""onnxruntime's conversion to 16-bit floats, with the repairs that its result needs."""

import onnx
import onnx_ir as ir
from onnx import TensorProto
from onnx.shape_inference import InferenceError
from onnxruntime.transformers.float16 import convert_float_to_float16

from engine.errors import StepError
from engine.models.nodes import name_nodes
from engine.models.traits import graph_traits
from engine.planning.applicability import halving_refusal
from engine.runtimes.onnx_runtime import ORT_ERRORS, first_line

_REFUSALS: tuple[type[Exception], ...] = (*ORT_ERRORS, InferenceError, AssertionError)


def check_convertible(proto: onnx.ModelProto) -> None:
    """Raises StepError where the file is quantized, is in 16 bits already, or holds what cannot be converted."""
    refusal = halving_refusal(graph_traits(proto))
    if refusal is not None:
        raise StepError(refusal.message, refusal.next)


def convert(proto: onnx.ModelProto, keep_io_types: bool, in_float: list[str]) -> onnx.ModelProto:
    """The graph in 16-bit floats but for the nodes named in `in_float`, and for the operators that have no such form.

    Raises StepError with onnxruntime's reason where it cannot.
    """
    try:
        converted = convert_float_to_float16(proto, keep_io_types=keep_io_types, node_block_list=in_float)
    except _REFUSALS as error:
        raise StepError(
            f"onnxruntime cannot convert this model to 16-bit floats: {first_line(error)}",
            "Leave float16 out, or export the model again",
        ) from error
    _join_casts(converted.graph)
    name_nodes(converted.graph)
    return _sorted(converted)


def _join_casts(graph: onnx.GraphProto) -> None:
    """Connects nodes in 32 bits directly.

    Between two of them the conversion casts to 16 bits and back, where a large value would become infinite.
    """
    casts = {node.output[0]: node for node in graph.node if node.op_type == "Cast"}
    wide = {
        node.output[0]: casts[node.input[0]].input[0]
        for node in casts.values()
        if _to(node) == TensorProto.FLOAT and node.input[0] in casts and _is_inserted(casts[node.input[0]])
    }
    outputs = {value.name for value in graph.output}
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = wide.get(name, name)
        if node.op_type == "Cast" and node.output[0] in wide and node.output[0] in outputs:
            node.input[0] = wide[node.output[0]]
    _drop_unread(graph, outputs)


def _is_inserted(node: onnx.NodeProto) -> bool:
    """Whether the conversion inserted this cast, from 32 bits to 16."""
    return bool(_to(node) == TensorProto.FLOAT16 and node.name.endswith("_cast_to_fp16_node"))


def _to(node: onnx.NodeProto) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "to"), 0)


def _drop_unread(graph: onnx.GraphProto, outputs: set[str]) -> None:
    while True:
        read = {name for node in graph.node for name in node.input} | outputs
        unread = [node for node in graph.node if node.op_type == "Cast" and node.output[0] not in read]
        if not unread:
            return
        for node in unread:
            graph.node.remove(node)


def _sorted(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Every node after those that it reads, as the format asks: the conversion puts its casts at the end."""
    model = ir.serde.deserialize_model(proto)
    model.graph.sort()
    return ir.serde.serialize_model(model)
