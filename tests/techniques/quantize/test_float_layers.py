"""Layers in float stay in float where the file runs: onnxruntime's optimiser would store their weights in 8 bits."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from engine.settings import QuantizeStatic
from engine.techniques.quantize import quantize_static
from engine.techniques.quantize.float_layers import shield_float_layers
from tests.drawn_weights import weights
from tests.techniques.given import CPU, classifier, given, outputs

STATIC = QuantizeStatic(method="static")
MIDDLE = {
    "Conv": (("Conv", ["x", "w"], "y", {"pads": [1] * 4}), (8, 8, 3, 3)),
    "pooled Conv": (("Conv", ["x", "w"], "y", {"pads": [1] * 4}), (8, 8, 3, 3)),
    "ConvTranspose": (("ConvTranspose", ["x", "w"], "y", {"pads": [1] * 4}), (8, 8, 3, 3)),
}
POOL = {"kernel_shape": [2, 2], "strides": [2, 2]}


def network(kind):
    """A layer of the kind between two others; one weight is so large that 8 bits would leave nothing of the others."""
    node, shape = MIDDLE[kind]
    kernel = 1e-3 * weights(*shape)
    kernel[:, 0] = 0
    kernel[0, 0, 0, 0] = 100
    first = weights(8, 3, 3, 3)
    first[0] = 0
    pooled = [("MaxPool", ["a"], "x", POOL)] if kind == "pooled Conv" else [("Relu", ["a"], "x")]
    nodes = [
        ("Conv", ["image", "w1"], "a", {"pads": [1] * 4}),
        *pooled,
        node,
        ("Relu", ["y"], "z"),
        ("GlobalAveragePool", ["z"], "p"),
        ("Flatten", ["p"], "f"),
        ("Gemm", ["f", "w3"], "logits"),
    ]
    return classifier(nodes, {"w1": first, "w": kernel, "w3": 100 * weights(8, 4)})


def optimised(path, folder):
    """The graph that onnxruntime runs."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    ort.InferenceSession(path, options, providers=CPU)
    return onnx.load(options.optimized_model_filepath)


@pytest.mark.parametrize("kind", MIDDLE)
def test_a_layer_in_float_is_computed_in_float(kind, tmp_path):
    model, context = given(network(kind), tmp_path)
    name = f"{kind.split()[-1]} for y"
    made = quantize_static(model, STATIC.model_copy(update={"float_nodes": (name,)}), context).onnx
    graph = optimised(made.path, tmp_path).graph
    assert not [tensor.name for tensor in graph.initializer if "_weight_q" in tensor.name]
    error = np.abs(outputs(made.path) - outputs(model.path)).max()
    assert error < 0.2 * np.abs(outputs(model.path)).max()


def test_a_layer_that_reads_floats_needs_no_shield(tmp_path):
    proto = network("Conv")
    before = proto.SerializeToString()
    assert shield_float_layers(proto) == 0
    assert proto.SerializeToString() == before
