"""Sentences on the losses of a variant, made of its figures: the same for pages, command line and reasons."""

from engine.results.measurements import ClassLoss, Comparison, DataSummary, Measure, Verdict
from engine.results.measures import example_noun
from engine.results.report import Report, Variant
from engine.settings import Budget
from engine.wording import many


def selection_text(data: DataSummary, noun: str = "image") -> str:
    """Which examples choose, and in which split they are counted too; sentences, empty where none are known to choose.

    `noun` is as in `certainty_text`.
    """
    if data.n_selection is None:
        return ""
    start = f"Evaluation {noun}s report. Selection {noun}s choose and report nothing: "
    if data.n_selection_given is None:
        return (
            f"{start}the holdout, half the calibration {noun}s and, where these are few, some of the evaluation split."
        )
    n_shared = data.n_selection - data.n_selection_given
    splits = "calibration or holdout" if data.n_holdout else "calibration"
    parts = [
        f"{many(n_shared, noun)} that {splits} counts too" if n_shared else "",
        f"{many(data.n_selection_given, noun)} that evaluation gave and no longer counts"
        if data.n_selection_given
        else "",
    ]
    listing = " and ".join(filter(None, parts)) or "there are none"
    return f"{start}{listing}."


def points(drop: float, digits: int = 1) -> str:
    """An absolute difference of two shares in points: 0.4 points, 1.0 points, and no minus before 0.0."""
    return f"{100 * drop:z.{digits}f} points".replace("-", "−")


def interval_text(low: float, high: float) -> str:
    """The ends of an interval in points: −0.5 and 1.2 points."""
    return f"{points(low).removesuffix(' points')} and {points(high)}"


def limit_text(limit: float) -> str:
    """A budget of a loss as it was asked for: 1 point, 0.5 points."""
    return f"{100 * limit:.10g} point{'' if limit == 0.01 else 's'}"


def certainty_text(verdict: Verdict, budget: Budget, noun: str = "image") -> str:
    """How sure it is that the loss is within its budget, as a clause; empty without such a budget.

    `noun` is what the loss was measured on, as `example_noun` says.
    """
    limit = budget.max_accuracy_drop
    if limit is None or verdict.drop is None:
        return ""
    match verdict.certainty:
        case "surely":
            return f"surely within the budget of {limit_text(limit)}"
        case "probably":
            return f"probably within the budget of {limit_text(limit)}"
        case "cannot_tell":
            return f"and these {noun}s cannot tell whether that is within the budget of {limit_text(limit)}"
    return f"over the budget of {limit_text(limit)}" if verdict.drop > limit else ""


def changes_text(comparison: Comparison, noun: str = "image", measure: Measure = "agreement") -> str:
    """How many answers changed, for the worse and for the better, and what so many images can show; sentences.

    Where an answer is no class, the mean loss of the measure with its interval. `noun` is as in `certainty_text`.
    """
    n_changed, images = comparison.n_changed, many(comparison.n_images, noun)
    if n_changed is None or comparison.n_worse is None or comparison.n_better is None:
        interval = f"between {interval_text(comparison.low, comparison.high)}, 95 %"
        return f"On {images} the mean loss of {measure} is {points(comparison.drop)} ({interval})."
    changed = (
        f"{f'{n_changed:,}' if n_changed else 'None'} of {images} {'have' if n_changed > 1 else 'has'} another answer"
    )
    if comparison.p_value is None or comparison.smallest_drop is None or comparison.n_for_half_a_point is None:
        return f"{changed}."
    turned = f": {comparison.n_worse:,} from right to wrong, {comparison.n_better:,} from wrong to right"
    if n_changed:
        changed += f"{turned} (McNemar's exact test: p {_p_text(comparison.p_value)})"
    shows = f"So many {noun}s show a loss of {points(comparison.smallest_drop)} or more (with 80 % power)"
    return f"{changed}. {shows}; half a point takes {comparison.n_for_half_a_point:,} {noun}s."


def class_text(loss: ClassLoss, report: Report) -> str:
    """Which class loses most, and the corrected interval of the largest loss of any class, as a sentence."""
    classes, noun = report.data.classes if report.data is not None else None, example_noun(report)
    name = f"'{classes[loss.index]}'" if classes is not None else f"number {loss.index + 1}"
    most = f"The class that loses most is {name}: {points(loss.drop)} on its {many(loss.n_images, noun)}"
    largest = f"the largest loss of {many(loss.n_classes, 'class')} is between {interval_text(loss.low, loss.high)}"
    certainty = _class_certainty(loss, report.recipe.budget, noun)
    return f"{most if loss.drop > 0 else 'No class loses'}; {largest} (95 %, corrected for their number){certainty}."


def losses_text(variant: Variant, report: Report) -> str:
    """All that is known of a variant's losses, as sentences; empty where nothing was compared."""
    measure = variant.fidelity.measure if variant.fidelity is not None else "agreement"
    sentences = [
        changes_text(variant.comparison, example_noun(report), measure) if variant.comparison is not None else "",
        class_text(variant.class_loss, report) if variant.class_loss is not None else "",
    ]
    return " ".join(filter(None, sentences))


def leak_text(report: Report) -> str:
    """How many of the examples that report are copies of some that train or calibrate, as a clause; empty for none."""
    data, noun = report.data, example_noun(report)
    if data is None or not data.n_leaked:
        return ""
    images = f"{data.n_leaked:,} of the {many(data.n_evaluation, noun)}"
    return f"{images} also train or calibrate, so the figures may be too good"


def outputs_text(variant: Variant) -> str:
    """How far each output is from the baseline's, where a model has several: boxes 31.2 dB, scores 40.1 dB; else empty.

    An output without a figure does not differ, or is zero throughout.
    """
    outputs = variant.fidelity.outputs if variant.fidelity is not None else ()
    if len(outputs) < 2:
        return ""
    return ", ".join(f"{one.name} {'–' if one.sqnr_db is None else f'{one.sqnr_db:.1f} dB'}" for one in outputs)


def _class_certainty(loss: ClassLoss, budget: Budget, noun: str) -> str:
    limit = budget.max_class_drop
    if limit is None:
        return ""
    if loss.drop > limit:
        return f", over the budget of {limit_text(limit)} for a class"
    if loss.high <= limit:
        return f", surely within the budget of {limit_text(limit)} for a class"
    return f"; these {noun}s cannot tell whether that is within the budget of {limit_text(limit)} for a class"


def _p_text(p: float) -> str:
    """A p-value in two digits, or that it is below 0.001."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"
