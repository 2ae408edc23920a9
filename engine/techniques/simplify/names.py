"""Names of nodes: settings and profiles speak of layers by name."""

import onnx

_LAYERS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})


def keep_layer_names(made: onnx.GraphProto, before: onnx.GraphProto) -> None:
    """A layer that something was fused into keeps the name of the layer with its weights, in place."""
    old = {node.name for node in before.node}
    layers = {node.input[1]: node for node in before.node if node.op_type in _LAYERS and len(node.input) > 1}
    taken = {node.name for node in made.node}
    for node in made.node:
        layer = layers.get(node.input[1]) if node.op_type in _LAYERS and len(node.input) > 1 else None
        if layer is None or node.name in old or not layer.name or layer.name in taken:
            continue
        node.name = layer.name
        taken.add(node.name)
