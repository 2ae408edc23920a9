"""The format of fewer bits in which a file stores its weights, where it does."""

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto

from engine.models.graph import is_quantized, load_proto
from engine.results.analyses import NumberFormat
from engine.runtimes import RaceTarget

_SHORT = frozenset({TensorProto.FLOAT16, TensorProto.BFLOAT16})


def number_format(proto: onnx.ModelProto) -> NumberFormat:
    """INT8 for a quantized graph, FP16 for one with stored 16-bit floats, FP32 for any other."""
    if is_quantized(node.op_type for node in proto.graph.node):
        return "INT8"
    return "FP16" if n_short(proto) else "FP32"


def targets_for(path: Path, targets: Sequence[RaceTarget]) -> tuple[RaceTarget, ...]:
    """The targets at which the file takes part in a race, by the format of its weights."""
    if all(not one.formats for one in targets):
        return tuple(targets)
    own = number_format(load_proto(path))
    return tuple(one for one in targets if not one.formats or own in one.formats)


def n_short(proto: onnx.ModelProto) -> int:
    """The number of stored tensors in 16-bit floats."""
    initializers = [tensor.data_type for tensor in proto.graph.initializer]
    attributes = [
        attribute.t.data_type for node in proto.graph.node for attribute in node.attribute if attribute.HasField("t")
    ]
    return sum(kind in _SHORT for kind in (*initializers, *attributes))
