"""A quantized file is compared with its own rounding, computed in float; what differs by more is an error of ours."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from engine.errors import StepError
from engine.results import codes
from engine.search.context import RaceContext
from engine.search.race import race
from engine.settings import QuantizeAuto, QuantizeDynamic, QuantizeStatic, QuantizeWeights
from engine.techniques.quantize import dynamic, fold, quantize_dynamic, quantize_static, quantize_weights, static
from engine.techniques.quantize import weights as weights_module
from engine.techniques.quantize.compare import check_answers, float_answers, measure_deviation
from engine.techniques.quantize.fake_quantized import fake_quantized
from tests.drawn_weights import weights
from tests.made_contexts import made_context
from tests.techniques.given import classifier, given

STATIC = QuantizeStatic(method="static", bias_correction=False)
DYNAMIC = QuantizeDynamic(method="dynamic")
WEIGHTS = QuantizeWeights(method="weights")
METHODS = [(quantize_static, STATIC), (quantize_dynamic, DYNAMIC), (quantize_weights, WEIGHTS)]
X86 = ("sse4_2", "avx2")
NODES = [
    ("Conv", ["image", "w1", "b1"], "a", {"pads": [1] * 4}),
    ("Relu", ["a"], "b"),
    ("Conv", ["b", "w2", "b2"], "c", {"pads": [1] * 4, "strides": [2, 2]}),
    ("Clip", ["c", "low", "high"], "d"),
    ("Flatten", ["d"], "e"),
    ("Gemm", ["e", "w3", "b3"], "f", {"transB": 1}),
    ("Relu", ["f"], "g"),
    ("MatMul", ["g", "w4"], "logits"),
]


def network():
    """Convolutions, a Gemm whose weights are stored transposed, and a MatMul; each with enough weights for blocks."""
    shapes = {"w1": (16, 3, 3, 3), "b1": (16,), "w2": (16, 16, 3, 3), "b2": (16,), "w3": (64, 256), "b3": (64,)}
    constants = {name: weights(*shape) / np.sqrt(np.prod(shape[1:])) for name, shape in shapes.items()}
    constants |= {"w4": weights(64, 32) / 8, "low": np.array(0.0), "high": np.array(6.0)}
    return classifier(NODES, {name: np.float32(value) for name, value in constants.items()}, n_classes=32)


def deviation_of(technique, settings, proto, folder):
    """How far the file is from its own rounding, and the reference that says so."""
    model, context = given(proto, folder)
    made = technique(model, settings, context).onnx
    images = next(context.data.unreported.batches(4))
    folded = fold(model, folder, context.data.unreported)
    reference = fake_quantized(onnx.load(folded), onnx.load(made.path))
    answers = float_answers(folded, images)
    return measure_deviation(reference, made.path, answers, 1), reference


@pytest.mark.parametrize(("technique", "settings"), METHODS, ids=["static", "dynamic", "weights"])
def test_what_onnxruntime_makes_of_a_file_is_what_its_rounding_says(technique, settings, tmp_path):
    deviation, reference = deviation_of(technique, settings, network(), tmp_path)
    assert 0 < deviation.noise < 0.2
    assert deviation.error < 0.05
    assert "Relu" in [node.op_type for node in reference.graph.node]


def test_the_reference_rounds_every_activation_and_weight_of_a_static_file(tmp_path):
    deviation, reference = deviation_of(quantize_static, STATIC, network(), tmp_path)
    names = [node.op_type for node in reference.graph.node]
    assert names.count("QuantizeLinear") == names.count("DequantizeLinear") > 4
    assert deviation.error < deviation.noise


def test_a_dynamic_file_is_rounded_at_the_call_in_its_reference_too(tmp_path):
    deviation, reference = deviation_of(quantize_dynamic, DYNAMIC, network(), tmp_path)
    assert [node.op_type for node in reference.graph.node].count("DynamicQuantizeLinear") == 2
    assert deviation.error < deviation.noise


def stored(proto, ending):
    """The first initializer whose name ends like this."""
    return next(tensor for tensor in proto.graph.initializer if tensor.name.endswith(ending))


def changed(tensor, change):
    values = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(change(values).astype(values.dtype), tensor.name))


def other_bias(proto):
    changed(stored(proto, "b1_quantized"), lambda values: 2 * values)


def other_scale(proto):
    changed(stored(proto, "w2_scale"), lambda values: 2 * values)


def without_relu(proto):
    """As if a quantizer had dropped an activation: the range of its output no longer cuts off what is below 0."""
    zero, scale = stored(proto, "b_zero_point"), stored(proto, "b_scale")
    changed(zero, lambda values: values + np.uint8(128))
    changed(scale, lambda values: 2 * values)


def spoil(monkeypatch, module, spoil_file):
    """Lets a quantizer make a file that is wrong."""
    write = module.write_metadata

    def write_spoilt(proto, *arguments):
        spoil_file(proto)
        write(proto, *arguments)

    monkeypatch.setattr(module, "write_metadata", write_spoilt)


@pytest.mark.parametrize(
    ("spoil_file", "message"),
    [
        (other_bias, "holds other weights than the model for 'b1'"),
        (other_scale, "holds other weights than the model for 'w2'"),
        (without_relu, "does not answer as its own 8-bit values say"),
    ],
    ids=["bias", "scale", "activation"],
)
def test_an_error_of_the_quantizer_is_called_one_and_not_accuracy_lost(spoil_file, message, tmp_path, monkeypatch):
    model, context = given(network(), tmp_path)
    spoil(monkeypatch, static, spoil_file)
    with pytest.raises(StepError) as caught:
        quantize_static(model, STATIC, replace(context, isa=X86))
    assert message in caught.value.message
    assert "not accuracy lost" in caught.value.message
    assert (caught.value.code, bool(caught.value.next)) == (codes.MISCOMPUTED, True)


@pytest.mark.parametrize(
    ("technique", "settings", "module", "ending"),
    [(quantize_dynamic, DYNAMIC, dynamic, "w4_scale"), (quantize_weights, WEIGHTS, weights_module, "w4_scales")],
    ids=["dynamic", "weights"],
)
def test_weights_that_are_stored_with_another_scale_are_found(
    technique, settings, module, ending, tmp_path, monkeypatch
):
    model, context = given(network(), tmp_path)
    spoil(monkeypatch, module, lambda proto: changed(stored(proto, ending), lambda values: 1.5 * values))
    with pytest.raises(StepError, match="holds other weights than the model for 'w4'"):
        technique(model, settings, context)


def test_products_that_overflow_on_this_processor_are_a_note_and_no_error(tmp_path, monkeypatch):
    model, context = given(network(), tmp_path)
    spoil(monkeypatch, static, without_relu)
    settings = STATIC.model_copy(update={"reduce_range": False})
    outcome = quantize_static(model, settings, replace(context, isa=X86))
    (note,) = (note for note in outcome.notes if note.code == codes.SATURATES)
    assert "7-bit weights prevent that" in note.text


def test_what_cannot_be_computed_in_float_is_said_and_no_error(tmp_path):
    model, context = given(network(), tmp_path)
    made = quantize_static(model, STATIC, context).onnx
    answers = float_answers(model.path, next(context.data.unreported.batches(1)))
    folded = onnx.load(fold(model, tmp_path, context.data.unreported))
    folded.graph.node.append(onnx.helper.make_node("Elsewhere", ["image"], ["nothing"], domain="of.nobody"))
    (note,) = check_answers(folded, made.path, answers, 1)
    assert note.code == "not_compared"


def test_a_race_drops_such_a_candidate_with_the_reason_and_goes_on(tmp_path, monkeypatch):
    model, bare = given(network(), tmp_path)
    spoil(monkeypatch, static, other_bias)
    context = made_context(RaceContext, bare.data, bare.folder)
    outcome = race(model, QuantizeAuto(calibration_images=8, mixed_precision=False), context)
    dropped = [note.text for note in outcome.notes if note.code == codes.MISCOMPUTED]
    assert dropped
    assert "was dropped: the quantized file holds other weights" in dropped[0]
    assert not [one for one in outcome.search.candidates if isinstance(one.settings, QuantizeStatic)]
