"""Whatever is suggested can be carried out, is new, and stands where what is known of it puts it."""

import itertools

import pytest

from engine import SettingsError
from engine.results import Note, Recommendation, Suggestion
from engine.settings import Given, Recipe, refusals
from engine.suggesting import MOST, suggest
from tests.made import made_advice, made_architecture, made_race_report, made_report
from tests.suggesting.kept import AVX2, FILE, LABELLED, RACE, SAMPLE, UNLABELLED, VNNI, kept, timm

MODELS = (SAMPLE, FILE, timm("resnet18.a1_in1k"), timm("vit_tiny_patch16_224", "random"), timm("rexnet_100"))
DATA = (LABELLED, UNLABELLED, "null")
CHAINS = (
    "[]", RACE, "[{technique: quantize, method: static}]", "[{technique: simplify}, {technique: quantize}]",
    "[{technique: finetune, epochs: 2}, {technique: quantize}]", "[{technique: prune}, {technique: quantize}]",
    "[{technique: prune, ratio: 0.3}, {technique: finetune, epochs: 5}, {technique: quantize}]",
    "[{technique: prune, method: sparse}, {technique: quantize}]", "[{technique: distill, student: test_resnet}]",
    "[{technique: swap, architecture: resnet18}]", "[{technique: qat}]", "[{technique: float16}]",
    "[{technique: simplify}, {technique: qat}]",
)  # fmt: skip
STATIC = "[{technique: quantize, method: static}]"
ADVICE = made_advice(made_architecture("regnetx_002", 0.3, 0.7), faster=("regnetx_002",))


def recipes():
    """Every recipe of the grid that is one, as the words that make a report."""
    pairs = (*itertools.product(MODELS, DATA), *((model, SAMPLE) for model in MODELS))
    for (model, data), steps in itertools.product(pairs, CHAINS):
        try:
            kept(model, data, steps)
        except SettingsError:
            continue
        yield model, data, steps


RECIPES = tuple(recipes())


def codes(report, advice=None):
    return [one.code for one in suggest(report, advice)]


@pytest.mark.parametrize("more", ["", ", goal: throughput, target: {threads: 1}", ", goal: size"])
@pytest.mark.parametrize("how", [
    {}, {"race_notes": ("qat_may_help",)}, {"code": "not_learnt"}, {"isa": VNNI, "cores": 4},
], ids=["kept", "qat_may_help", "not_learnt", "VNNI"])  # fmt: skip
def test_whatever_is_suggested_can_be_carried_out_and_is_new(how, more):
    seen = set()
    for model, data, steps in RECIPES:
        report = kept(model, data, steps, more, **how)
        found = suggest(report, ADVICE)
        assert len({one.code for one in found}) == len(found) <= MOST
        for one in found:
            assert one.title
            assert one.text == one.text.strip().rstrip(".")
            seen.add(one.code)
            _check(one, report.recipe)
    assert seen >= ({"train"} if how.get("code") else {"prune", "distill", "architecture", "quantize"})


def _check(one: Suggestion, recipe: Recipe) -> None:
    """Its chain parses into a recipe with the same model and data, which is another than before."""
    changes = {} if one.target is None else {"target": one.target.model_dump()}
    if one.steps is not None:
        assert not any(refusals(one.steps, Given.of(recipe.model, recipe.data)))
        assert one.steps not in recipe.chains
        changes["steps"] = [step.model_dump(mode="json") for step in one.steps]
    new = Recipe.parse({**recipe.model_dump(mode="json", exclude={"branches"}), **changes})
    assert (new != recipe) == bool(changes)
    assert Suggestion.model_validate_json(one.model_dump_json()) == one


def test_the_grid_is_not_empty():
    assert len(RECIPES) > 150
    assert {model for model, _, _ in RECIPES} == set(MODELS)
    assert {steps for _, _, steps in RECIPES} == set(CHAINS)


def test_nothing_is_suggested_where_something_better_was_found_or_a_run_goes_on():
    assert codes(made_report()) == []
    assert codes(kept(state="running")) == codes(kept(state="queued")) == []
    assert codes(kept(variants=())) == []
    assert codes(kept()) == codes(kept(state="failed")) == codes(kept(recommended=None)) != []


def test_a_race_that_fp32_has_won_leads_on():
    report = made_race_report(won=False)
    assert codes(report)[:2] == ["prune", "distill"]
    better = Recommendation(id=report.variants[-1].id, reason=Note(code="best_latency", text="it is faster"))
    assert codes(report.model_copy(update={"recommended": better})) == []


def test_what_was_measured_here_comes_first_and_what_nothing_is_known_of_last():
    assert codes(kept()) == ["prune", "distill", "hardware", "architecture"]
    assert codes(kept(), ADVICE) == ["architecture", "prune", "distill", "hardware"]
    unknown = suggest(kept(timm("eva02_tiny_patch14_224"), LABELLED))
    assert [one.basis for one in unknown] == ["published", "unknown", "unknown", "unknown"]
    ranked = [one.basis for one in suggest(kept(timm("resnet18"), LABELLED, STATIC, isa=VNNI), ADVICE)]
    assert ranked == ["measured_here", "measured_here", "measured_elsewhere", "measured_elsewhere"]


def test_at_most_five_are_left_of_more():
    more = ", goal: throughput, target: {threads: 1}"
    found = codes(kept(timm("resnet18"), LABELLED, more=more, race_notes=("qat_may_help",)))
    assert found == ["qat", "prune", "distill", "hardware", "architecture"]
    assert codes(kept(FILE, "null", more=more, isa=AVX2)) == ["architecture", "hardware", "threads"]


def test_what_has_not_learnt_is_trained_before_anything_else():
    assert codes(kept(timm("resnet18", "random"), LABELLED, code="not_learnt")) == ["train"]
    assert codes(kept(FILE, LABELLED, code="not_learnt")) == []


def test_without_train_images_nothing_that_trains_is_suggested():
    none = ", split: {train: 0.0, calibration: 0.5, evaluation: 0.5}"
    assert codes(kept(timm("resnet18"), LABELLED, more=none)) == ["hardware", "architecture"]
    assert codes(kept(timm("resnet18"), LABELLED, more=none, code="not_learnt")) == []


def test_a_chain_that_would_be_too_long_is_left_out():
    many = f"[{', '.join(['{technique: simplify}'] * 20)}]"
    assert codes(kept(SAMPLE, SAMPLE, many, code="not_learnt")) == []
    fewer = f"[{', '.join(['{technique: simplify}'] * 19)}]"
    assert codes(kept(SAMPLE, SAMPLE, fewer, code="not_learnt")) == ["train"]
