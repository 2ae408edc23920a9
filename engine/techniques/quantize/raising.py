"""Raises a graph to a later opset, as the same function."""

import onnx
from onnx import helper, numpy_helper, version_converter

from engine.models.counts import constant_tensors

RESIZE_OPSET = 11
"""The first opset in which Resize says how it computes its coordinates, half of a pixel off the earlier way."""
_MODES = ("coordinate_transformation_mode", "nearest_mode")


def raise_opset(proto: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """A copy at this opset; onnx's converter, with the old meaning of Resize and Upsample, which it leaves out."""
    raised = version_converter.convert_version(proto, opset)
    if opset_of(proto) >= RESIZE_OPSET:
        return raised
    constants = constant_tensors(raised)
    for node in raised.graph.node:
        if node.op_type == "Resize":
            _resize_as_before(node, constants)
    return raised


def opset_of(proto: onnx.ModelProto) -> int:
    """The version of the standard operators."""
    return int(next(entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")))


def _resize_as_before(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> None:
    """Asymmetric coordinates, and the nearest pixel below; above where the image shrinks, as onnxruntime computes it.

    See NearestMode::SIMPLE in onnxruntime/core/providers/cpu/tensor/upsamplebase.h.
    """
    scales = constants.get(node.input[2]) if len(node.input) > 2 else None
    shrinks = scales is not None and bool((numpy_helper.to_array(scales) < 1).any())
    attributes = [attribute for attribute in node.attribute if attribute.name not in _MODES]
    values = ("asymmetric", "ceil" if shrinks else "floor")
    attributes += [helper.make_attribute(name, value) for name, value in zip(_MODES, values, strict=True)]
    del node.attribute[:]
    node.attribute.extend(attributes)
