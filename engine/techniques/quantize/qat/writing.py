"""Writes trained values back into the graph that they came from: new initializers, the same nodes and names."""

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from engine.techniques.quantize.qat.network import Network
from engine.techniques.quantize.qat.plan import Node
from engine.techniques.quantize.qat.rounding import FAKE, INT32, along


@torch.no_grad()
def write_back(network: Network, proto: onnx.ModelProto) -> None:
    """Changes the initializers of `proto`, of which the network was made, in place.

    A bias is stored in the product of its input's and its weight's scale, in which integer kernels add up.
    """
    stored = {tensor.name: tensor for tensor in proto.graph.initializer}

    def store(name: str, values: Tensor) -> None:
        old = numpy_helper.to_array(stored[name])
        new = np.asarray(values.numpy()).astype(old.dtype).reshape(old.shape)
        stored[name].CopyFrom(numpy_helper.from_array(new, name))

    for name in (*network.plan.floats, *network.plan.scales):
        store(name, network.value(name))
    for node in network.plan.nodes:
        if node.operator == FAKE and node.inputs[0] in stored:
            store(node.inputs[0], _integers(network, node))
    for layer in network.plan.layers:
        if layer.bias:
            scale = network.value(layer.input_scale).double() * network.value(layer.weight_scale).double().reshape(-1)
            store(layer.bias_scale, scale)
            store(layer.bias, (network.value(layer.bias) / scale).round().clamp(INT32.min, INT32.max))


def _integers(network: Network, node: Node) -> Tensor:
    """The integers of a weight."""
    values, scale, zero = (network.value(name) for name in node.inputs)
    scale, zero = (along(node.attributes["axis"], one, values.ndim) for one in (scale, zero))
    return (values.div(scale).round() + zero).clamp(node.attributes["low"], node.attributes["high"])
