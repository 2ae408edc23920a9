"""Static INT8: its types, its settings, the bias correction, and what it refuses."""

import hashlib
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnxruntime.quantization import QuantType

from engine.errors import StepError
from engine.settings import QuantizeStatic
from engine.techniques.quantize import quantize_static
from engine.techniques.quantize.static import choose_scheme
from tests.drawn_weights import weights
from tests.techniques.given import again, classifier, given, operators, outputs

STATIC = QuantizeStatic(method="static")
CONVOLUTIONS = [
    ("Conv", ["image", "w1", "b1"], "a", {"pads": [1] * 4}),
    ("Relu", ["a"], "b"),
    ("Conv", ["b", "w2", "b2"], "c", {"pads": [1] * 4, "group": 4}),
    ("GlobalAveragePool", ["c"], "d"),
    ("Flatten", ["d"], "e"),
    ("Gemm", ["e", "w3", "b3"], "logits"),
]


def constants():
    return {
        "w1": weights(8, 3, 3, 3),
        "b1": weights(8),
        "w2": weights(8, 2, 3, 3),
        "b2": weights(8),
        "w3": weights(8, 4),
        "b3": weights(4),
    }


def convolutional(**changes):
    return classifier(CONVOLUTIONS, constants() | changes)


@pytest.mark.parametrize(
    ("isa", "activations", "reduce_range", "reason"),
    [
        (("sse4_2", "avx2", "avx512_vnni"), QuantType.QUInt8, False, "has VNNI"),
        (("sse4_2", "avx2", "avx_vnni"), QuantType.QUInt8, False, "has VNNI"),
        (("sse4_2", "avx2", "avx512f"), QuantType.QUInt8, True, "no VNNI"),
        (("asimd", "asimddp"), QuantType.QInt8, False, "no x86"),
    ],
)
def test_the_scheme_follows_the_processor_and_says_why(isa, activations, reduce_range, reason):
    scheme = choose_scheme(STATIC, isa)
    assert (scheme.activations, scheme.reduce_range) == (activations, reduce_range)
    assert reason in scheme.note.text


def test_signed_activations_need_7_bits_where_unsigned_ones_do():
    settings = QuantizeStatic(method="static", activations="signed")
    reduced = {isa: choose_scheme(settings, (isa,)).reduce_range for isa in ("avx2", "avx512_vnni", "asimd")}
    assert reduced == {"avx2": True, "avx512_vnni": False, "asimd": False}


def test_what_the_recipe_sets_wins():
    settings = QuantizeStatic(method="static", activations="signed", reduce_range=True)
    scheme = choose_scheme(settings, ("avx512_vnni",))
    assert (scheme.activations, scheme.reduce_range) == (QuantType.QInt8, True)
    assert scheme.note.text.endswith("7-bit weights: activations and reduce_range as set in the recipe")


@pytest.mark.parametrize("changes", [{"activations": "signed"}, {"reduce_range": False}])
def test_the_processor_is_not_named_as_the_reason_for_what_the_recipe_sets(changes):
    scheme = choose_scheme(QuantizeStatic(method="static", **changes), ("sse4_2", "avx2"))
    assert scheme.note.text.endswith(f": {next(iter(changes))} as set in the recipe")


def quantized_layers(path):
    """Names of the nodes whose first input comes from a DequantizeLinear."""
    proto = onnx.load(path)
    made = {name for node in proto.graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    return {
        node.name for node in proto.graph.node if node.op_type in ("Conv", "Gemm", "MatMul") and node.input[0] in made
    }


def test_all_layers_become_8_bits_and_the_outputs_stay_close(tmp_path):
    model, context = given(convolutional(), tmp_path)
    made = quantize_static(model, STATIC, context).model
    assert quantized_layers(made.path) == {"Conv for a", "Conv for c", "Gemm for logits"}
    error = outputs(made.path) - outputs(model.path)
    assert 0 < np.abs(error).mean() < 0.3 * np.abs(outputs(model.path)).mean()


def test_the_same_again_gives_the_same_bytes(tmp_path):
    model, context = given(convolutional(), tmp_path)
    sums = {
        hashlib.sha256(quantize_static(model, STATIC, again(context, str(n))).model.path.read_bytes()).hexdigest()
        for n in range(2)
    }
    assert len(sums) == 1


@pytest.mark.parametrize(
    ("changes", "quantized"),
    [
        ({"float_first": 2}, {"Gemm for logits"}),
        ({"float_nodes": ("Conv for a",)}, {"Conv for c", "Gemm for logits"}),
        ({"operators": ("Conv",)}, {"Conv for a", "Conv for c"}),
    ],
)
def test_what_stays_in_float_can_be_chosen(changes, quantized, tmp_path):
    model, context = given(convolutional(), tmp_path)
    made = quantize_static(model, STATIC.model_copy(update=changes), context).model
    assert quantized_layers(made.path) == quantized


def test_a_matmul_that_is_fused_into_a_gemm_stays_in_float_by_its_own_name(tmp_path):
    nodes = [
        ("Flatten", ["image"], "a"),
        ("MatMul", ["a", "w1"], "b"),
        ("Add", ["b", "b1"], "c"),
        ("MatMul", ["c", "w2"], "logits"),
    ]
    proto = classifier(nodes, {"w1": weights(192, 6), "b1": weights(6), "w2": weights(6, 4)})
    model, context = given(proto, tmp_path)
    made = quantize_static(model, STATIC.model_copy(update={"float_nodes": ("MatMul for b",)}), context).model
    assert quantized_layers(made.path) == {"MatMul for logits"}
    assert "Gemm" in operators(made.path)


def test_biases_are_corrected_where_it_helps_and_the_note_has_the_figures(tmp_path):
    small = 1e-3 * weights(8, 3, 3, 3)
    small[:, :, 0, 0] = 1.0  # one large value a channel: all others round badly, and inputs are positive
    proto = classifier(
        [
            ("Relu", ["image"], "i"),
            ("Conv", ["i", "w1", "b1"], "a"),
            *CONVOLUTIONS[1:2],
            ("GlobalAveragePool", ["b"], "d"),
            *CONVOLUTIONS[4:],
        ],
        constants() | {"w1": small + np.float32(0.003)},
    )
    model, context = given(proto, tmp_path)
    errors = {}
    for wanted in (True, False):
        outcome = quantize_static(
            model, STATIC.model_copy(update={"bias_correction": wanted}), again(context, str(wanted))
        )
        errors[wanted] = np.abs(outputs(outcome.model.path, 32) - outputs(model.path, 32)).mean()
        codes = [note.code for note in outcome.notes]
        assert ("bias_corrected" in codes) is wanted, outcome.notes
    assert errors[True] < 0.9 * errors[False]


def test_a_correction_that_does_not_help_is_left_out(tmp_path, monkeypatch):
    def spoil(quantized, folded, means):
        for tensor in quantized.graph.initializer:
            if tensor.name == "b3_quantized":
                tensor.CopyFrom(onnx.numpy_helper.from_array(np.full(4, 2**20, np.int32), tensor.name))
        return 1

    model, context = given(convolutional(), tmp_path)
    few = STATIC.model_copy(update={"calibration_images": 16})
    plain = quantize_static(model, few.model_copy(update={"bias_correction": False}), again(context, "plain"))
    monkeypatch.setattr("engine.techniques.quantize.static.correct_biases", spoil)
    outcome = quantize_static(model, few, again(context, "spoilt"))
    assert [note.code for note in outcome.notes][1] == "bias_not_corrected"
    assert sorted(path.name for path in outcome.model.path.parent.iterdir()) == ["model.onnx"]
    assert np.allclose(outputs(outcome.model.path), outputs(plain.model.path), atol=1e-2)


def test_an_old_opset_is_raised_so_that_channels_can_have_scales_of_their_own(tmp_path):
    model, context = given(classifier(CONVOLUTIONS, constants(), opset=11), tmp_path)
    made = quantize_static(model, STATIC, context).model
    scales = [tensor for tensor in onnx.load(made.path).graph.initializer if tensor.name == "w1_scale"]
    assert list(scales[0].dims) == [8]


@pytest.mark.parametrize(
    ("split", "asked", "ranges", "code"),
    [(100, 64, 64, "calibration"), (100, 100, 84, "fewer_calibration_images"), (3, 128, 3, "fewer_calibration_images")],
)
def test_it_says_how_many_images_set_the_ranges(split, asked, ranges, code, tmp_path):
    model, context = given(convolutional(), tmp_path)
    part = context.data.split("calibration")
    n = len(part)
    rows = [row % n for row in range(split)]
    many = replace(
        part,
        ids=tuple(str(row) for row in range(split)),
        hashes=tuple(part.hashes[row] for row in rows),
        read=lambda index: part.read(index % n),
        labels=None,
    )
    data = replace(context.data, parts={**context.data.parts, "calibration": many})
    outcome = quantize_static(
        model, STATIC.model_copy(update={"calibration_images": asked}), replace(context, data=data)
    )
    assert outcome.notes[-1].code == code
    assert outcome.notes[-1].text.startswith(f"{ranges} images of the calibration split set the ranges")
    assert (f"{split - ranges} others judged" in outcome.notes[-1].text) is (ranges == 84)
    assert (f"{asked} were asked for" in outcome.notes[-1].text) is (ranges < asked)


@pytest.mark.parametrize(
    ("changes", "message", "way_out"),
    [
        ({"float_nodes": ("conv9",)}, "no node 'conv9'", "Its layers are Conv for a, Conv for c"),
        ({"operators": ("Conv", "Convv")}, "'Convv' in operators", "Choose among Conv, Flatten, Gemm, GlobalAverage"),
    ],
)
def test_names_that_are_not_there_are_refused_with_those_that_are(changes, message, way_out, tmp_path):
    model, context = given(convolutional(), tmp_path)
    with pytest.raises(StepError) as caught:
        quantize_static(model, STATIC.model_copy(update=changes), context)
    assert message in caught.value.message
    assert way_out in caught.value.next
    assert not list(context.folder.iterdir())
