"""What is said of a model that may only guess, by its figures alone."""

import pytest

from engine.measure.chance import broken_note, judged_race, learning_note
from engine.measure.verdict import judge
from engine.results import Accuracy
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


TENTH = {"n_images": 300, "chance": 0.1}
BROKEN = {
    "at chance": ({"top1": 0.1, "low": 0.07, "high": 0.14} | TENTH, "guessing the commonest class gives 10.0 %"),
    "hardly above": ({"top1": 0.13, "low": 0.1, "high": 0.17} | TENTH, "guessing the commonest class gives 10.0 %"),
    "far below its confidence": (
        {"top1": 0.3, "low": 0.25, "high": 0.35, "confidence": 0.91} | TENTH,
        "of its answers it is 91.0 % sure on average",
    ),
}
SOUND = {
    "far above chance": {"top1": 0.6, "low": 0.54, "high": 0.65, "confidence": 0.97} | TENTH,
    "no confidence known": {"top1": 0.3, "low": 0.25, "high": 0.35} | TENTH,
    "few images": {"top1": 0.4, "low": 0.2, "high": 0.64, "n_images": 15, "chance": 0.33},
    "one class alone": {"top1": 1.0, "low": 0.9, "high": 1.0, "n_images": 30, "chance": 1.0},
}


@pytest.mark.parametrize(("figures", "words"), BROKEN.values(), ids=BROKEN)
def test_a_baseline_looks_broken_where_it_guesses_or_is_far_too_sure(figures, words):
    note = broken_note(made_variant(BASE, "Baseline", accuracy=Accuracy(top5=None, **figures)))
    assert note.code == "baseline_looks_broken"
    assert note.text.startswith(f"The baseline looks broken: its top-1 is {100 * figures['top1']:.1f} % (")
    assert note.text.endswith(f"on {figures['n_images']} images, and {words}")


@pytest.mark.parametrize("figures", SOUND.values(), ids=SOUND)
def test_no_other_baseline_looks_broken(figures):
    assert broken_note(made_variant(BASE, "Baseline", accuracy=Accuracy(top5=None, **figures))) is None
    assert broken_note(made_variant(BASE, "Baseline", labelled=False)) is None


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
