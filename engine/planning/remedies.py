"""What to try where a model may have learnt nothing, by the steps of its recipe."""

from engine import catalogue
from engine.planning.resolve import new_network
from engine.results import Report, Variant, codes, example_noun
from engine.settings import RANDOM, FileModel, ImagesData, SampleData, SampleModel, TimmModel
from engine.settings.training import Training


def remedy(report: Report, variant: Variant, code: str) -> str:
    """A sentence on what may help a variant that has a note of this code; empty where nothing applies."""
    remedies = _evaluation_remedies(report) if code == codes.LEARNING_UNCLEAR else _learning_remedies(report, variant)
    if not remedies:
        return ""
    *others, last = remedies
    return f"Try {', '.join(others)}{' or ' if others else ''}{last}"


def _evaluation_remedies(report: Report) -> list[str]:
    """Only more evaluation images, or other examples, show whether the model has learnt."""
    is_own = report.recipe.data is not None and not isinstance(report.recipe.data, SampleData)
    return [f"more evaluation {example_noun(report)}s"] if is_own else []


def _learning_remedies(report: Report, variant: Variant) -> list[str]:
    recipe = report.recipe
    chain = recipe.baseline_steps if variant.role == "baseline" else recipe.chains[variant.branch][: variant.step + 1]
    training = next((step for step in reversed(chain) if isinstance(step, Training)), None)
    start = next((new for step in reversed(chain) if (new := new_network(step))), recipe.model)
    remedies = _untrained_remedies(report) if training is None else _training_remedies(report, variant, training)
    entry = catalogue.entry(start.name) if isinstance(start, TimmModel) and start.weights == RANDOM else None
    if entry is not None and entry.pretrained_tags:
        remedies.append("pretrained weights")
    if training is not None and isinstance(recipe.data, ImagesData) and report.data is not None:
        remedies.append(f"more train images than {report.data.n_train:,}")
    return remedies


def _untrained_remedies(report: Report) -> list[str]:
    """What may help a baseline that no step has trained."""
    recipe = report.recipe
    all_train = all(any(isinstance(step, Training) for step in chain) for chain in recipe.chains)
    remedies = [] if all_train or isinstance(recipe.model, FileModel) else ["fine-tuning it as the first step"]
    if isinstance(recipe.model, TimmModel) and recipe.model.weights == RANDOM:
        return remedies
    has_images = isinstance(recipe.data, ImagesData | SampleData) and not isinstance(recipe.model, SampleModel)
    remedies += ["another preprocessing (detect looks for it)"] if has_images else []
    class_names = ["class names in the order of its outputs"] if isinstance(recipe.data, ImagesData) else []
    return [*remedies, *class_names, f"a model that was trained on {example_noun(report)}s like these"]


def _training_remedies(report: Report, variant: Variant, training: Training) -> list[str]:
    note_codes = {note.code for note in variant.notes}
    by_code = {
        codes.TRAINING_STOPPED_BY_BUDGET: [
            f"more minutes than {report.recipe.budget.minutes:g} (they cut training short)"
        ],
        codes.TRAINING_STOPPED_EARLY: [],
    }
    duration = next((by_code[code] for code in by_code if code in note_codes), [f"more epochs than {training.epochs}"])
    if training.learning_rate is None:
        return [*duration, "a learning rate of your own"]
    return [*duration, f"another learning rate than {training.learning_rate:g}"]
