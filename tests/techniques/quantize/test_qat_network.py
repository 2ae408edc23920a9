"""A graph as a torch network: it computes what onnxruntime does, and what is to be trained gets gradients."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, helper

from engine.data import load
from engine.errors import StepError
from engine.export.onnx_file import export_onnx
from engine.models.artifacts import torch_model
from engine.settings import Preprocess, QuantizeStatic, Split
from engine.techniques.quantize import quantize_static
from engine.techniques.quantize.prepare import fold
from engine.techniques.quantize.qat.network import Network
from engine.techniques.quantize.qat.operators import OPERATORS
from engine.techniques.quantize.qat.rounding import FakeQuantize
from engine.techniques.quantize.qat.writing import write_back
from tests.drawn_weights import weights
from tests.techniques.given import CPU, classifier, given, named

IMAGES = np.random.default_rng(1).standard_normal((3, 3, 8, 8)).astype(np.float32)
END = [("GlobalAveragePool", ["x"], "p"), ("Flatten", ["p"], "logits")]
W = weights(4, 3, 3, 3)


def ints(*values):
    return np.array(values, np.int64)


def whole(*lists):
    return {f"i{place}": ints(*values) for place, values in enumerate(lists)}


def run(proto, images=IMAGES):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(proto.SerializeToString(), options, providers=CPU)
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def computed(network, images=IMAGES):
    with torch.inference_mode():
        return network(torch.from_numpy(images)).numpy()


def unary(operator, attributes=None):
    return [("Conv", ["image", "w"], "c", {}), (operator, ["c"], "x", attributes or {}), *END]


GRAPHS = {
    **{
        name: (unary(name), {})
        for name in (
            "Abs",
            "Erf",
            "Exp",
            "Gelu",
            "GlobalMaxPool",
            "HardSigmoid",
            "HardSwish",
            "Identity",
            "Elu",
            "LeakyRelu",
            "Neg",
            "Relu",
            "Sigmoid",
            "Softmax",
            "Softplus",
            "Tanh",
            "Dropout",
        )
    },
    "Gelu tanh": (unary("Gelu", {"approximate": "tanh"}), {}),
    "HardSigmoid sixth": (unary("HardSigmoid", {"alpha": 1 / 6, "beta": 0.25}), {}),
    "Softmax channels": (unary("Softmax", {"axis": 1}), {}),
    "Conv uneven": ([("Conv", ["image", "w"], "x", {"pads": [0, 1, 2, 0], "strides": [2, 1]}), *END], {}),
    "Conv groups": (
        [("Conv", ["image", "g", "b"], "x", {"group": 3, "dilations": [2, 2], "pads": [2] * 4}), *END],
        {"g": weights(3, 1, 3, 3), "b": weights(3)},
    ),
    "BatchNormalization": (
        [("BatchNormalization", ["image", "s", "b", "m", "v"], "x", {"epsilon": 1e-3}), *END],
        {"s": weights(3), "b": weights(3), "m": weights(3), "v": weights(3) ** 2},
    ),
    "MaxPool": (unary("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 0, 0, 1]}), {}),
    "MaxPool ceil": (unary("MaxPool", {"kernel_shape": [2, 2], "strides": [3, 3], "ceil_mode": 1}), {}),
    "AveragePool": (unary("AveragePool", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}), {}),
    "AveragePool all": (
        unary("AveragePool", {"kernel_shape": [2, 2], "pads": [0, 0, 1, 1], "count_include_pad": 1}),
        {},
    ),
    "ReduceMean": ([("ReduceMean", ["image", "i0"], "logits", {"keepdims": 0})], whole([2, 3])),
    "ReduceSum": ([("ReduceSum", ["image", "i0"], "x"), *END], whole([-1])),
    "ReduceMean all": ([("ReduceMean", ["image"], "m"), ("Add", ["image", "m"], "x"), *END], {}),
    "Clip": ([("Clip", ["image", "low", "high"], "x"), *END], {"low": np.float32(-0.3), "high": np.float32(1)}),
    "Clip above": ([("Clip", ["image", "", "high"], "x"), *END], {"high": np.float32(0.2)}),
    "arithmetic": (
        [
            ("Mul", ["image", "a"], "c"),
            ("Sub", ["c", "a"], "d"),
            ("Div", ["d", "a"], "e"),
            ("Max", ["e", "image"], "f"),
            ("Min", ["f", "a"], "g"),
            ("Pow", ["g", "two"], "h"),
            ("Sqrt", ["h"], "i"),
            ("Add", ["i", "one"], "j"),
            ("Reciprocal", ["j"], "x"),
            *END,
        ],
        {"a": weights(3, 1, 1), "two": np.float32(2), "one": np.float32(1)},
    ),
    "Gather of a size": (
        [
            ("Shape", ["image"], "n"),
            ("Gather", ["n", "index"], "o"),
            ("Unsqueeze", ["o", "i0"], "q"),
            ("Concat", ["q", "i1"], "r", {"axis": 0}),
            ("Reshape", ["image", "r"], "x"),
            *END,
        ],
        {"index": np.array(0), **whole([0], [3, 16, 4])},
    ),
    "Slice": ([("Slice", ["image", "i0", "i1", "i2", "i3"], "x"), *END], whole([1, -7], [9, -1], [2, 3], [2, 1])),
    "Split": (
        [
            helper.make_node("Split", ["image", "i0"], ["c", "d"], name="s", axis=2),
            ("Concat", ["d", "c", "d"], "x", {"axis": 2}),
            *END,
        ],
        whole([3, 5]),
    ),
    "Split in parts": (
        [
            helper.make_node("Split", ["image"], ["c", "d", "e"], name="s", axis=3, num_outputs=3),
            ("Concat", ["e", "c"], "x", {"axis": 3}),
            *END,
        ],
        {},
    ),
    "Gather": ([("Gather", ["image", "i0"], "x", {"axis": 3}), *END], whole([0, -1, 3])),
    "Gather one": (
        [("Gather", ["image", "i"], "c", {"axis": 2}), ("ReduceMean", ["c", "i0"], "logits", {"keepdims": 0})],
        {"i": np.int64(-2), **whole([2])},
    ),
    "Pad": (
        [("Pad", ["image", "i0", "value"], "x"), *END],
        {**whole([0, 0, 1, 2, 0, 0, 3, 0]), "value": np.float32(0.5)},
    ),
    "Pad axes": ([("Pad", ["image", "i0", "", "i1"], "x"), *END], whole([1, 2, 3, 4], [3, 2])),
    "Transpose": (
        [
            ("Transpose", ["image"], "c", {"perm": [0, 2, 3, 1]}),
            ("Squeeze", ["one"], "d"),
            ("Mul", ["c", "d"], "e"),
            ("Transpose", ["e"], "x", {"perm": [0, 3, 1, 2]}),
            *END,
        ],
        {"one": weights(1, 1, 3)},
    ),
    "Unsqueeze": ([("Unsqueeze", ["image", "i0"], "c"), ("Squeeze", ["c", "i1"], "x"), *END], whole([1, -1], [1, 5])),
    "shapes": (
        [
            ("Shape", ["image"], "s", {"end": 1}),
            ("Constant", [], "rest", {"value_ints": [3, -1]}),
            ("Concat", ["s", "rest"], "t", {"axis": 0}),
            ("Reshape", ["image", "t"], "r"),
            ("ReduceMean", ["r", "i0"], "logits", {"keepdims": 0}),
        ],
        whole([2]),
    ),
    "Reshape keeps": (
        [("Reshape", ["image", "i0"], "r"), ("ReduceMean", ["r", "i1"], "logits", {"keepdims": 0})],
        whole([0, 0, -1], [2]),
    ),
    "Expand": (
        [("Expand", ["a", "i0"], "c"), ("Add", ["c", "image"], "x"), *END],
        {"a": weights(1, 3, 1, 1), **whole([1, 3, 8, 8])},
    ),
    "LayerNormalization": (
        [("LayerNormalization", ["image", "s", "b"], "x", {"axis": -1, "epsilon": 1e-3}), *END],
        {"s": weights(8), "b": weights(8)},
    ),
    "Gemm": (
        [("Flatten", ["image"], "f"), ("Gemm", ["f", "m", "b"], "logits", {"transB": 1, "alpha": 0.5, "beta": 2.0})],
        {"m": weights(4, 192), "b": weights(4)},
    ),
    "MatMul": ([("Flatten", ["image"], "f"), ("MatMul", ["f", "m"], "logits")], {"m": weights(192, 4)}),
    "Where": (
        [
            ("Range", ["zero", "eight", "one"], "r"),
            ("Cast", ["r"], "f", {"to": TensorProto.FLOAT}),
            ("Equal", ["f", "three"], "e"),
            ("Where", ["e", "image", "f"], "x"),
            *END,
        ],
        {"zero": np.int64(0), "eight": np.int64(8), "one": np.int64(1), "three": np.float32(3)},
    ),
    "ConstantOfShape": (
        [
            ("ConstantOfShape", ["i0"], "c", {"value": helper.make_tensor("v", TensorProto.FLOAT, [1], [2.0])}),
            ("Mul", ["c", "image"], "x"),
            *END,
        ],
        whole([3, 8, 1]),
    ),
}
"""Graphs by what is tried in them; together they hold every operator of the table."""


def graph(name):
    nodes, constants = GRAPHS[name]
    made = [node if isinstance(node, onnx.NodeProto) else named(*node) for node in nodes]
    used = {entry for node in made for entry in node.input}
    known = {"w": W, **constants}
    return classifier(made, {key: value for key, value in known.items() if key in used})


@pytest.mark.parametrize("name", GRAPHS)
def test_it_computes_what_onnxruntime_computes(name):
    proto = graph(name)
    np.testing.assert_allclose(computed(Network(proto, {})), run(proto), rtol=1e-4, atol=1e-5)


def test_every_operator_of_the_table_is_tried():
    tried = {node.op_type for name in GRAPHS for node in graph(name).graph.node}
    assert tried == {*OPERATORS, "Constant"}


@pytest.mark.parametrize(
    ("architecture", "size"),
    [("test_resnet", 32), ("test_vit", 160), pytest.param("mobilenetv3_small_050", 32, marks=pytest.mark.slow)],
)
def test_it_computes_what_timms_networks_give(architecture, size, tmp_path):
    preprocess = Preprocess(size=(size, size), mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bilinear")
    model = torch_model(
        architecture=architecture,
        num_classes=4,
        in_chans=3,
        img_size=None,
        weights=None,
        seed=0,
        weights_label="random",
        preprocess=preprocess,
    )
    images = np.random.default_rng(0).standard_normal((2, 3, size, size)).astype(np.float32)
    file = export_onnx(model, tmp_path / "model.onnx", images)
    made = load(None, Split(), preprocess, 0, merge_train=True, n_outputs=4).split("evaluation")
    proto = onnx.load(fold(file, tmp_path, made))
    wanted = run(proto, images)
    given = computed(Network(proto, {}), images)
    assert np.abs(given - wanted).max() < 1e-4 * np.abs(wanted).max()


LAYERS = [
    ("Conv", ["image", "w1", "b1"], "a", {"pads": [1] * 4}),
    ("Relu", ["a"], "b"),
    ("Conv", ["b", "w2", "b2"], "c", {"group": 4}),
    ("HardSwish", ["c"], "d"),
    ("GlobalAveragePool", ["d"], "e"),
    ("Flatten", ["e"], "f"),
    ("Gemm", ["f", "w3", "b3"], "logits", {"transB": 1}),
]


@pytest.fixture
def quantized(tmp_path):
    """The QDQ graph of a few layers, and the network of it, with the weights as they were before."""
    constants = {
        "w1": weights(8, 3, 3, 3),
        "b1": weights(8),
        "w2": weights(8, 2, 3, 3),
        "b2": weights(8),
        "w3": weights(4, 8),
        "b3": weights(4),
    }
    model, context = given(classifier(LAYERS, constants), tmp_path)
    settings = QuantizeStatic(method="static", bias_correction=False, calibration_images=8)
    proto = onnx.load(quantize_static(model, settings, context).model.path)
    floats = {f"{name}_quantized": torch.from_numpy(value) for name, value in constants.items()}
    return proto, Network(proto, floats)


def test_it_rounds_as_the_quantized_graph_does(quantized):
    proto, network = quantized
    assert sum(node.op_type == "QuantizeLinear" for node in proto.graph.node) >= 4
    np.testing.assert_allclose(computed(network), run(proto), atol=2e-2 * np.abs(run(proto)).max())


def test_weights_biases_and_scales_get_gradients(quantized):
    _, network = quantized
    network(torch.from_numpy(IMAGES)).square().sum().backward()
    plan = network.plan
    assert len(plan.layers) == 3
    for name in (*plan.scales, *(name for layer in plan.layers for name in (layer.weight, layer.bias))):
        gradient = getattr(network, network.attribute_names[name]).grad
        assert gradient is not None, name
        assert torch.isfinite(gradient).all(), name
        assert gradient.abs().max() > 0, name


def test_the_gradients_are_those_of_learned_step_sizes():
    values = torch.tensor([-1.0, 0.26, 0.6, 9.0], requires_grad=True)
    scale = torch.tensor(0.5, requires_grad=True)
    rounded = FakeQuantize.apply(values, scale, torch.tensor(1.0), 0, 7)
    rounded.sum().backward()
    assert rounded.tolist() == [-0.5, 0.5, 0.5, 3.0]
    assert values.grad.tolist() == [0, 1, 1, 0]
    assert scale.grad.item() == pytest.approx(-1 + (1 - 0.52) + (1 - 1.2) + 6)


def test_what_was_learnt_is_what_the_graph_then_computes(quantized):
    proto, network = quantized
    nodes = list(proto.graph.node)
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    before = computed(network)
    for _ in range(5):
        optimizer.zero_grad()
        network(torch.from_numpy(IMAGES)).square().mean().backward()
        optimizer.step()
    write_back(network, proto)
    after = computed(network)
    assert np.abs(after - before).max() > 0.1 * np.abs(before).max()
    np.testing.assert_allclose(run(proto), after, atol=1e-2 * np.abs(after).max())
    assert list(proto.graph.node) == nodes
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    for layer in network.plan.layers:
        product = stored[layer.input_scale] * stored[layer.weight_scale]
        np.testing.assert_allclose(stored[layer.bias_scale], product, rtol=1e-6)
        assert np.abs(stored[layer.weight]).max() <= 127


def test_weights_keep_to_a_reduced_range(quantized):
    proto, _ = quantized
    floats = {tensor.name: torch.full(tuple(tensor.dims), 1e3) for tensor in proto.graph.initializer}
    network = Network(proto, floats, limit=64)
    write_back(network, proto)
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    assert {int(stored[layer.weight].max()) for layer in network.plan.layers} == {64}


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        (unary("Selu"), "'Selu for x' cannot be trained: Selu is not among the operators"),
        ([("Conv", ["image", "w"], "x", {"auto_pad": "SAME_UPPER"}), *END], "'Conv for x'.*it has auto_pad SAME_UPPER"),
        ([("Slice", ["image", "i0", "i1", "i2", "i3"], "x"), *END], "'Slice for x'.*it steps backwards"),
        ([("Pad", ["image", "i4"], "x", {"mode": "reflect"}), *END], "'Pad for x'.*it pads by mode reflect"),
        ([("Split", ["image"], "x", {"axis": 2}), *END], "'Split for x'.*it does not say into how many parts"),
    ],
)
def test_what_it_cannot_compute_is_refused_by_name(nodes, said):
    constants = {"w": W, **whole([7], [0], [2], [-1], [0, 0, 1, 1, 0, 0, 1, 1])}
    with pytest.raises(StepError, match=said) as caught:
        computed(Network(classifier(nodes, constants), {}))
    assert "Use quantize in place of qat" in caught.value.next


def test_integers_that_are_read_as_such_are_refused():
    nodes = [("QuantizeLinear", ["image", "s", "z"], "q"), ("Cast", ["q"], "x", {"to": TensorProto.FLOAT}), *END]
    proto = classifier(nodes, {"s": np.float32(0.1), "z": np.uint8(3)})
    with pytest.raises(StepError, match="its integers are read by other than DequantizeLinear"):
        Network(proto, {})


def test_an_operator_that_torch_does_not_take_as_the_graph_has_it_is_named():
    proto = classifier([("Transpose", ["image"], "t", {"perm": [0, 1, 2]}), ("Flatten", ["t"], "logits")], {})
    proto.graph.node[0].attribute[0].CopyFrom(helper.make_attribute("perm", ["a"]))
    with pytest.raises(StepError, match="the node 'Transpose for t' cannot be trained: torch's Transpose does not"):
        computed(Network(proto, {}))
