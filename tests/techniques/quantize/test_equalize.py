"""Cross-layer equalization: which layers it takes, that the function stays, and what a static file gains."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from engine.measure.quality import sqnr_db
from engine.settings import QuantizeStatic
from engine.techniques.quantize import quantize_static
from engine.techniques.quantize.equalize import equalizable, equalize
from tests.drawn_weights import weights
from tests.techniques.given import again, given, outputs
from tests.techniques.uneven import uneven_graph

STATIC = QuantizeStatic(method="static", per_channel=False, bias_correction=False)


@pytest.mark.parametrize(
    ("changes", "n_pairs"),
    [
        ({}, 1),
        ({"between": ()}, 1),
        ({"between": ("LeakyRelu",)}, 1),
        ({"second": (8, 1, 3, 3), "group": 8}, 1),
        ({"second": (16, 1, 3, 3), "group": 8}, 0),  # two outputs a channel
        ({"second": (8, 2, 3, 3), "group": 4}, 0),
        ({"between": ("Sigmoid",)}, 0),
        ({"between": ("Clip",)}, 0),
        ({"between": ("Relu", "Relu")}, 0),
        ({"more": [("Identity", ["v1"], "also")]}, 0),
        ({"more": [("Identity", ["v0"], "also")]}, 0),
        ({"more": [("Identity", ["w1"], "also")]}, 0),
        ({"more": [("Identity", ["b1"], "also")]}, 0),
    ],
)
def test_only_layers_that_a_factor_goes_through_to_are_equalized(changes, n_pairs):
    proto = uneven_graph(**changes)
    assert len(equalizable(proto)) == n_pairs
    before = proto.SerializeToString()
    assert equalize(proto) == n_pairs
    assert (proto.SerializeToString() == before) == (n_pairs == 0)


def test_what_is_an_output_of_the_graph_stays():
    proto = uneven_graph()
    proto.graph.output.append(onnx.ValueInfoProto(name="v1"))
    assert equalizable(proto) == ()


@pytest.mark.parametrize("changes", [{}, {"between": ("LeakyRelu",)}, {"second": (8, 1, 3, 3), "group": 8}])
def test_the_function_stays_and_both_layers_have_the_same_range_in_each_channel(changes, tmp_path):
    proto = uneven_graph(**changes)
    onnx.save(proto, tmp_path / "before.onnx")
    equalize(proto)
    onnx.checker.check_model(proto, full_check=True)
    onnx.save(proto, tmp_path / "after.onnx")
    before, after = outputs(tmp_path / "before.onnx"), outputs(tmp_path / "after.onnx")
    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-4 * np.abs(before).max())
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    axis = 0 if changes.get("group") else 1
    left = np.abs(values["w1"]).max(axis=(1, 2, 3))
    right = np.abs(values["w2"]).max(axis=tuple({0, 1, 2, 3} - {axis}))
    np.testing.assert_allclose(left, right, rtol=1e-5)


def test_channels_that_hardly_have_weights_keep_them():
    """Else the bias of such a channel would set the range of all."""
    bare = np.array([1, 1, 1, 1, 1, 1, 1e-9, 0], np.float32).reshape(-1, 1, 1, 1)
    proto = uneven_graph(w1=weights(8, 3, 3, 3) * bare, b1=np.ones(8, np.float32), w2=weights(8, 8, 3, 3))
    equalize(proto)
    bias = next(numpy_helper.to_array(one) for one in proto.graph.initializer if one.name == "b1")
    assert bias[6:].tolist() == [1, 1]
    assert (bias[:6] != 1).all()


def test_a_static_file_of_unequal_channels_comes_closer_and_says_what_was_done(tmp_path):
    model, context = given(uneven_graph(), tmp_path / "given")
    plain = quantize_static(model, STATIC, context).onnx.path
    outcome = quantize_static(
        model, STATIC.model_copy(update={"cross_layer_equalization": True}), again(context, "equalized")
    )
    expected = outputs(model.path)
    assert sqnr_db(outputs(outcome.onnx.path), expected) > sqnr_db(outputs(plain), expected) + 6
    (note,) = [one for one in outcome.notes if one.code == "channels_equalized"]
    assert note.text == "The channels of 1 pair of layers were given like ranges, at the same function"


def test_where_there_is_nothing_to_equalize_the_file_is_as_without_and_says_so(tmp_path):
    model, context = given(uneven_graph(("Sigmoid",)), tmp_path / "given")
    plain = quantize_static(model, STATIC, context).onnx.path
    outcome = quantize_static(
        model, STATIC.model_copy(update={"cross_layer_equalization": True}), again(context, "equalized")
    )
    assert outcome.onnx.path.read_bytes() == plain.read_bytes()
    assert "nothing_to_equalize" in [note.code for note in outcome.notes]
