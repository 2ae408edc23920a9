"""The blocks of layers that nodes belong to, by the names that exporters give."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.models.blocks import blocks, modules

WEIGHTS = ("stem.weight", "layer1.0.conv1.weight", "layer1.0.conv2.weight", "layer1.0.down.0.weight", "fc.weight")


def graph(nodes, weights=WEIGHTS):
    image, logits = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("image", nodes[-1].output[0])
    )
    tensors = [numpy_helper.from_array(np.ones((1,), np.float32), name) for name in weights]
    return helper.make_graph(nodes, "made", [image], [logits], tensors)


def node(name, operator, inputs, output):
    return helper.make_node(operator, inputs.split(), [output], name=name)


RESIDUAL = (
    node("stem", "Conv", "image stem.weight", "a"),
    node("dq", "DequantizeLinear", "layer1.0.conv1.weight", "weight"),
    node("conv1", "Conv", "a weight", "b"),
    node("relu1", "Relu", "b", "c"),
    node("conv2", "Conv", "c layer1.0.conv2.weight", "d"),
    node("down", "Conv", "a layer1.0.down.0.weight", "e"),
    node("sum", "Add", "d e", "f"),
    node("fc", "Gemm", "f fc.weight", "logits"),
)


def test_a_module_is_told_by_its_weights_also_through_what_dequantizes_them():
    assert modules(graph(RESIDUAL)) == {
        "stem": "stem",
        "dq": "layer1.0.conv1",
        "conv1": "layer1.0.conv1",
        "conv2": "layer1.0.conv2",
        "down": "layer1.0.down.0",
        "fc": "fc",
    }


def test_what_has_no_weights_stands_with_what_it_reads_and_a_small_block_is_none():
    """The sum reads from layer1.0 and from layer1.0.down; the latter has one node, and so is no block."""
    of_block = blocks(graph(RESIDUAL))
    assert {name for name, block in of_block.items() if block == "layer1.0"} == {
        "dq", "conv1", "relu1", "conv2", "down", "sum",
    }  # fmt: skip
    assert of_block["stem"] == of_block["fc"] == ""


@pytest.mark.parametrize("prefix", ["/layer1/layer1.0", "/layer1/0"])
def test_paths_of_nodes_tell_where_weights_do_not(prefix):
    made = graph(
        (
            node(f"{prefix}/conv1/Conv", "Conv", "image onnx::Conv_1", "a"),
            node(f"{prefix}/Relu", "Relu", "a", "b"),
            node(f"{prefix}/conv2/Conv", "Conv", "b onnx::Conv_2", "c"),
        ),
        ("onnx::Conv_1", "onnx::Conv_2"),
    )
    assert set(blocks(made).values()) == {"layer1.0"}
