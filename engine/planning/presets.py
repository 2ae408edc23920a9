"""Ready-made chains for a recipe's model and data: safe, balanced, smallest."""

from pathlib import Path

from engine import catalogue
from engine.errors import SettingsError
from engine.planning.applicability import chain_refusal, learns_classes
from engine.planning.estimate import Factors, estimate_recipe
from engine.planning.resolve import check_prunable
from engine.results import ModelTraits, Note, Preset, PresetName
from engine.settings import (
    PRETRAINED,
    RANDOM,
    BaselineModel,
    ChainInputs,
    Distill,
    FileModel,
    Finetune,
    PruneChannel,
    QuantizeAuto,
    Recipe,
    SampleModel,
    Step,
    TimmModel,
    refusals,
    title_of,
)
from engine.settings.training import Training
from engine.wording import percent

ONNX_FILE, NO_IMAGES = "onnx_file", "no_images"
"""Codes of refusals that choosing something else mends."""
RATIO = 0.3
STUDENT, SAMPLE_STUDENT = "regnetx_002", "test_resnet"
"""The students for photos and for the digits: small, of plain convolutions, which every later technique accepts."""
MIN_PARAMETER_RATIO = 1.5
"""The model needs this many times the student's parameters; below that a new network gains too little."""
RECOVERY_EPOCHS = 5
RANDOM_STUDENT = {"student_weights": RANDOM, "learning_rate": 2e-3}
"""Settings of a student without pretrained weights: the best of those that were tried on the sample."""


def make_presets(recipe: Recipe, model: ModelTraits | None = None) -> tuple[Preset, ...]:
    """Three chains for the model and the data of a resolved recipe, without estimates; its own steps do not matter.

    A leading fine-tune that makes the baseline also begins the presets. A refused preset has the reason and what to do
    instead. `model` is what is known of the model, None where nobody has looked into it.
    """
    inputs, baseline_steps = ChainInputs.of(recipe.model, recipe.data), recipe.baseline_steps
    rows: tuple[tuple[PresetName, str, str, tuple[Step, ...]], ...] = (
        ("safe", "Safe", "Races the ways to quantize.", ()),
        (
            "balanced",
            "Balanced",
            f"Prunes {percent(RATIO)}, trains, quantizes.",
            (PruneChannel(ratio=RATIO), _recovery(inputs)),
        ),
        ("smallest", "Smallest", f"Distils into {_student(recipe)}, quantizes.", (_distillation(recipe),)),
    )
    safe, balanced, smallest = (
        _preset(recipe, name, title, text, (*baseline_steps, *steps, QuantizeAuto()), inputs, model)
        for name, title, text, steps in rows
    )
    return safe, _with_way_out(balanced, smallest), smallest


def estimate_presets(recipe: Recipe, factors: Factors, model: ModelTraits | None = None) -> tuple[Preset, ...]:
    """The presets, with an estimate where they are not refused; the images are counted for it.

    `factors` are the corrections from earlier runs, `model` what is known of the model.
    """
    return tuple(
        preset.model_copy(update={"estimate": estimate_recipe(_with_steps(recipe, preset.steps), factors)})
        if preset.refused is None
        else preset
        for preset in make_presets(recipe, model)
    )


def take_preset(recipe: Recipe, name: PresetName) -> Recipe:
    """A resolved recipe with a preset's chain in place of its own. Raises SettingsError where the preset is refused."""
    preset = next(one for one in make_presets(recipe) if one.name == name)
    if preset.refused is not None:
        raise SettingsError(f"the preset {name} is not for this model and data: {preset.refused.text}", preset.next)
    return _with_steps(recipe, preset.steps)


def _with_steps(recipe: Recipe, steps: tuple[Step, ...]) -> Recipe:
    return recipe.model_copy(update={"steps": steps, "branches": None})


def _preset(
    recipe: Recipe,
    name: PresetName,
    title: str,
    text: str,
    steps: tuple[Step, ...],
    inputs: ChainInputs,
    model: ModelTraits | None,
) -> Preset:
    refusal, misfit = _refusal(recipe, name, steps, inputs), _misfit(steps, model)
    if refusal is not None and refusal[0].code == ONNX_FILE:
        found = misfit if model is not None and not learns_classes(model) else refusal
    else:  # what holds for any data comes first
        found = misfit or refusal
    note, next = found or (None, "")
    return Preset(name=name, title=title, text=text, steps=steps, refused=note, next=next)


def _refusal(recipe: Recipe, name: PresetName, steps: tuple[Step, ...], inputs: ChainInputs) -> tuple[Note, str] | None:
    """The reason why a preset is refused, and what to do instead; None where it is not."""
    reason = next(filter(None, refusals(steps, inputs, title_of)), "").partition(";")[0]
    if reason and name == "balanced" and not inputs.trainable:
        return Note(code=ONNX_FILE, text=reason), "Choose a timm model"
    if reason and not inputs.images:
        return Note(code=NO_IMAGES, text=reason), "Choose images, with or without labels"
    if reason:
        return Note(code="refused", text=reason), "Build the chain from cards"
    try:
        check_prunable(recipe.model, steps)
    except SettingsError as error:
        return Note(code="resists", text=error.message), error.next
    parameters, student = _parameters(recipe), catalogue.entry(_student(recipe))
    if name == "smallest" and parameters and student and parameters < MIN_PARAMETER_RATIO * student.parameters:
        text = (
            f"the model has {_amount(parameters)} parameters and the student, {student.name}, "
            f"{_amount(student.parameters)}: too little to gain"
        )
        return Note(code="small_already", text=text), "Choose a smaller student on a card of distillation"
    return None


def _with_way_out(balanced: Preset, smallest: Preset) -> Preset:
    """The preset that prunes; where it is refused because of an ONNX file, with Smallest as the way, if that is one."""
    needs_images = smallest.refused is not None and smallest.refused.code == NO_IMAGES
    if balanced.refused is None or balanced.refused.code != ONNX_FILE or not (smallest.refused is None or needs_images):
        return balanced
    alternative = "Choose images, and Smallest works" if needs_images else "Smallest works"
    return balanced.model_copy(update={"next": f"{alternative}: it distils the file's answers into a network to train"})


def _amount(parameters: float) -> str:
    return f"{parameters / 1e6:.1f} M" if parameters >= 1e5 else f"{parameters / 1e3:.1f} k"


def _misfit(steps: tuple[Step, ...], model: ModelTraits | None) -> tuple[Note, str] | None:
    """The reason why a step of a preset cannot be applied to the model, where that is known."""
    found = chain_refusal(steps, model) if model is not None else None
    return (Note(code="not_applicable", text=found[1].message), found[1].next) if found else None


def propose_recovery(chain: tuple[Step, ...], number: int, inputs: ChainInputs) -> Step | None:
    """The training to put after step `number` of a chain, counted from 0, to win back what its pruning costs.

    None where the step removes no channels, where a later step trains already, and where there are no images.
    """
    trains_later = any(isinstance(step, Training) for step in chain[number + 1 :])
    return _recovery(inputs) if chain[number].removes_channels and inputs.images and not trains_later else None


def _recovery(inputs: ChainInputs) -> Step:
    """The training after pruning: on labels, or on the outputs of the unpruned baseline."""
    return Finetune(epochs=RECOVERY_EPOCHS) if inputs.labels else Distill(teacher=BaselineModel())


def _student(recipe: Recipe) -> str:
    return SAMPLE_STUDENT if isinstance(recipe.model, SampleModel) else STUDENT


def _distillation(recipe: Recipe) -> Step:
    """Distillation into the student; its weights are random where the model's are local, so that nothing is loaded."""
    model = recipe.model
    has_local_weights = isinstance(model, SampleModel) or (isinstance(model, TimmModel) and model.weights != PRETRAINED)
    return Distill.parse({"student": _student(recipe), **(RANDOM_STUDENT if has_local_weights else {})})


def _parameters(recipe: Recipe) -> float | None:
    """About how many parameters the model has, without opening it; None where that is unknown."""
    match recipe.model:
        case TimmModel(name=name):
            entry = catalogue.entry(name)
            return entry.parameters if entry else None
        case FileModel(path=path) if path is not None and Path(path).exists():
            return Path(path).stat().st_size / 4
    return None
