"""The small model that a provider must run before it counts as working."""

import numpy as np
from onnx import TensorProto, helper

SUM = 27.0
"""Every output of the small model for an image of ones."""
WRONG_ANSWER = "it gave a wrong answer"


def trial_model() -> bytes:
    """A 3x3 convolution of ones over "image" (1, 3, 8, 8), opset 13: ones become 27 in "sums" (1, 4, 6, 6)."""
    shapes = {"image": [1, 3, 8, 8], "sums": [1, 4, 6, 6]}
    image, sums = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items())
    weight = helper.make_tensor("ones", TensorProto.FLOAT, [4, 3, 3, 3], [1.0] * 108)
    node = helper.make_node("Conv", ["image", "ones"], ["sums"])
    graph = helper.make_graph([node], "small", [image], [sums], [weight])
    opsets = [helper.make_opsetid("", 13)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return model


def is_right(sums: np.ndarray) -> bool:
    """Whether these are the sums of an image of ones, as far as 16 bits can tell."""
    return sums.size > 0 and bool(np.allclose(sums, SUM, rtol=1e-2))
