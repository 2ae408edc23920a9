"""No recommendation rests on images that also train or calibrate."""

import pytest

from engine.measure.leaks import largest_drop
from engine.measure.recommendation import recommend
from engine.planning.suggestions import suggest
from engine.results import Accuracy, Recommendation, Report, codes
from engine.settings import ImagesData, Recipe
from tests.made import BASE, made_class_loss, made_comparison, made_report, made_selection, made_variant


def report(n_leaked: int, *, budget: dict[str, object] | None = None, **changed: object) -> Report:
    """540 images report, of which the variant has 6 wrong that the baseline has right, and 2 the other way round."""
    comparison = made_comparison(4 / 540).model_copy(update={"n_images": 540, "n_worse": 6, "n_better": 2})
    variant = made_variant(
        "b" * 12, "Static INT8", **({"comparison": comparison, "selection": made_selection(0.0)} | changed)
    )
    recipe = Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "sample"}, "budget": budget or {}})
    whole = made_report(made_variant(BASE, "Baseline"), variant, recipe=recipe, recommended=None)
    return whole.model_copy(update={"data": whole.data.model_copy(update={"n_leaked": n_leaked})})


@pytest.mark.parametrize(
    ("n_leaked", "budget", "changed", "stands"),
    [
        (0, {}, {}, True),
        (1, {"max_accuracy_drop": 0.01}, {}, True),  # at worst (6 - 1) / 539
        (2, {"max_accuracy_drop": 0.01}, {}, False),  # at worst 6 / 538
        (540, {"max_accuracy_drop": 0.01}, {}, False),
        (100, {"max_accuracy_drop": 0.02}, {}, True),
        (2, {"max_accuracy_drop": None}, {}, True),
        (2, {"max_accuracy_drop": 0.02, "max_class_drop": 0.5}, {"class_loss": made_class_loss(0.0)}, False),
        (400, {"max_accuracy_drop": None}, {}, True),
        (530, {"max_accuracy_drop": None}, {}, False),  # all of the others may be wrong
    ],
)
def test_a_recommendation_stands_where_it_does_not_rest_on_them(n_leaked, budget, changed, stands):
    accuracy = Accuracy(top1=0.98, top5=None, n_images=540, low=0.96, high=0.99, chance=0.1)
    best = recommend(report(n_leaked, budget=budget, accuracy=accuracy, **changed))
    assert best.id == ("b" * 12 if stands else BASE)
    if not stands:
        assert best.reason.code == codes.DUPLICATE_IMAGES
        assert f"{n_leaked} of the 540 images that report are copies" in best.reason.text


def test_the_largest_loss_of_the_others():
    loss = made_comparison(0.0).model_copy(update={"n_images": 100, "n_worse": 5, "n_better": 3})
    assert largest_drop(loss, 2) == (5 - 1) / 98
    assert largest_drop(loss, 10) == 5 / 90
    assert largest_drop(loss, 100) is None
    mean = loss.model_copy(update={"n_worse": None, "n_better": None, "drop": 0.02})
    assert largest_drop(mean, 50) == pytest.approx(0.04)


def test_leaving_them_out_is_suggested_where_some_are_left():
    def suggested(n_leaked: int, data: ImagesData | None) -> list[str]:
        kept = report(n_leaked, budget={"max_accuracy_drop": 0.01})
        if data is not None:
            kept = kept.model_copy(update={"recipe": kept.recipe.model_copy(update={"data": data})})
        best = recommend(kept)
        return [one.code for one in suggest(kept.model_copy(update={"recommended": Recommendation(**dict(best))}))]

    images = ImagesData(path="/images")
    assert "copies" in suggested(36, images)
    assert "copies" not in suggested(540, images)
    assert "copies" not in suggested(36, None)
