"""Models that are no classifiers of images are compared with their own rounding as well, as far as outputs can be."""

from dataclasses import dataclass

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.context import StepContext
from engine.data import load
from engine.errors import StepError
from engine.models.graph import read_onnx
from engine.results import codes
from engine.settings import QuantizeDynamic, QuantizeStatic, QuantizeWeights, Split
from engine.techniques.quantize import quantize_dynamic, quantize_static, quantize_weights, static
from tests.drawn_weights import weights
from tests.made_contexts import made_context
from tests.techniques.given import named, operators
from tests.techniques.quantize.test_compare import other_bias, other_scale, spoil

STATIC = QuantizeStatic(method="static", bias_correction=False)
METHODS = [
    (quantize_static, STATIC, "QuantizeLinear"),
    (quantize_dynamic, QuantizeDynamic(method="dynamic"), "MatMulInteger"),
    (quantize_weights, QuantizeWeights(method="weights"), "MatMulNBits"),
]
CONVS = [
    ("Conv", ["image", "w1", "b1"], "a", {"pads": [1] * 4}),
    ("Relu", ["a"], "b"),
    ("Conv", ["b", "w2", "b2"], "c", {"pads": [1] * 4}),
]


@dataclass(frozen=True)
class Value:
    """An input or an output of a graph."""

    name: str
    shape: tuple
    kind: int = TensorProto.FLOAT

    def info(self):
        return helper.make_tensor_value_info(self.name, self.kind, self.shape)


IMAGE = Value("image", ("batch", 3, 8, 8))


def graph(nodes, constants, inputs, outputs):
    made = helper.make_graph(
        [named(*node) for node in nodes],
        "given",
        [one.info() for one in inputs],
        [one.info() for one in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def text():
    """Ids and a mask to scores and the hidden values before them."""
    nodes = [
        ("Gather", ["table", "ids"], "tokens"),
        ("Unsqueeze", ["mask", "last"], "column"),
        ("Mul", ["tokens", "column"], "masked"),
        ("ReduceMean", ["masked", "tokens_axis"], "mean", {"keepdims": 0}),
        ("MatMul", ["mean", "w1"], "hidden"),
        ("Relu", ["hidden"], "active"),
        ("MatMul", ["active", "w2"], "scores"),
    ]
    table, layers = weights(10, 64), {"w1": weights(64, 64) / 8, "w2": weights(64, 32) / 8}
    constants = {"table": table, **layers, "last": np.array([2]), "tokens_axis": np.array([1])}
    inputs = [Value("ids", ("batch", 6), TensorProto.INT64), Value("mask", ("batch", 6))]
    return graph(nodes, constants, inputs, [Value("scores", ("batch", 32)), Value("hidden", ("batch", 64))])


def convolutions(n_channels):
    shapes = {"w1": (16, 3, 3, 3), "b1": (16,), "w2": (n_channels, 16, 3, 3), "b2": (n_channels,)}
    return {name: weights(*shape) for name, shape in shapes.items()}


def segmenter():
    """The class of every pixel, which is a whole number."""
    nodes = [*CONVS, ("ArgMax", ["c"], "map", {"axis": 1, "keepdims": 0})]
    return graph(nodes, convolutions(5), [IMAGE], [Value("map", ("batch", 8, 8), TensorProto.INT64)])


def detector():
    """The boxes whose score is odd in its second decimal, so that their number changes with every rounding."""
    nodes = [
        *CONVS,
        ("Reshape", ["c", "rows"], "raw"),
        ("Slice", ["raw", "fourth", "fifth", "axis"], "score"),
        ("Mul", ["score", "hundred"], "hundredths"),
        ("Cast", ["hundredths"], "decimals", {"to": TensorProto.INT64}),
        ("Mod", ["decimals", "two"], "odd"),
        ("Cast", ["odd"], "column_chosen", {"to": TensorProto.BOOL}),
        ("Squeeze", ["column_chosen", "axis"], "chosen"),
        ("Compress", ["raw", "chosen"], "best", {"axis": 0}),
        ("Slice", ["best", "zeroth", "fourth", "axis"], "boxes"),
        ("Slice", ["best", "fourth", "fifth", "axis"], "column"),
        ("Squeeze", ["column", "axis"], "scores"),
        ("Cast", ["scores"], "labels", {"to": TensorProto.INT64}),
    ]
    indices = {"rows": [-1, 5], "zeroth": [0], "fourth": [4], "fifth": [5], "axis": [1], "two": [2]}
    outputs = [Value("boxes", ("n", 4)), Value("scores", ("n",)), Value("labels", ("n",), TensorProto.INT64)]
    constants = convolutions(5) | {name: np.array(value) for name, value in indices.items()}
    constants["hundred"] = np.float32(100)
    return graph(nodes, constants, [Value("image", (1, 3, 8, 8))], outputs)


def prepared(proto, folder):
    """The model, and a context with synthetic inputs for it."""
    onnx.save(proto, folder / "given.onnx")
    model = read_onnx(folder / "given.onnx")
    data = load(None, Split(), model.preprocess, 0, merge_train=True, n_outputs=None, inputs=model.inputs)
    (folder / "made").mkdir()
    return model, made_context(StepContext, data, folder / "made")


@pytest.mark.parametrize(("technique", "settings", "operator"), METHODS, ids=["static", "dynamic", "weights"])
def test_a_model_of_several_inputs_and_outputs_is_compared_on_arrays(technique, settings, operator, tmp_path):
    model, context = prepared(text(), tmp_path)
    assert [spec.name for spec in model.inputs] == ["ids", "mask"]
    outcome = technique(model, settings, context)
    assert operator in operators(outcome.onnx.path)
    assert "not_compared" not in [note.code for note in outcome.notes]


def test_an_error_in_such_a_model_is_found(tmp_path, monkeypatch):
    model, context = prepared(text(), tmp_path)
    spoil(monkeypatch, static, other_scale)
    with pytest.raises(StepError) as caught:
        quantize_static(model, STATIC, context)
    assert caught.value.code == codes.MISCOMPUTED


@pytest.mark.parametrize("network", [segmenter, detector])
def test_where_no_output_can_be_compared_a_note_says_so_and_its_weights_are(network, tmp_path, monkeypatch):
    model, context = prepared(network(), tmp_path)
    (note,) = (note for note in quantize_static(model, STATIC, context).notes if note.code == "not_compared")
    assert "cannot be told" in note.text
    spoil(monkeypatch, static, other_bias)
    with pytest.raises(StepError, match="holds other weights than the model for 'b1'"):
        quantize_static(model, STATIC, context)
