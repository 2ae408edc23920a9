"""Nodes that stay in float: the rest is quantized, and a note names them."""

import numpy as np
import pytest

from engine.errors import LimitError, StepError
from engine.measure.quality import sqnr_db
from engine.settings import QuantizeStatic
from engine.techniques.quantize import quantize_static, static
from engine.techniques.quantize.failures import as_step_error
from tests.drawn_weights import weights
from tests.techniques.given import classifier, given, operators, outputs

STATIC = QuantizeStatic(method="static")
HEAD = [("GlobalAveragePool", ["x"], "p"), ("Flatten", ["p"], "f"), ("Gemm", ["f", "w2"], "logits")]
INTS = {"from": np.array([8]), "to": np.array([9]), "axis": np.array([1])}


def upsampled():
    nodes = [
        ("Conv", ["image", "w1"], "a"),
        ("ConvTranspose", ["a", "w"], "b", {"group": 2}),
        ("Relu", ["b"], "x"),
        *HEAD,
    ]
    return classifier(nodes, {"w1": weights(8, 3, 3, 3), "w": weights(8, 4, 2, 2), "w2": weights(8, 4)})


def masked(low):
    """Attention over the 8 rows of an image, each of which sees those above it."""
    nodes = [
        ("MatMul", ["image", "w"], "q"),
        ("Transpose", ["image"], "t", {"perm": [0, 1, 3, 2]}),
        ("MatMul", ["q", "t"], "s"),
        ("Add", ["s", "mask"], "m"),
        ("Softmax", ["m"], "o", {"axis": -1}),
        ("MatMul", ["o", "image"], "x"),
        *HEAD,
    ]
    mask = np.triu(np.full((8, 8), low, np.float32), 1)
    return classifier(nodes, {"w": weights(8, 8), "w2": weights(3, 4), "mask": np.where(np.isnan(mask), 0, mask)})


def sliced():
    nodes = [
        ("Conv", ["image", "w1"], "a"),
        ("Slice", ["a", "from", "to", "axis"], "b"),
        ("Concat", ["b", "a"], "c", {"axis": 1}),
        ("Relu", ["c"], "x"),
        *HEAD,
    ]
    return classifier(nodes, {**INTS, "w1": weights(8, 3, 3, 3), "w2": weights(8, 4)})


@pytest.mark.parametrize(
    ("proto", "named", "operator"),
    [
        (upsampled(), "'ConvTranspose for b' (ConvTranspose)", "Conv"),
        (masked(-np.inf), "'Add for m' (Add)", "MatMul"),
        (masked(np.finfo(np.float32).min), "'Add for m' (Add)", "MatMul"),
        (sliced(), "'Slice for b' (Slice)", "Conv"),
    ],
    ids=["grouped ConvTranspose", "mask of -inf", "mask of the lowest float", "empty slice"],
)
def test_a_node_that_has_no_8_bit_form_stays_in_float_and_is_named(proto, named, operator, tmp_path):
    model, context = given(proto, tmp_path)
    outcome = quantize_static(model, STATIC, context)
    (note,) = (note for note in outcome.notes if note.code == "stays_in_float")
    assert named in note.text
    assert operators(outcome.onnx.path).count("DequantizeLinear") > 2
    assert sqnr_db(outputs(outcome.onnx.path), outputs(model.path)) > 15


@pytest.mark.parametrize(
    "end",
    [
        [("Softmax", ["z"], "logits")],
        [("Sigmoid", ["z"], "logits")],
        [("LogSoftmax", ["z"], "logits")],
        [("Softmax", ["z"], "y"), ("Reshape", ["y", "shape"], "logits")],
    ],
    ids=["softmax", "sigmoid", "log", "reshaped"],
)
def test_a_final_activation_stays_in_float(end, tmp_path):
    nodes = [("Conv", ["image", "w1"], "x"), *HEAD[:2], ("Gemm", ["f", "w2"], "z"), *end]
    constants = {"w1": weights(8, 3, 3, 3), "w2": 3 * weights(8, 4), "shape": np.array([-1, 4])}
    model, context = given(classifier(nodes, constants), tmp_path)
    outcome = quantize_static(model, STATIC, context)
    assert operators(outcome.onnx.path)[-len(end) :] == [node[0] for node in end]


def test_a_softmax_within_the_graph_is_quantized(tmp_path):
    nodes = [("Conv", ["image", "w1"], "a"), ("Softmax", ["a"], "x", {"axis": 1}), *HEAD]
    model, context = given(classifier(nodes, {"w1": weights(8, 3, 3, 3), "w2": weights(8, 4)}), tmp_path)
    outcome = quantize_static(model, STATIC, context)
    names = operators(outcome.onnx.path)
    assert names[names.index("Softmax") + 1] == "QuantizeLinear"
    assert not any(note.code == "stays_in_float" for note in outcome.notes)


@pytest.mark.parametrize(
    "error", [TypeError, IndexError, KeyError, AttributeError, AssertionError, NotImplementedError]
)
def test_whatever_a_quantizer_raises_is_a_failure_of_the_step_in_our_words(error, tmp_path, monkeypatch):
    def quantize_model(self):
        raise error("what happened to 'f'")

    model, context = given(upsampled(), tmp_path)
    monkeypatch.setattr(static.QDQQuantizer, "quantize_model", quantize_model)
    with pytest.raises(StepError, match=r"cannot handle this model at the node 'Flatten for f' \(Flatten\)") as caught:
        quantize_static(model, STATIC, context)
    assert caught.value.next
    assert not list(context.folder.iterdir())


@pytest.mark.parametrize("error", [MemoryError(), OSError(28, "full"), LimitError("the disk is full")])
def test_what_ends_the_whole_run_is_raised_as_it_is(error):
    with pytest.raises(type(error)), as_step_error("quantizing failed"):
        raise error
