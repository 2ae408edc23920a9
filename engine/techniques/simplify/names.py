"""Names of nodes, which settings and profiles refer to."""

import onnx

_LAYERS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})


def keep_layer_names(after: onnx.GraphProto, before: onnx.GraphProto) -> None:
    """Gives a layer that another node was fused into the name of the layer whose weights it has, in place."""
    names_before = {node.name for node in before.node}
    layers = {node.input[1]: node for node in before.node if node.op_type in _LAYERS and len(node.input) > 1}
    names = {node.name for node in after.node}
    for node in after.node:
        layer = layers.get(node.input[1]) if node.op_type in _LAYERS and len(node.input) > 1 else None
        if layer is None or node.name in names_before or not layer.name or layer.name in names:
            continue
        node.name = layer.name
        names.add(node.name)
