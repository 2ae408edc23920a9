"""What answers no better than guessing: how that is said, and what to try, made from what the recipe did."""

from engine import catalogue
from engine.resolving import new_network
from engine.results import Accuracy, Note, Race, Report, Variant
from engine.settings import RANDOM, FileModel, ImagesData, TimmModel
from engine.settings.training import Training

AT_CHANCE = "no_better_than_chance"
"""The code of a verdict on a variant whose interval of top-1 reaches what guessing the commonest class gives."""
NOT_LEARNT = "not_learnt"
"""The code of a note that says so of a model that should have learnt."""


def at_chance(variant: Variant) -> bool:
    """Whether the variant was judged to answer no better than guessing."""
    return variant.verdict is not None and AT_CHANCE in variant.verdict.codes


def not_learnt(report: Report) -> tuple[Note, ...]:
    """A warning for the baseline and for each variant that training made, where it answers no better than guessing."""
    return tuple(
        Note(code=NOT_LEARNT, text=f"{said}{_advice(report, variant)}")
        for variant in report.main_variants
        if (variant.role == "baseline" or isinstance(variant.settings, Training)) and (said := unlearnt(variant))
    )


def unlearnt(variant: Variant) -> str:
    """That the model has not learnt, or that it cannot be told, with the figures; empty where it surely has."""
    right = variant.accuracy
    if right is None or right.chance is None or not right.no_better_than_chance:
        return ""
    name = "the baseline" if variant.role == "baseline" else f"'{variant.label}'"
    figures = f"its top-1 is {right.top1:.1%} ({right.low:.1%} to {right.high:.1%}) on {right.n_images:,} images"
    guess = f"guessing the commonest class gives {right.chance:.1%}"
    if right.top1 <= right.chance:
        return f"{name[0].upper()}{name[1:]} has not learnt: {figures}, and {guess}"
    return f"Whether {name} has learnt cannot be told on so few images: {figures}, and {guess}"


def judged_race(race: Race, winner: Variant | None) -> Race:
    """The race, whose reason says so where its winner answers no better than guessing."""
    right = winner.accuracy if winner is not None else None
    stayed = race.winner_id == race.parent_id
    if race.reason is None or stayed or right is None or not right.no_better_than_chance:
        return race
    return race.model_copy(
        update={"reason": Note(code=NOT_LEARNT, text=f"{race.reason.text}; but {_no_success(right)}")}
    )


def _no_success(right: Accuracy) -> str:
    guess = f"guessing the commonest class, which gives {right.chance:.1%}"
    if right.chance is not None and right.top1 > right.chance:
        return f"on {right.n_images:,} images its answers cannot be told from {guess}"
    return f"its answers are no better than {guess}: this is no success"


def _advice(report: Report, variant: Variant) -> str:
    """A sentence on what may help, only of what applies; empty where nothing does."""
    *most, last = [*_more_evaluation(report, variant), *_ways(report, variant)] or [""]
    return f". Try {', '.join(most)}{' or ' if most else ''}{last}" if last else ""


def _more_evaluation(report: Report, variant: Variant) -> list[str]:
    right = variant.accuracy
    few = right is not None and right.chance is not None and right.top1 > right.chance
    return ["more evaluation images"] if few and isinstance(report.recipe.data, ImagesData) else []


def _ways(report: Report, variant: Variant) -> list[str]:
    recipe = report.recipe
    chain = recipe.baseline_steps if variant.role == "baseline" else recipe.chains[variant.branch][: variant.step + 1]
    training = next((step for step in reversed(chain) if isinstance(step, Training)), None)
    begins = next((new for step in reversed(chain) if (new := new_network(step))), recipe.model)
    ways = _untrained(report) if training is None else _of_training(report, variant, training)
    entry = catalogue.entry(begins.name) if isinstance(begins, TimmModel) and begins.weights == RANDOM else None
    if entry is not None and entry.pretrained_tags:
        ways.append("pretrained weights")
    if training is not None and isinstance(recipe.data, ImagesData) and report.data is not None:
        ways.append(f"more train images than {report.data.n_train:,}")
    return ways


def _untrained(report: Report) -> list[str]:
    """What a baseline lacks that was measured as it came."""
    recipe = report.recipe
    trained = all(any(isinstance(step, Training) for step in chain) for chain in recipe.chains)
    ways = [] if trained or isinstance(recipe.model, FileModel) else ["fine-tuning it as the first step"]
    if isinstance(recipe.model, TimmModel) and recipe.model.weights == RANDOM:
        return ways
    named = ["class names in the order of its outputs"] if isinstance(recipe.data, ImagesData) else []
    return [*ways, *named, "a model that was trained on images like these"]


def _of_training(report: Report, variant: Variant, training: Training) -> list[str]:
    codes = {note.code for note in variant.notes}
    longer = {
        "training_stopped_by_budget": [f"more minutes than {report.recipe.budget.minutes:g} (they cut training short)"],
        "training_stopped_early": [],
    }
    more = next((longer[code] for code in longer if code in codes), [f"more epochs than {training.epochs}"])
    if training.learning_rate is None:
        return [*more, "a learning rate of your own"]
    return [*more, f"another learning rate than {training.learning_rate:g}"]
