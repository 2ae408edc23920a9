"""What to try where a model may have learnt nothing, in the warning that says so."""

import pytest
import yaml

from engine.results import DataSummary, Note
from engine.run.preflight import unlearnt_warnings
from engine.settings import Recipe
from tests.made import AT_CHANCE, BASE, LEARNT, NEAR_CHANCE, made_report, made_variant

MINE = "{kind: images, path: x}"
TIMM = "{kind: timm, name: resnet18, weights: random}"


def warnings(model="{kind: sample}", steps="[]", data="{kind: sample}", *, right=AT_CHANCE, trained=None, notes=()):
    """The warnings of a run of one chain; `trained` is what its last step, if it trains, came to."""
    recipe = Recipe.parse(yaml.safe_load(f"{{model: {model}, data: {data}, steps: {steps}}}"))
    chain = recipe.steps
    made = (
        [made_variant("b" * 12, "Trained", settings=chain[-1], step=len(chain) - 1, accuracy=trained, notes=notes)]
        if trained
        else []
    )
    data = DataSummary(
        n_train=40,
        n_calibration=1,
        n_evaluation=540,
        n_holdout=0,
        n_skipped=0,
        classes=None,
        evaluation_sha256="c" * 64,
    )
    base = made_variant(BASE, "Baseline", accuracy=right, notes=notes)
    return unlearnt_warnings(made_report(base, *made, recipe=recipe, data=data))


def test_what_has_learnt_needs_nothing():
    assert warnings(right=LEARNT) == ()
    assert warnings(right=None) == ()


@pytest.mark.parametrize("steps", ["[]", "[{technique: finetune}]"])
def test_what_cannot_be_told_needs_more_evaluation_images_and_no_more_training(steps):
    (note,) = warnings(data=MINE, steps=steps, right=NEAR_CHANCE)
    assert note.code == "learning_unclear"
    assert note.text.endswith(". Try more evaluation images")


def test_of_arrays_more_examples_are_needed():
    (note,) = warnings("{kind: file, path: /m.onnx}", data="{kind: arrays, path: /x.npz}", right=NEAR_CHANCE)
    assert note.text.endswith(". Try more evaluation examples")
    (note,) = warnings("{kind: file, path: /m.onnx}", data="{kind: arrays, path: /x.npz}")
    assert note.text.endswith("a model that was trained on examples like these")


def test_of_images_that_cannot_be_more_nothing_is_advised():
    (note,) = warnings(right=NEAR_CHANCE)
    assert note.text.endswith("guessing the commonest class gives 33.0 %")


DISTILL = "{technique: distill, student: resnet18, student_weights: %s, epochs: 7}"


@pytest.mark.parametrize(
    ("model", "steps", "data", "advice"),
    [
        (TIMM, "[]", MINE, "fine-tuning it as the first step or pretrained weights"),
        (TIMM, "[{technique: quantize}]", MINE, "fine-tuning it as the first step or pretrained weights"),
        (TIMM, "[{technique: swap, architecture: resnet18}]", MINE, "pretrained weights"),
        (
            TIMM,
            "[{technique: finetune, epochs: 3}]",
            MINE,
            "more epochs than 3, a learning rate of your own, pretrained weights or more train images than 40",
        ),
        (
            TIMM,
            "[{technique: finetune, learning_rate: 0.5}]",
            "{kind: sample}",
            "more epochs than 5, another learning rate than 0.5 or pretrained weights",
        ),
        (
            "{kind: timm, name: resnet18}",
            "[{technique: finetune}]",
            MINE,
            "more epochs than 5, a learning rate of your own or more train images than 40",
        ),
        (
            "{kind: file, path: x.onnx}",
            "[]",
            MINE,
            "another preprocessing (detect looks for it), class names in the order of its outputs or a model that was "
            "trained on images like these",
        ),
        (
            "{kind: sample}",
            "[]",
            "{kind: sample}",
            "fine-tuning it as the first step or a model that was trained on images like these",
        ),
    ],
)
def test_only_what_applies_to_the_baseline_is_advised(model, steps, data, advice):
    (note,) = warnings(model, steps, data)
    assert note.text.partition(". Try ")[2] == advice


@pytest.mark.parametrize(
    ("weights", "pretrained"),
    [("random", True), ("pretrained", False)],
)
def test_of_a_new_network_its_own_weights_count(weights, pretrained):
    _, note = warnings(steps=f"[{DISTILL % weights}]", trained=AT_CHANCE)
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
    _, note = warnings(
        steps="[{technique: prune}, {technique: finetune}]", trained=AT_CHANCE, notes=(Note(code=code, text="x"),)
    )
    assert way in note.text


def test_what_no_training_made_gets_no_advice_on_training():
    """A pruned model that guesses has learnt all the same: that training is missing is another warning."""
    assert warnings(steps="[{technique: prune}]", right=LEARNT, trained=AT_CHANCE) == ()
