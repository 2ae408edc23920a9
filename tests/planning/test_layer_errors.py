"""With which file layers are compared, and the recipe of a run with one more layer in float."""

import pytest

from engine.errors import NotFoundError, RequestError
from engine.planning.layer_errors import recipe_with_float_layer, reference_of
from engine.results import Race
from engine.settings import (
    Finetune,
    Float16,
    PruneChannel,
    Qat,
    QuantizeAuto,
    QuantizeDynamic,
    QuantizeStatic,
    QuantizeWeights,
    Recipe,
    Simplify,
    Swap,
)
from tests.made import BASE, INT8, RECIPE, made_report, made_trial, made_variant
from tests.made_charts import made_layer_errors

PRUNED = "c" * 12
STATIC = QuantizeStatic(method="static")


def variant(settings, **changed):
    return made_variant(INT8, "The variant", **({"settings": settings} | changed))


def report_of(*variants, chain=(STATIC,), **changed):
    recipe = RECIPE.model_copy(update={"steps": tuple(chain)})
    return made_report(made_variant(BASE, "Baseline"), *variants, **({"recipe": recipe} | changed))


@pytest.mark.parametrize("settings", [STATIC, Float16(), Qat(), Simplify(), PruneChannel()])
def test_one_step_is_compared_with_the_baseline(settings):
    assert reference_of(report_of(variant(settings)), INT8).id == BASE


@pytest.mark.parametrize("settings", [PruneChannel(), Swap(architecture="resnet10t")])
def test_what_was_quantized_after_another_step_is_compared_with_that_steps_file(settings):
    first = made_variant(PRUNED, "First", settings=settings)
    second = variant(STATIC, parent_id=PRUNED, step=1)
    assert reference_of(report_of(first, second), INT8).id == PRUNED


def test_another_network_and_the_baselines_own_file_are_refused():
    with pytest.raises(RequestError, match="another network than the baseline"):
        reference_of(report_of(variant(Swap(architecture="resnet10t"))), INT8)
    for id in (BASE, INT8):
        with pytest.raises(RequestError, match="the baseline's own file"):
            reference_of(report_of(variant(STATIC, sha256="a" * 64)), id)
    with pytest.raises(NotFoundError, match="no variant 'nosuch'"):
        reference_of(report_of(), "nosuch")


@pytest.mark.parametrize("settings", [STATIC, QuantizeDynamic(method="dynamic"), QuantizeWeights(method="weights")])
def test_the_layer_joins_those_that_are_in_float_already(settings):
    of = report_of(variant(settings.model_copy(update={"float_nodes": ("one",)})), chain=(settings,))
    recipe = recipe_with_float_layer(of, made_layer_errors(3), "layer2/Conv")
    assert recipe.chains == ((settings.model_copy(update={"float_nodes": ("one", "layer2/Conv")}),),)
    assert Recipe.parse(recipe.model_dump()) == recipe


def test_only_the_variants_own_chain_is_run_again():
    chains = (Finetune(), Simplify(), STATIC), (Finetune(), Float16())
    recipe = Recipe.parse({**RECIPE.model_dump(exclude={"steps", "branches"}), "branches": chains})
    of = report_of(variant(STATIC, step=2), recipe=recipe)
    new = recipe_with_float_layer(of, made_layer_errors(2), "layer1/Conv")
    assert [step.technique for step in new.chains[0]] == ["finetune", "simplify", "quantize"]
    assert len(new.chains) == 1
    assert new.baseline_steps == recipe.baseline_steps


def test_a_fine_tune_that_made_no_baseline_makes_none_in_the_new_run():
    recipe = Recipe.parse(
        {**RECIPE.model_dump(exclude={"steps", "branches"}), "branches": ((Finetune(), STATIC), (Float16(),))}
    )
    new = recipe_with_float_layer(
        report_of(variant(STATIC, step=1), recipe=recipe), made_layer_errors(2), "layer1/Conv"
    )
    assert recipe.baseline_steps == new.baseline_steps == ()


@pytest.mark.parametrize("simplified", [True, False])
def test_what_won_a_race_is_named_with_its_settings_after_the_races_simplification(simplified):
    candidate = made_variant("d" * 12, "Simplified FP32", settings=Simplify(), role="candidate")
    trials = {candidate.id: made_trial("Simplified FP32", "built", "started", "")} if simplified else {}
    race = Race(branch=0, step=0, parent_id=BASE, trials=trials, winner_id=INT8)
    of = report_of(variant(STATIC), candidate, chain=(QuantizeAuto(),), races=(race,))
    steps = recipe_with_float_layer(of, made_layer_errors(2), "layer1/Conv").chains[0]
    assert [step.technique for step in steps] == [*(["simplify"] if simplified else []), "quantize"]
    assert steps[-1].float_nodes == ("layer1/Conv",)


def test_what_cannot_be_kept_in_float_is_refused_by_name():
    errors = made_layer_errors(3)
    for settings, layer, message in (
        (Qat(), "layer1/Conv", "its step has no such setting"),
        (STATIC, "nosuch", "has no layer 'nosuch'"),
        (STATIC, "layer0/Conv", "is in float already"),
    ):
        with pytest.raises(RequestError, match=message):
            recipe_with_float_layer(report_of(variant(settings)), errors, layer)
