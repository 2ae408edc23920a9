"""Small ONNX classifiers, made by hand so that each can be wrong in one way."""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto, helper, numpy_helper


@dataclass(frozen=True)
class Shape:
    """What goes in and comes out, and of which type."""

    image: tuple = ("batch", 3, 8, 8)
    logits: tuple = ("batch", 5)
    kind: int = TensorProto.FLOAT


def small_classifier(shape: Shape = Shape(), *, opset: int = 18, ir: int = 9, extra_nodes=(), outputs=()):
    """Conv 3x3 (4 channels, no padding) -> global average -> Gemm (5 classes)."""
    channels = shape.image[1] if isinstance(shape.image[1], int) else 3
    weights = {
        "conv.weight": np.full((4, channels, 3, 3), 0.1, np.float32),
        "fc.weight": np.arange(20, dtype=np.float32).reshape(4, 5),
        "fc.bias": np.zeros(5, np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["image", "conv.weight"], ["features"]),
        helper.make_node("GlobalAveragePool", ["features"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "fc.weight", "fc.bias"], ["logits"]),
        *extra_nodes,
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", shape.kind, shape.image)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape.logits), *outputs],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)
