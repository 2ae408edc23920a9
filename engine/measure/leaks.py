"""Whether a choice still holds where images that report also train or calibrate: it may not rest on these."""

from engine.measure.statistics import wilson
from engine.results import Accuracy, Comparison, Note, Report, Variant, codes, example_noun
from engine.settings import Budget, ImagesData
from engine.wording import many


def leak_note(chosen: Variant, report: Report) -> Note | None:
    """What speaks against the chosen variant, where its choice would rest on leaked images; None where it does not.

    It does not where the variant keeps the budget, and is better than guessing, whatever the answers on these images.
    """
    n_leaked = report.data.n_leaked if report.data is not None else 0
    if not n_leaked or _holds_without(chosen, n_leaked, report.recipe.budget):
        return None
    noun = example_noun(report)
    n_images = chosen.comparison.n_images if chosen.comparison is not None else n_leaked
    advice = "take the copies out" if not isinstance(report.recipe.data, ImagesData) else "leave the copies out"
    text = (
        f"{n_leaked:,} of the {many(n_images, noun)} that report are copies of {noun}s for "
        f"training or calibration, and what {chosen.label} loses on the others may be over the budget. "
        f"Under Data {advice}, and run again"
    )
    return Note(code=codes.DUPLICATE_IMAGES, text=text)


def _holds_without(variant: Variant, n_leaked: int, budget: Budget) -> bool:
    """Whether the variant keeps the budget and is better than guessing on the images that did not leak, surely.

    Nothing is known of single classes there, so that a budget for a class is not kept.
    """
    if variant.accuracy is not None and not _better_than_chance(variant.accuracy, n_leaked):
        return False
    if budget.max_class_drop is not None and variant.class_loss is not None:
        return False
    if budget.max_accuracy_drop is None or variant.comparison is None:
        return True
    drop = largest_drop(variant.comparison, n_leaked)
    return drop is not None and drop <= budget.max_accuracy_drop


def largest_drop(comparison: Comparison, n_leaked: int) -> float | None:
    """The largest loss that the images that did not leak can have, given the loss of all; None where all leaked.

    It is that where every leaked image is among those that only the variant has right, as far as there are such. Where
    an answer is no class, it is that where the leaked ones lose nothing.
    """
    n = comparison.n_images - n_leaked
    if n <= 0:
        return None
    if comparison.n_worse is None or comparison.n_better is None:
        return comparison.drop * comparison.n_images / n
    return (comparison.n_worse - max(comparison.n_better - n_leaked, 0)) / n


def _better_than_chance(accuracy: Accuracy, n_leaked: int) -> bool:
    """Whether that is sure of the images that did not leak, where the leaked ones were all right; True if unknown."""
    n = accuracy.n_images - n_leaked
    if accuracy.chance is None:
        return True
    if n <= 0:
        return False
    n_right = max(round(accuracy.top1 * accuracy.n_images) - n_leaked, 0)
    return wilson(n_right, n)[0] > min(accuracy.chance * accuracy.n_images / n, 1.0)
