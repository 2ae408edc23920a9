"""What is said of a loss, from its figures alone."""

import pytest

from engine.results import (
    Verdict,
    certainty_text,
    changes_text,
    class_text,
    interval_text,
    limit_text,
    losses_text,
    points,
)
from engine.settings import Budget
from tests.made import INT8, made_class_loss, made_comparison, made_report

BUDGET = Budget(max_accuracy_drop=0.005)


@pytest.mark.parametrize(
    ("certainty", "text"),
    [
        ("surely", "surely within the budget of 0.5 points"),
        ("probably", "probably within the budget of 0.5 points"),
        ("cannot_tell", "and these images cannot tell whether that is within the budget of 0.5 points"),
    ],
)
def test_nothing_is_just_within_the_budget(certainty, text):
    verdict = Verdict(within_budget=True, faster="yes", codes=(), drop=0.001, certainty=certainty)
    assert certainty_text(verdict, BUDGET) == text
    assert certainty_text(verdict, Budget(max_accuracy_drop=None)) == ""


def test_what_is_over_the_budget_is_said_to_be_so_and_an_old_report_says_nothing():
    over = Verdict(within_budget=False, faster="yes", codes=(), drop=0.006)
    assert certainty_text(over, BUDGET) == "over the budget of 0.5 points"
    assert certainty_text(over.model_copy(update={"drop": 0.001}), BUDGET) == ""


def test_changes_are_counted_both_ways_with_what_so_many_images_show():
    changed = made_comparison(0.01, n=540).model_copy(update={"n_changed": 9, "n_worse": 6, "n_better": 1})
    assert changes_text(changed) == (
        "9 of 540 images have another answer: 6 from right to wrong, 1 from wrong to right (McNemar's exact test: "
        "p = 0.5). So many images show a loss of 1.9 points or more (with 80 % power); half a point takes 3,140 images."
    )
    one = changed.model_copy(update={"n_changed": 1, "p_value": 0.0004})
    assert changes_text(one).startswith("1 of 540 images has another answer: ")
    assert "(McNemar's exact test: p < 0.001)" in changes_text(one)
    none = changed.model_copy(update={"n_changed": 0})
    assert changes_text(none).startswith("None of 540 images has another answer. So many images")
    assert changes_text(made_comparison(0.01, labelled=False)) == "8 of 540 images have another answer."


def test_the_class_that_loses_most_has_its_name_and_the_corrected_interval():
    report = made_report()
    text = class_text(made_class_loss(), report)
    assert text == (
        "The class that loses most is '8': 5.0 points on its 54 images; the largest loss of 10 classes is between −2.0 "
        "and 16.0 points (95 %, corrected for their number)."
    )
    assert class_text(made_class_loss(0.0), report).startswith("No class loses; the largest loss of 10 classes")
    assert losses_text(report.variant(INT8), report).endswith(text)
    assert losses_text(report.baseline, report) == ""


@pytest.mark.parametrize(
    ("limit", "says"),
    [(0.04, "over the budget of 4 points"), (0.2, "surely within the budget of 20 points"), (0.1, "cannot tell")],
)
def test_a_budget_for_a_class_is_said_to_be_met_or_not_or_not_to_be_told(limit, says):
    recipe = made_report().recipe.model_copy(update={"budget": Budget(max_class_drop=limit)})
    text = class_text(made_class_loss(), made_report(recipe=recipe))
    assert says in text
    assert text.endswith("for a class.")


def test_points_are_written_one_way():
    assert (points(0.0123), points(-0.004), points(-0.0001)) == ("1.2 points", "−0.4 points", "0.0 points")
    assert interval_text(-0.005, 0.012) == "−0.5 and 1.2 points"
    assert (limit_text(0.01), limit_text(0.005), limit_text(0.1)) == ("1 point", "0.5 points", "10 points")
