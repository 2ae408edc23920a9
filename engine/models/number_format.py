"""The format of fewer bits in which a file stores its weights, where it does."""

from itertools import chain

import onnx
from onnx import TensorProto

from engine.models.graph import is_quantized
from engine.results.analyses import NumberFormat

SHORT = frozenset({TensorProto.FLOAT16, TensorProto.BFLOAT16})


def number_format(proto: onnx.ModelProto) -> NumberFormat:
    """INT8 for a quantized graph, FP16 for one with stored 16-bit floats, FP32 for any other."""
    if is_quantized(node.op_type for node in proto.graph.node):
        return "INT8"
    attributes = (entry.t.data_type for node in proto.graph.node for entry in node.attribute if entry.HasField("t"))
    stored = (tensor.data_type for tensor in proto.graph.initializer)
    return "FP16" if any(kind in SHORT for kind in chain(stored, attributes)) else "FP32"
