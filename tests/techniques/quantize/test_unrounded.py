"""Values that serve no integers are read in float: products that floats read, layers joined with a constant."""

import numpy as np
import onnx

from engine.runtimes import open_session, resolve_target
from engine.settings import QuantizeStatic, Target
from engine.techniques.quantize import quantize_static
from engine.techniques.quantize.unrounded import read_unrounded
from tests.drawn_weights import weights
from tests.made_contexts import SATURATES
from tests.techniques.given import classifier, given, outputs

LAYERS = QuantizeStatic(method="static", operators=("Conv", "MatMul"))


def transformer(token_scale=0.01):
    """Patches of a convolution with a bias beside a class token, a norm, and two products with a Gelu between."""
    nodes = [
        ("Conv", ["image", "w1", "b1"], "patches", {"kernel_shape": [4, 4], "strides": [4, 4]}),
        ("Reshape", ["patches", "shape"], "rows"),
        ("Transpose", ["rows"], "tokens", {"perm": [0, 2, 1]}),
        ("Shape", ["image"], "n", {"start": 0, "end": 1}),
        ("Concat", ["n", "one_token"], "token_shape", {"axis": 0}),
        ("Expand", ["token", "token_shape"], "class_token"),
        ("Concat", ["class_token", "tokens"], "all", {"axis": 1}),
        ("Add", ["all", "positions"], "placed"),
        ("LayerNormalization", ["placed", "scale"], "normal"),
        ("MatMul", ["normal", "w2"], "a"),
        ("Add", ["a", "b2"], "b"),
        ("Gelu", ["b"], "c"),
        ("MatMul", ["c", "w3"], "d"),
        ("Add", ["d", "b3"], "e"),
        ("ReduceMean", ["e", "over"], "logits", {"keepdims": 0}),
    ]
    constants = {
        "w1": 10 * weights(8, 3, 4, 4),
        "b1": 10 * weights(8),
        "shape": np.array([0, 8, -1]),
        "one_token": np.array([1, 8]),
        "token": np.float32(token_scale) * weights(1, 1, 8),
        "positions": np.float32(token_scale) * weights(1, 5, 8),
        "scale": np.ones(8, np.float32),
        "w2": weights(8, 16),
        "b2": np.zeros(16, np.float32),
        "w3": weights(16, 4),
        "b3": np.zeros(4, np.float32),
        "over": np.array([1]),
    }
    return classifier(nodes, constants)


def made_from(proto, folder, settings=LAYERS):
    model, context = given(proto, folder)
    return model, quantize_static(model, settings, context).onnx


def error(found, expected) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def answers(model, target):
    image = np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)
    with open_session(model.path, resolve_target(target), output_names=model.output_names) as session:
        return session(image)["logits"]


def operators(model):
    return [node.op_type for node in onnx.load(model.path).graph.node]


def read_by(model):
    """By the name of each node, the operators that make what it reads."""
    nodes = onnx.load(model.path).graph.node
    makers = {output: node.op_type for node in nodes for output in node.output}
    return {node.name: [makers.get(name) for name in node.input] for node in nodes}


def test_openvino_gives_every_channel_its_own_bias_where_a_constant_is_joined(tmp_path):
    _, made = made_from(transformer(), tmp_path)
    found = answers(made, Target(runtime="openvino", precision="f32"))
    assert error(found, answers(made, Target())) < 0.01


def test_a_product_that_floats_read_is_not_rounded(tmp_path):
    model, made = made_from(transformer(1.0), tmp_path)
    read = read_by(made)
    assert read["Add for b"][0] == "MatMul"
    assert read["Add for e"][0] == "MatMul"
    assert read["MatMul for d"][0] == "DequantizeLinear"
    assert operators(made).count("QuantizeLinear") == 3, "image, and the inputs of two products"
    assert error(outputs(made.path), outputs(model.path)) < 0.1


def test_where_integers_read_it_a_product_stays_rounded(tmp_path):
    _, made = made_from(transformer(1.0), tmp_path, LAYERS.model_copy(update={"operators": ()}))
    read = read_by(made)
    assert read["Add for b"][0] == "DequantizeLinear"


def test_where_the_pair_does_the_work_of_a_relu_it_stays(tmp_path):
    nodes = [
        ("Flatten", ["image"], "flat"),
        ("MatMul", ["flat", "w1"], "a"),
        ("Relu", ["a"], "b"),
        ("Abs", ["b"], "logits"),
    ]
    everything = QuantizeStatic(method="static")
    model, made = made_from(classifier(nodes, {"w1": weights(192, 4)}), tmp_path, everything)
    assert "Relu" not in operators(made)
    wanted, found = outputs(model.path), outputs(made.path)
    assert (wanted == 0).any()
    # Weights of 7 bits may lift a sum just below zero.
    assert found[wanted == 0].max() <= (0.1 * wanted.max() if SATURATES else 0)


def test_a_graph_without_such_values_stays_as_it_is():
    proto = transformer()
    before = proto.SerializeToString()
    assert read_unrounded(proto, transformer(), lambda node: False) == 0
    assert proto.SerializeToString() == before
