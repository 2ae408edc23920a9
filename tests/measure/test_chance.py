"""What is said of a model that guesses, and what to try, made from what its recipe did."""

import pytest
import yaml

from engine.measure.chance import judged_race, not_learnt, unlearnt
from engine.results import Accuracy, DataSummary, Note
from engine.settings import Recipe
from tests.made import BASE, WON, made_race_report, made_report, made_variant

LOST = Accuracy(top1=0.1, top5=None, n_images=540, low=0.08, high=0.13, chance=0.12)
"""At chance, surely."""
FEW = Accuracy(top1=0.4, top5=None, n_images=15, low=0.2, high=0.64, chance=0.33)
"""Above it, on so few images that nobody can tell."""
RIGHT = Accuracy(top1=0.9, top5=None, n_images=540, low=0.87, high=0.92, chance=0.12)
MINE = "{kind: images, path: x}"
TIMM = "{kind: timm, name: resnet18, weights: random}"


def told(model="{kind: sample}", steps="[]", data="{kind: sample}", *, right=LOST, trained=None, notes=()):
    """The warnings of a run of one chain; `trained` is what its last step, if it trains, came to."""
    recipe = Recipe.parse(yaml.safe_load(f"{{model: {model}, data: {data}, steps: {steps}}}"))
    chain = recipe.steps
    made = (
        [made_variant("b" * 12, "Trained", settings=chain[-1], step=len(chain) - 1, accuracy=trained, notes=notes)]
        if trained
        else []
    )
    data = DataSummary(n_train=40, n_calibration=1, n_evaluation=540, n_holdout=0, n_skipped=0, classes=None,
                       evaluation_sha256="c" * 64)  # fmt: skip
    base = made_variant(BASE, "Baseline", accuracy=right, notes=notes)
    return not_learnt(made_report(base, *made, recipe=recipe, data=data))


def test_nothing_is_said_of_what_has_learnt_or_was_never_labelled():
    assert told(right=RIGHT) == ()
    assert told(right=None) == ()
    assert told(right=LOST.model_copy(update={"chance": None})) == ()


def test_the_warning_names_the_model_its_top1_and_what_guessing_gives():
    (note,) = told()
    assert note.code == "not_learnt"
    assert note.text.startswith("The baseline has not learnt: its top-1 is 10.0% (8.0% to 13.0%) on 540 images, and "
                                "guessing the commonest class gives 12.0%. Try ")  # fmt: skip


def test_what_is_above_chance_on_too_few_images_is_not_said_to_have_learnt_nothing():
    (note,) = told(data=MINE, right=FEW)
    assert note.text.startswith("Whether the baseline has learnt cannot be told on so few images: its top-1 is 40.0%")
    assert "Try more evaluation images, " in note.text
    assert "has not learnt" not in note.text


DISTILL = "{technique: distill, student: resnet18, student_weights: %s, epochs: 7}"


@pytest.mark.parametrize(
    ("model", "steps", "data", "advice"),
    [
        (TIMM, "[]", MINE, "fine-tuning it as the first step or pretrained weights"),
        (TIMM, "[{technique: quantize}]", MINE, "fine-tuning it as the first step or pretrained weights"),
        (TIMM, "[{technique: swap, architecture: resnet18}]", MINE, "pretrained weights"),
        (TIMM, "[{technique: finetune, epochs: 3}]", MINE,
         "more epochs than 3, a learning rate of your own, pretrained weights or more train images than 40"),
        (TIMM, "[{technique: finetune, learning_rate: 0.5}]", "{kind: sample}",
         "more epochs than 5, another learning rate than 0.5 or pretrained weights"),
        ("{kind: timm, name: resnet18}", "[{technique: finetune}]", MINE,
         "more epochs than 5, a learning rate of your own or more train images than 40"),
        ("{kind: file, path: x.onnx}", "[]", MINE,
         "class names in the order of its outputs or a model that was trained on images like these"),
        ("{kind: sample}", "[]", "{kind: sample}",
         "fine-tuning it as the first step or a model that was trained on images like these"),
    ],
)  # fmt: skip
def test_only_what_applies_to_the_baseline_is_advised(model, steps, data, advice):
    (note,) = told(model, steps, data)
    assert note.text.partition(". Try ")[2] == advice


@pytest.mark.parametrize(
    ("weights", "pretrained"),
    [("random", True), ("pretrained", False)],
)
def test_of_a_new_network_its_own_weights_count(weights, pretrained):
    _, note = told(steps=f"[{DISTILL % weights}]", trained=LOST)
    assert note.text.startswith("'Trained' has not learnt: ")
    assert "more epochs than 7" in note.text
    assert ("pretrained weights" in note.text) is pretrained


@pytest.mark.parametrize(
    ("code", "way"),
    [
        ("training_stopped_by_budget", "Try more minutes than 10 (they cut training short) or "),
        ("training_stopped_early", "Try a learning rate of your own"),
    ],
)
def test_how_training_ended_says_what_more_of_it_needs(code, way):
    _, note = told(
        steps="[{technique: prune}, {technique: finetune}]", trained=LOST, notes=(Note(code=code, text="x"),)
    )
    assert way in note.text


def test_what_no_training_made_gets_no_advice_on_training():
    """A pruned model that guesses has learnt all the same: that training is missing is another warning."""
    assert told(steps="[{technique: prune}]", right=RIGHT, trained=LOST) == ()


def test_a_variant_with_labels_alone_is_told_in_its_own_name():
    assert unlearnt(made_variant(WON, "INT8", accuracy=LOST)).startswith("'INT8' has not learnt: ")


@pytest.mark.parametrize(
    ("right", "words"), [(LOST, "this is no success"), (FEW, "on 15 images its answers cannot be")]
)
def test_a_race_that_a_guesser_won_is_not_called_a_success(right, words):
    report = made_race_report()
    race, winner = report.races[0], report.variant(WON)
    ended = judged_race(race, winner.model_copy(update={"accuracy": right}))
    assert ended.reason.text.startswith(race.reason.text)
    assert (words in ended.reason.text, ended.reason.code) == (True, "not_learnt")
    assert judged_race(race, winner) == race
    stayed = made_race_report(won=False).races[0]
    assert judged_race(stayed, report.baseline.model_copy(update={"accuracy": right})) == stayed
