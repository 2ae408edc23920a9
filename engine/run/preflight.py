"""Whether model, data, target and steps go together, before a run makes anything; and warnings after it."""

from collections.abc import Collection

from engine.context import Model
from engine.data import Data
from engine.errors import DataError, SourceError, TargetError
from engine.measure.chance import broken_note, learning_note
from engine.models.artifacts import OnnxModel
from engine.models.traits import traits_of
from engine.planning.applicability import recipe_refusal
from engine.planning.compatibility import batch_misfit, head_misfit, maps_labels, unlabelled_task
from engine.planning.remedies import remedy
from engine.results import Note, Report, Variant, codes
from engine.settings import Recipe, Target
from engine.settings.training import Training
from engine.tasks import TASKS
from engine.wording import percent

_SAYS_NOTHING = "its accuracy, and agreement with it, say nothing; size and latency are as valid as ever"
UNTRAINED = {
    codes.RANDOM_WEIGHTS: f"The baseline's weights are random: {_SAYS_NOTHING}",
    codes.NEW_HEAD: f"The baseline's head is new and untrained: {_SAYS_NOTHING}",
}
"""Texts of the warnings on untrained weights, by code, where the baseline alone has such weights."""


def check_fit(recipe: Recipe, model: Model, data: Data) -> None:
    """Raises TargetError where the file's batch size is fixed to another, SourceError where a step cannot be applied,
    and DataError where the budget is for classes and the data has no labels.

    Where no leading fine-tune brings a new head, DataError where its head does not fit the classes of the data, or
    where there are labels of classes and the model is asked for something else.
    """
    if recipe.budget.max_class_drop is not None and not data.labelled:
        raise DataError(
            "the budget limits what a class may lose (budget.max_class_drop), and the arrays have no labels",
            "Save them with an array of labels, or leave the limit empty",
        )
    check_batch(model, recipe.target)
    _check_steps(recipe, model)
    if recipe.baseline_steps:
        return
    if not TASKS[model.task].classes:
        if data.labelled:
            refusal = unlabelled_task(model.task)
            raise DataError(refusal.message, refusal.next)
        return
    if data.head_fits(model.n_outputs) or (maps_labels(recipe) and not recipe.trains):
        return
    n_classes, trainable = len(data.classes or ()), not isinstance(model, OnnxModel)
    head = head_misfit(model.n_outputs, n_classes, data.warnings, trainable=trainable)
    raise DataError(head.message, head.next)


def check_batch(model: Model, target: Target) -> None:
    """Raises TargetError where the file's batch size is fixed to another than the target's."""
    misfit = batch_misfit(model.batch, target.batch_size) if isinstance(model, OnnxModel) else None
    if misfit is not None:
        raise TargetError(misfit.message, misfit.next)


def _check_steps(recipe: Recipe, model: Model) -> None:
    refusal = recipe_refusal(recipe, traits_of(model))
    if refusal is not None:
        raise SourceError(refusal.message, refusal.next)


def source_warnings(recipe: Recipe, warnings: tuple[Note, ...]) -> tuple[Note, ...]:
    """The warnings of the loaded model that hold for this recipe.

    Warnings on untrained weights are left out where a leading fine-tune trains them, and are on the baseline alone
    where every chain trains them.
    """
    if recipe.baseline_steps:
        return tuple(note for note in warnings if note.code not in UNTRAINED)
    if not all(any(step.learns_task for step in chain) for chain in recipe.chains):
        return warnings
    return tuple(Note(code=note.code, text=UNTRAINED.get(note.code, note.text)) for note in warnings)


def recovery_warnings(recipe: Recipe, variants: Collection[Variant]) -> tuple[Note, ...]:
    """A warning for each chain that cuts channels and does not train afterwards, with what its last cut lost."""
    warnings = []
    for number, chain in enumerate(recipe.chains, start=1):
        cuts = [position for position, step in enumerate(chain) if step.removes_channels]
        if not cuts or any(isinstance(step, Training) for step in chain[cuts[-1] :]):
            continue
        cut_variants = [
            one
            for one in variants
            if one.same_file_as is None
            and one.technique == chain[cuts[-1]].technique
            and one.step == cuts[-1]
            and recipe.chains[one.branch][: one.step + 1] == chain[: one.step + 1]
        ]
        warnings += [_recovery_warning(number, one, variants) for one in cut_variants]
    return tuple(warnings)


def unlearnt_warnings(report: Report) -> tuple[Note, ...]:
    """A warning with advice for the baseline and each trained variant whose accuracy is no better than chance.

    Also for a baseline that is right far less often than it is sure.
    """
    warnings = []
    for variant in report.main_variants:
        is_baseline = variant.role == "baseline"
        warning = (broken_note(variant) if is_baseline else None) or learning_note(variant)
        is_trained = isinstance(variant.settings, Training) and variant.same_file_as is None
        if warning is None or not (is_baseline or is_trained):
            continue
        text = ". ".join(filter(None, (warning.text, remedy(report, variant, warning.code))))
        warnings.append(Note(code=warning.code, text=text))
    return tuple(warnings)


def _recovery_warning(number: int, cut: Variant, variants: Collection[Variant]) -> Note:
    parent = next(one for one in variants if one.id == cut.parent_id)
    if cut.accuracy is not None and parent.accuracy is not None:
        effect = f"top-1 went from {percent(parent.accuracy.top1, 1)} to {percent(cut.accuracy.top1, 1)}"
    elif cut.fidelity is not None:
        effect = f"{percent(cut.fidelity.similarity, 1)} of the answers are still the baseline's"
    else:
        effect = "what it has cost could not be seen"
    return Note(
        code="pruned_without_recovery",
        text=f"Chain {number} prunes and does not train afterwards: {effect}; fine-tune or distil after it to recover",
    )
