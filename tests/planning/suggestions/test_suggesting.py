"""Whatever is suggested can be carried out, is new, and stands where what is known of it puts it."""

import itertools

import pytest

from engine import SettingsError
from engine.planning.suggestions import MAX_SUGGESTIONS, suggest
from engine.results import Accuracy, Failure, Note, Recommendation, Suggestion
from engine.settings import ChainInputs, Recipe, refusals
from tests.made import BASE, made_advice, made_architecture, made_race_report, made_report, made_variant
from tests.planning.suggestions.kept import AVX2, FILE, LABELLED, RACE, SAMPLE, UNLABELLED, VNNI, kept, timm

MODELS = (SAMPLE, FILE, timm("resnet18.a1_in1k"), timm("vit_tiny_patch16_224", "random"), timm("rexnet_100"))
DATA = (LABELLED, UNLABELLED, "null")
CHAINS = (
    "[]",
    RACE,
    "[{technique: quantize, method: static}]",
    "[{technique: simplify}, {technique: quantize}]",
    "[{technique: finetune, epochs: 2}, {technique: quantize}]",
    "[{technique: prune}, {technique: quantize}]",
    "[{technique: prune, ratio: 0.3}, {technique: finetune, epochs: 5}, {technique: quantize}]",
    "[{technique: prune, method: sparse}, {technique: quantize}]",
    "[{technique: distill, student: test_resnet}]",
    "[{technique: swap, architecture: resnet18}]",
    "[{technique: qat}]",
    "[{technique: float16}]",
    "[{technique: simplify}, {technique: qat}]",
)
STATIC = "[{technique: quantize, method: static}]"
GUESSING = made_variant(
    BASE, "Baseline", accuracy=Accuracy(top1=0.12, top5=None, n_images=200, low=0.08, high=0.17, chance=0.1)
)
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
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"race_notes": ("qat_may_help",)},
        {"code": "not_learnt"},
        {"code": "learning_unclear", "variants": (GUESSING,)},
        {"isa": VNNI, "cores": 4},
    ],
    ids=["kept", "qat_may_help", "not_learnt", "learning_unclear", "VNNI"],
)
def test_whatever_is_suggested_can_be_carried_out_and_is_new(how, more):
    seen = set()
    for model, data, steps in RECIPES:
        report = kept(model, data, steps, more, **how)
        found = suggest(report, ADVICE)
        assert len({one.code for one in found}) == len(found) <= MAX_SUGGESTIONS
        for one in found:
            assert one.title
            assert one.text == one.text.strip().rstrip(".")
            seen.add(one.code)
            _check(one, report.recipe)
    usual = {"prune", "distill", "architecture", "quantize"}
    expected = {"not_learnt": {"train"}, "learning_unclear": {"images", *usual}}
    assert seen >= expected.get(how.get("code"), usual)


def _check(one: Suggestion, recipe: Recipe) -> None:
    """Its chain parses into a recipe with the same model and data, which is another than before."""
    changes = {} if one.target is None else {"target": one.target.model_dump()}
    if one.steps is not None:
        assert not any(refusals(one.steps, ChainInputs.of(recipe.model, recipe.data)))
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
    assert codes(kept()) == codes(kept(state="failed")) != []


@pytest.mark.parametrize("state", ["cancelled", "failed"])
def test_a_run_that_ended_before_it_recommended_anything_leads_nowhere(state):
    untimed = made_variant(BASE, "Baseline", latency=None, throughput=None, verdict=None)
    assert codes(kept(state=state, recommended=None, variants=(untimed,))) == []
    assert codes(kept(state=state, recommended=None)) == []


def test_steps_that_never_began_were_not_tried():
    """A chain that failed has no variants and no races of what was to follow."""
    steps = "[{technique: prune, ratio: 0.1}, {technique: finetune}, {technique: quantize}]"
    model, data = timm("resnet18"), LABELLED
    assert "prune" not in codes(kept(model, data, steps, isa=VNNI))
    assert "quantize" not in codes(kept(model, data, steps, isa=VNNI))
    alone = {"variants": (made_variant(BASE, "Baseline"),), "races": ()}
    assert set(codes(kept(model, data, steps, isa=VNNI, **alone))) >= {"prune", "quantize"}
    failure = Failure(branch=0, step=0, technique="prune", code="step", message="it failed", next="leave it out")
    left = codes(kept(model, data, steps, isa=VNNI, failures=(failure,), **alone))
    assert "prune" not in left
    assert "quantize" in left


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


def test_where_it_cannot_be_told_whether_it_has_learnt_more_evaluation_images_come_first():
    unclear = {"code": "learning_unclear", "variants": (GUESSING,)}
    found = suggest(kept(timm("resnet18"), LABELLED, **unclear), ADVICE)
    assert (found[0].code, found[0].title, found[0].steps) == ("images", "Take more evaluation images", None)
    assert found[0].text.startswith(
        "The baseline's top-1 is 12.0 % (8.0 % to 17.0 %) on 200 images, and guessing the commonest class gives 10.0 %"
    )
    assert {one.code for one in found[1:]} >= {"prune", "distill"}
    assert "images" not in codes(kept(**unclear))  # the sample's split is fixed
    assert "images" not in codes(kept(timm("resnet18"), LABELLED, variants=(GUESSING,)))


def test_without_train_images_nothing_that_trains_is_suggested():
    none = ", split: {train: 0.0, calibration: 0.5, evaluation: 0.5}"
    assert codes(kept(timm("resnet18"), LABELLED, more=none)) == ["hardware", "architecture"]
    assert codes(kept(timm("resnet18"), LABELLED, more=none, code="not_learnt")) == []


def test_a_chain_that_would_be_too_long_is_left_out():
    many = f"[{', '.join(['{technique: simplify}'] * 20)}]"
    assert codes(kept(SAMPLE, SAMPLE, many, code="not_learnt")) == []
    fewer = f"[{', '.join(['{technique: simplify}'] * 19)}]"
    assert codes(kept(SAMPLE, SAMPLE, fewer, code="not_learnt")) == ["train"]
