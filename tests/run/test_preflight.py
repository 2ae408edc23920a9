"""What is refused before anything is made, because its parts do not go together; what is warned about at the end."""

import numpy as np
import onnx
import pytest
from onnxruntime.transformers.float16 import convert_float_to_float16
from PIL import Image

from engine import data as images
from engine.errors import DataError, SourceError
from engine.models.graph import read_onnx
from engine.results import Note
from engine.run.preflight import check_fit, recovery_warnings, source_warnings
from engine.settings import Recipe
from tests.made import BASE, INT8, made_variant
from tests.models.small import Shape, small_classifier

ONE_OUTPUT = [onnx.helper.make_node("ReduceMean", ["logits"], ["score"], axes=[1], keepdims=1)]


def refuse_or_not(model, tmp_path, data=None, **chains):
    """The check, as the pipeline makes it; returns nothing where the parts fit."""
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    recipe = Recipe.parse({"model": {"kind": "file", "path": str(path)}, "data": data, **chains})
    read = read_onnx(path)
    found = images.load(
        recipe.data,
        recipe.split,
        read.preprocess,
        0,
        merge_train=True,
        n_outputs=read.n_outputs,
        inputs=read.input_specs,
    )
    check_fit(recipe, read, found)


def pets(folder, names=("cat", "dog"), **source):
    """Classes of ten images each."""
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / name / f"{number}.png")
    return {"kind": "images", "path": str(folder), **source}


def thousand_outputs():
    """The five outputs two hundred times."""
    model = small_classifier(extra_nodes=[onnx.helper.make_node("Concat", ["logits"] * 200, ["scores"], axis=1)])
    scores = onnx.helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ("batch", 1000))
    model.graph.output[0].CopyFrom(scores)
    return model


def test_labels_of_classes_need_a_classifier(tmp_path):
    model = small_classifier(opset=17, extra_nodes=ONE_OUTPUT)
    model.graph.output[0].CopyFrom(onnx.helper.make_tensor_value_info("score", onnx.TensorProto.FLOAT, ("batch", 1)))
    refuse_or_not(model, tmp_path)
    with pytest.raises(DataError, match="labels of classes, and the model is read as a regression"):
        refuse_or_not(model, tmp_path, pets(tmp_path / "pets"))


def test_without_labels_any_number_of_outputs_fits(tmp_path):
    refuse_or_not(small_classifier(), tmp_path)
    refuse_or_not(small_classifier(), tmp_path, pets(tmp_path / "pets", labels="none"))


def test_a_budget_for_classes_needs_labels_of_arrays(tmp_path):
    rng = np.random.default_rng(0)
    values = {"image": rng.random((20, 3, 8, 8)), "labels": np.arange(20) % 5}
    np.savez(tmp_path / "labelled.npz", **values)
    np.savez(tmp_path / "bare.npz", image=values["image"])
    budget = {"max_class_drop": 0.1}
    refuse_or_not(
        small_classifier(), tmp_path, {"kind": "arrays", "path": str(tmp_path / "labelled.npz")}, budget=budget
    )
    with pytest.raises(DataError, match=r"budget\.max_class_drop.*the arrays have no labels"):
        refuse_or_not(
            small_classifier(), tmp_path, {"kind": "arrays", "path": str(tmp_path / "bare.npz")}, budget=budget
        )


def test_labels_need_as_many_outputs_or_a_map(tmp_path):
    folder = tmp_path / "pets"
    source = pets(folder)
    with pytest.raises(DataError, match=r"5 outputs and the data 2 classes.*data\.classes"):
        refuse_or_not(small_classifier(), tmp_path, source)
    refuse_or_not(small_classifier(), tmp_path, {**source, "classes": ["dog", "cat"]})
    refuse_or_not(small_classifier(), tmp_path, {**source, "classes": ["hen", "dog", "cow", "cat", "pig"]})


@pytest.mark.parametrize("names", [("n01440764", "n02102040"), ("tench", "English_springer"), ("0", "217")])
def test_a_few_of_imagenets_classes_fit_its_thousand_outputs(names, tmp_path):
    refuse_or_not(thousand_outputs(), tmp_path, pets(tmp_path / "few", names))


def test_a_label_that_is_none_of_imagenets_is_named_in_the_refusal(tmp_path):
    with pytest.raises(DataError, match=r"1,000 outputs and the data 3 classes\. 2 of 3 labels .* 'misc' does not"):
        refuse_or_not(thousand_outputs(), tmp_path, pets(tmp_path / "x", ("tench", "goldfish", "misc")))


def test_a_map_beyond_the_outputs_is_refused(tmp_path):
    classes = ["hen", "dog", "cow", "ape", "pig", "cat"]
    with pytest.raises(DataError, match=r"number 6 of the class names \(data\.classes\), and the model has 5 outputs"):
        refuse_or_not(small_classifier(Shape()), tmp_path, pets(tmp_path / "pets", classes=classes))


PRUNE = {"technique": "prune"}


def told(steps, *, labelled=True):
    """The warnings of a chain whose first step, prune, lost 9 points."""
    recipe = Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "sample"}, "branches": [[], steps]})
    lost = made_variant(BASE, "Baseline").accuracy.model_copy(update={"top1": 0.9})
    cut = made_variant(INT8, "Pruned", labelled=labelled, technique="prune", branch=1, settings=recipe.chains[1][0])
    cut = cut.model_copy(update={"accuracy": lost if labelled else None})
    return [note.text for note in recovery_warnings(recipe, (made_variant(BASE, "Baseline", labelled=labelled), cut))]


def test_a_chain_that_prunes_and_never_trains_is_warned_about_with_what_it_cost():
    (text,) = told([PRUNE, {"technique": "quantize"}])
    assert "Chain 2 prunes and does not train afterwards: top-1 went from 99.0 % to 90.0 %" in text
    (text,) = told([PRUNE], labelled=False)
    assert "97.0 % of the answers are still the baseline's" in text
    assert told([PRUNE, {"technique": "finetune"}, {"technique": "quantize"}]) == []
    assert told([{"technique": "prune", "method": "sparse"}]) == []


FINETUNE, QUANTIZE = {"technique": "finetune"}, {"technique": "quantize"}
SWAP, DISTILL = {"technique": "swap", "architecture": "resnet18"}, {"technique": "distill", "student": "resnet18"}
TEACHER = {"kind": "timm", "name": "resnet50"}
UNTRAINED_CODES = ["random_weights", "new_head"]


def still(code, *chains):
    """What is left of a warning about the model that was loaded: all, of the baseline alone, or nothing."""
    recipe = Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "sample"}, "branches": list(chains)})
    other = Note(code="input_adapted", text="Another warning")
    *found, last = source_warnings(recipe, (Note(code=code, text="Untrained"), other))
    assert last == other
    if not found:
        return "nothing"
    return "all" if found[0].text == "Untrained" else found[0].text.partition("'s")[0]


@pytest.mark.parametrize("code", UNTRAINED_CODES)
@pytest.mark.parametrize(
    ("chains", "left"),
    [
        ([[]], "all"),
        ([[QUANTIZE]], "all"),
        ([[FINETUNE]], "nothing"),
        ([[FINETUNE, QUANTIZE], [FINETUNE]], "nothing"),
        ([[FINETUNE], [QUANTIZE]], "all"),
        ([[FINETUNE, QUANTIZE], [{**FINETUNE, "epochs": 9}]], "The baseline"),
        ([[PRUNE, FINETUNE]], "The baseline"),
        ([[SWAP, QUANTIZE]], "The baseline"),
        ([[{**SWAP, "learn_from": "model"}]], "all"),
        ([[DISTILL]], "all"),
        ([[{**DISTILL, "teacher": {"kind": "baseline"}}]], "all"),
        ([[{**DISTILL, "teacher": TEACHER}], [SWAP]], "The baseline"),
    ],
)
def test_a_warning_of_untrained_weights_goes_once_they_are_trained(code, chains, left):
    """What learns the answers of untrained weights has learnt nothing."""
    assert still(code, *chains) == left


QUANTIZED = [
    onnx.helper.make_node("QuantizeLinear", ["logits", "scale"], ["integers"]),
    onnx.helper.make_node("DequantizeLinear", ["integers", "scale"], ["logits_8"]),
]


def in_8_bits():
    model = small_classifier(opset=17, extra_nodes=QUANTIZED)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(0.1), "scale"))
    model.graph.output[0].name = "logits_8"
    return model


def in_16_bits():
    return convert_float_to_float16(small_classifier(opset=17), keep_io_types=True)


@pytest.mark.parametrize(("make", "state"), [(in_8_bits, "quantized"), (in_16_bits, "in 16-bit floats")])
@pytest.mark.parametrize(
    "step",
    [{"technique": "quantize", "method": "static"}, {"technique": "quantize"}, {"technique": "float16"}],
    ids=str,
)
def test_weights_in_fewer_bits_are_not_made_of_such_and_the_file_can_still_be_simplified(make, state, step, tmp_path):
    with pytest.raises(SourceError, match=f"chain 2, {step['technique']}: the model is {state}"):
        refuse_or_not(make(), tmp_path, branches=[[{"technique": "simplify"}], [step]])
    refuse_or_not(make(), tmp_path, steps=[{"technique": "simplify"}])
    refuse_or_not(small_classifier(), tmp_path, steps=[step])
