"""What is said of a model that may only guess, by its figures alone."""

import pytest

from engine.measure.chance import judged_race, learning_note
from engine.measure.verdict import judge
from engine.settings import Budget
from tests.made import AT_CHANCE, BASE, LEARNT, NEAR_CHANCE, WON, made_race_report, made_variant


@pytest.mark.parametrize("right", [LEARNT, None, AT_CHANCE.model_copy(update={"chance": None})])
def test_nothing_is_said_of_what_has_learnt_or_was_never_labelled(right):
    variant = made_variant(BASE, "Baseline", accuracy=right)
    assert learning_note(variant) is None
    assert not judge(variant, Budget()).reaches_chance


def test_what_has_not_learnt_is_named_with_its_top1_and_what_guessing_gives():
    note = learning_note(made_variant(BASE, "Baseline", accuracy=AT_CHANCE))
    assert note.code == "not_learnt"
    assert note.text == (
        "The baseline has not learnt: its top-1 is 10.0 % (8.0 % to 13.0 %) on 540 images, and "
        "guessing the commonest class gives 12.0 %"
    )


def test_what_is_above_chance_on_too_few_images_is_not_said_to_have_learnt_nothing():
    note = learning_note(made_variant(BASE, "Baseline", accuracy=NEAR_CHANCE))
    assert note.code == "learning_unclear"
    assert note.text.startswith("Whether the baseline has learnt cannot be told on so few images: its top-1 is 40.0 %")


def test_a_variant_is_told_of_in_its_own_name():
    assert learning_note(made_variant(WON, "INT8", accuracy=AT_CHANCE)).text.startswith("'INT8' has not learnt: ")


@pytest.mark.parametrize(
    ("right", "words", "code"),
    [
        (
            AT_CHANCE,
            "; but its answers are no better than guessing the commonest class, which gives 12.0 %",
            "not_learnt",
        ),
        (NEAR_CHANCE, "; but on 15 images its answers cannot be told from guessing", "learning_unclear"),
    ],
)
def test_a_race_that_a_guesser_won_is_not_called_a_success(right, words, code):
    report = made_race_report()
    race, winner = report.races[0], report.variant(WON)
    ended = judged_race(race, winner.model_copy(update={"accuracy": right}))
    assert ended.reason.text.startswith(race.reason.text)
    assert words in ended.reason.text
    assert ended.reason.code == code
    assert judged_race(race, winner) == race
    stayed = made_race_report(won=False).races[0]
    assert judged_race(stayed, report.baseline.model_copy(update={"accuracy": right})) == stayed
