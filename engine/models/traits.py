"""What decides which techniques can be applied to a model."""

from collections.abc import Iterator

import onnx

from engine.models.artifacts import OnnxModel, TorchModel
from engine.models.counts import constant_tensors
from engine.models.nodes import CONTROL_FLOW, control_flow, odd_value
from engine.models.number_format import number_format
from engine.results import ModelTraits

_WEIGHTED = {"Conv": "Conv", "Gemm": "Gemm", "MatMul": "MatMul", "FusedConv": "Conv", "FusedGemm": "Gemm"}
"""Layers by operator; those that onnxruntime's optimiser has fused with an activation are taken apart again."""


def traits_of(model: TorchModel | OnnxModel) -> ModelTraits:
    """The traits of a loaded model; an ONNX file is read once more, without weights that lie in other files."""
    if isinstance(model, TorchModel):
        return ModelTraits(format="timm", architecture=model.architecture)
    traits = graph_traits(onnx.load(model.path, load_external_data=False))
    return traits.model_copy(
        update={
            "fixed_batch": model.batch,
            "layout": model.layout,
            "input_kind": model.input_kind,
            "task": model.task,
            "takes_images": not model.inputs,
        }
    )


def graph_traits(proto: onnx.ModelProto) -> ModelTraits:
    """The traits that the graph of an ONNX file has by itself, whatever its input."""
    return ModelTraits(
        format="onnx",
        number_format=number_format(proto),
        control_flow=control_flow(proto),
        has_fixed_path=_has_fixed_path(proto),
        odd_value=odd_value(proto),
        weighted_layers=tuple(sorted(set(_weighted_layers(proto)))),
    )


def _weighted_layers(proto: onnx.ModelProto) -> Iterator[str]:
    """Types of the layers whose weights are stored, or computed from what is: that is folded before quantizing."""
    constants = _constants(proto)
    for node in proto.graph.node:
        if node.op_type in _WEIGHTED and not constants.issuperset(node.output) and constants & {*node.input[:2]}:
            yield _WEIGHTED[node.op_type]


def _has_fixed_path(proto: onnx.ModelProto) -> bool:
    constants = _constants(proto)
    flow = [node for node in proto.graph.node if node.op_type in CONTROL_FLOW]
    return bool(flow) and all(node.op_type == "If" and node.input[0] in constants for node in flow)


def _constants(proto: onnx.ModelProto) -> set[str]:
    """Names of what is stored, and of what is computed from that alone."""
    constants = set(constant_tensors(proto))
    for node in proto.graph.node:
        if node.op_type not in CONTROL_FLOW and constants.issuperset(filter(None, node.input)):
            constants.update(node.output)
    return constants
