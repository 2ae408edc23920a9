"""What can be done with a model: which technique applies, and the reason where one does not."""

import pytest

from engine.errors import SettingsError
from engine.planning.applicability import RULES, applicability, recipe_refusal, step_refusal
from engine.planning.presets import make_presets
from engine.results import ModelTraits
from engine.settings import (
    TECHNIQUES,
    Distill,
    Finetune,
    Float16,
    Qat,
    QuantizeAuto,
    QuantizeDynamic,
    QuantizeWeights,
    Recipe,
    Simplify,
    Swap,
)

NETWORK = ModelTraits(format="timm", architecture="resnet18")
FILE = ModelTraits(format="onnx", weighted_layers=("Conv", "Gemm"))
ALL = {settings.model_fields["technique"].default for settings in TECHNIQUES}


def traits(**changed):
    return FILE.model_copy(update=changed)


def possible(model):
    """Techniques and methods that apply."""
    return {" ".join(filter(None, (row.technique, row.method))) for row in applicability(model) if not row.refusal}


QUANTIZE = {"quantize auto", "quantize static", "quantize dynamic", "quantize weights", "qat"}
STUDENTS = {"distill", "swap"}
TRAINED = {"finetune", "prune channel", "prune sparse"}


@pytest.mark.parametrize(
    ("model", "applying"),
    [
        (NETWORK, QUANTIZE | STUDENTS | TRAINED | {"float16", "simplify"}),
        (NETWORK.model_copy(update={"architecture": "rexnet_100"}),
         QUANTIZE | STUDENTS | TRAINED - {"prune channel"} | {"float16", "simplify"}),
        (FILE, QUANTIZE | STUDENTS | {"float16", "simplify"}),
        (traits(number_format="INT8"), STUDENTS | {"simplify"}),
        (traits(number_format="FP16"), STUDENTS | {"simplify"}),
        (traits(control_flow=("If",)), STUDENTS | {"simplify"}),
        (traits(odd_value=("list", "a sequence")), STUDENTS | {"simplify"}),
        (traits(weighted_layers=()), STUDENTS | {"simplify", "float16"}),
        (traits(weighted_layers=("Conv",)), QUANTIZE - {"quantize dynamic"} | STUDENTS | {"simplify", "float16"}),
        (traits(fixed_batch=1), QUANTIZE - {"qat"} | STUDENTS | {"simplify", "float16"}),
        (traits(input_kind="uint8"), QUANTIZE - {"qat"} | STUDENTS | {"simplify", "float16"}),
        (traits(layout="nhwc"), QUANTIZE - {"qat"} | STUDENTS | {"simplify", "float16"}),
        (traits(weighted_layers=None), QUANTIZE | STUDENTS | {"float16", "simplify"}),
    ],
    ids=["network", "resists", "file", "INT8", "FP16", "If", "sequence", "no weights", "convolutions", "batch", "bytes",
         "channels last", "not looked at"],
)  # fmt: skip
def test_what_applies_to_each_kind_of_model(model, applying):
    assert possible(model) == applying


def test_every_technique_has_an_entry_and_every_refusal_says_what_to_do():
    rows = applicability(traits(number_format="INT8", fixed_batch=2))
    assert len(rows) == len(TECHNIQUES)
    assert {row.technique for row in rows} == ALL
    for refusal in (row.refusal for row in rows if row.refusal):
        assert refusal.message[0].islower()
        assert not refusal.message.endswith(".")
        assert refusal.next[0].isupper()
        assert not refusal.next.endswith(".")


def test_a_file_can_be_the_teacher_of_a_student():
    (row,) = (row for row in applicability(FILE) if row.technique == "distill")
    assert row.needs == ("images", "a student that learns the model's answers")
    assert step_refusal(Distill(), (), FILE).next == "Name a student"
    assert step_refusal(Distill(student="resnet18"), (), FILE) is None


@pytest.mark.parametrize("step", [QuantizeAuto(), Float16(), Qat()], ids=lambda step: step.technique)
def test_after_a_network_of_its_own_the_file_is_no_obstacle(step):
    int8 = traits(number_format="INT8")
    assert step_refusal(step, (), int8) is not None
    assert step_refusal(step, (Simplify(),), int8) is not None
    assert step_refusal(step, (Swap(architecture="resnet18"),), int8) is None


def test_what_simplifying_may_remove_is_looked_at_again_by_the_step():
    branched = traits(control_flow=("If",), has_fixed_path=True)
    refusal = step_refusal(QuantizeAuto(), (), branched)
    assert "control flow (If)" in refusal.message
    assert refusal.next.startswith("Put simplify before it")
    assert step_refusal(QuantizeAuto(), (Simplify(),), branched) is None
    unknown = traits(control_flow=("If",))
    assert step_refusal(QuantizeAuto(), (Simplify(),), unknown).next.startswith("Export it again")


def recipe(*chains, kind="file"):
    model = {"kind": "file", "path": "m.onnx"} if kind == "file" else {"kind": "timm", "name": "resnet18"}
    return Recipe(model=model, branches=chains)


def test_a_recipe_is_refused_with_the_words_of_its_step_and_where_it_stands():
    int8 = traits(number_format="INT8")
    asked = recipe((Simplify(),), (Simplify(), QuantizeWeights(method="weights")))
    refusal, of_step = recipe_refusal(asked, int8), step_refusal(QuantizeWeights(method="weights"), (), int8)
    assert refusal.message == f"chain 2, quantize: {of_step.message}"
    assert refusal.next == of_step.next
    assert recipe_refusal(recipe((Simplify(),)), int8) is None


def test_a_training_step_on_a_file_is_refused_in_the_words_of_the_recipe_itself():
    """Whose validation needs no look into the file."""
    refusal = step_refusal(Finetune(), (), FILE)
    with pytest.raises(SettingsError, match=refusal.message):
        Recipe.parse({"model": {"kind": "file", "path": "m.onnx"}, "data": {"kind": "sample"}, "steps": [Finetune()]})


def test_a_preset_that_does_not_apply_says_why():
    safe, _, _ = make_presets(recipe(()), traits(number_format="INT8"))
    refusal = step_refusal(QuantizeAuto(), (), traits(number_format="INT8"))
    assert (safe.refused.text, safe.next) == (refusal.message, refusal.next)
    assert make_presets(recipe(()), FILE)[0].refused is None
    assert make_presets(recipe(()))[0].refused is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_rule_says_nothing_against_what_it_is_not_for(rule):
    assert rule(Simplify(), traits(number_format="INT8", control_flow=("Loop",), fixed_batch=1)) is None


def test_the_method_of_matrices_needs_one():
    message = step_refusal(QuantizeDynamic(method="dynamic"), (), traits(weighted_layers=("Conv",))).message
    assert message == "dynamic quantization is for MatMul and Gemm with weights, and this model has none"
