"""Presets: three chains that fit the model and the data, or the reason why one does not and what to do instead."""

import pytest

from engine import SettingsError, presets, propose_recovery, take_preset
from engine.catalogue.prunable import RESISTS
from engine.planning.applicability import chain_refusal
from engine.planning.presets import make_presets
from engine.results import ModelTraits
from engine.settings import BaselineModel, ChainInputs, Distill, Finetune, PruneChannel, QuantizeAuto, parse_recipe

SAMPLE, FILE = "{kind: sample}", "{kind: file, path: x}"
UNLABELLED = "{kind: images, path: x, labels: none}"
RESNET = "{kind: timm, name: resnet18.a1_in1k}"


def offered(model=SAMPLE, data=SAMPLE, steps="[]"):
    return {found.name: found for found in presets(parse_recipe(f"{{model: {model}, data: {data}, steps: {steps}}}"))}


def techniques(preset):
    return [step.technique for step in preset.steps]


def test_the_sample_has_three_each_with_its_estimate():
    found = offered()
    assert [techniques(preset) for preset in found.values()] == [
        ["quantize"],
        ["prune", "finetune", "quantize"],
        ["distill", "quantize"],
    ]
    assert found["safe"].steps == (QuantizeAuto(),)
    assert found["balanced"].steps[0].ratio == 0.3
    assert all(preset.estimate.seconds > 0 and preset.refused is None for preset in found.values())
    assert found["safe"].estimate.seconds < found["balanced"].estimate.seconds
    assert found["smallest"].steps[0].student_weights == "random"  # which needs no network


def test_the_steps_of_a_preset_are_a_recipe():
    for model, data in ((SAMPLE, SAMPLE), (RESNET, UNLABELLED), (FILE, UNLABELLED)):
        for preset in offered(model, data).values():
            steps = [step.model_dump(mode="json") for step in preset.steps]
            asked = f"{{model: {model}, data: {data}, steps: {steps}}}".replace("None", "null").replace("'", '"')
            if preset.refused is None:
                asked = asked.replace("True", "true").replace("False", "false")
                assert parse_recipe(asked).steps == preset.steps


def test_without_labels_the_pruned_model_recovers_from_the_baseline():
    assert offered(RESNET, UNLABELLED)["balanced"].steps[1] == Distill(teacher=BaselineModel())


def test_an_onnx_file_is_not_pruned_and_smallest_is_the_way():
    found = offered(FILE, UNLABELLED)
    assert found["balanced"].refused.code == "onnx_file"
    assert found["balanced"].refused.text == "Prune channels changes a torch model and cannot change an ONNX file"
    assert "Smallest works" in found["balanced"].next
    assert found["smallest"].refused is found["safe"].refused is None


@pytest.mark.parametrize(("model", "codes"), [
    (SAMPLE, [None, "no_images", "no_images"]), (FILE, [None, "onnx_file", "no_images"]),
])  # fmt: skip
def test_without_images_only_safe_is_left(model, codes):
    found = offered(model, "null").values()
    assert [preset.refused and preset.refused.code for preset in found] == codes
    assert all(preset.refused is None or "Choose images" in preset.next for preset in found)
    assert all((preset.estimate is None) == (preset.refused is not None) for preset in found)


def test_a_model_that_is_small_already_gains_nothing_from_a_student():
    small = offered("{kind: timm, name: mobilenetv3_small_050, weights: random}")["smallest"]
    assert small.refused.code == "small_already"
    assert "1.6 M parameters" in small.refused.text


def test_a_family_that_resists_pruning_is_refused_by_name_with_its_way_out(monkeypatch):
    monkeypatch.setitem(RESISTS, "resnet18", "it is stubborn")
    refused = offered(RESNET)["balanced"]
    assert refused.refused.code == "resists"
    assert "'resnet18.a1_in1k': it is stubborn" in refused.refused.text
    assert refused.next.startswith("Distil it into")


def test_a_fine_tune_that_makes_the_baseline_stays_in_front():
    found = offered(RESNET, SAMPLE, "[{technique: finetune, epochs: 7}, {technique: simplify}]")
    assert all(preset.steps[0] == Finetune(epochs=7) for preset in found.values())
    assert techniques(found["balanced"]) == ["finetune", "prune", "finetune", "quantize"]


def test_recovery_is_proposed_where_nothing_trains_after_the_last_cut():
    cut, train = PruneChannel(), Finetune(epochs=1)
    unlabelled, nothing = ChainInputs(labels=False), ChainInputs(images=False, labels=False)
    assert isinstance(propose_recovery((train, cut, QuantizeAuto()), 1, ChainInputs()), Finetune)
    assert propose_recovery((cut,), 0, unlabelled) == Distill(teacher=BaselineModel())
    for chain, number, given in (
        ((cut, train), 0, ChainInputs()),
        ((train, cut), 0, ChainInputs()),
        ((cut,), 0, nothing),
    ):
        assert propose_recovery(chain, number, given) is None


def test_a_preset_takes_the_place_of_a_recipe_s_steps_or_says_why_not():
    recipe = parse_recipe(f"{{model: {SAMPLE}, data: {SAMPLE}, branches: [[{{technique: simplify}}]]}}")
    taken = take_preset(recipe, "balanced")
    assert (taken.branches, techniques(taken)) == (None, ["prune", "finetune", "quantize"])
    assert taken.data == recipe.data
    with pytest.raises(SettingsError, match=r"the preset balanced is not for this model and data: .*ONNX") as refused:
        take_preset(parse_recipe(f"{{model: {FILE}, data: {UNLABELLED}}}"), "balanced")
    assert "Smallest works" in refused.value.next


FILE_TRAITS = ModelTraits(format="onnx", weighted_layers=("Conv", "Gemm"))


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"task": "segmentation"}, "is for image classifiers, and the model is read as a segmenter"),
        ({"task": "detection"}, "is for image classifiers, and the model is read as a detector"),
        ({"task": "tensors", "takes_images": False}, "is for models of images, and this one takes none"),
    ],
)
@pytest.mark.parametrize("data", ["null", UNLABELLED])
def test_a_file_that_is_no_image_classifier_is_refused_as_in_the_table_and_sent_nowhere_in_vain(
    changed, text, data, tmp_path
):
    (tmp_path / "m.onnx").write_bytes(bytes(4_000))
    model = f"{{kind: file, path: '{tmp_path / 'm.onnx'}'}}"
    traits = FILE_TRAITS.model_copy(update=changed)
    asked = parse_recipe(f"{{model: {model}, data: {data}, steps: []}}")
    safe, *others = make_presets(asked, traits)
    assert safe.refused is None
    for preset in others:
        table = chain_refusal(preset.steps, traits)[1]
        assert (preset.refused.text, preset.next) == (table.message, table.next)
        assert text in preset.refused.text


def test_smallest_is_no_way_out_where_it_is_refused_itself(tmp_path):
    (tmp_path / "m.onnx").write_bytes(bytes(12_000))
    asked = parse_recipe(f"{{model: {{kind: file, path: '{tmp_path / 'm.onnx'}'}}, data: {UNLABELLED}}}")
    _, balanced, smallest = make_presets(asked, FILE_TRAITS)
    assert "3.0 k parameters" in smallest.refused.text
    assert balanced.next == "Choose a timm model"
