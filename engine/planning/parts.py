"""The parts of a run in order, each with its phases; progress and the timeline are made of them."""

from dataclasses import dataclass

from engine.settings import FileModel, Recipe, Step, Target

START, BASELINE, ALL_VARIANTS = "start", "baseline", "all variants"
"""The parts beside the steps of the chains, as events name them."""
STARTING, IMAGES, EXPORT, ACCURACY = "starting", "images", "export", "accuracy"
COLD_START, LATENCY = "cold start", "latency"
"""The phases beside the techniques, as events and estimates name them."""


@dataclass(frozen=True)
class PlannedPart:
    """A part of a run: its phases, and the step that it applies, if any.

    `chain` and `step` count from 0, as a variant's `branch` and `step` do; they are None beside the chains.
    """

    key: str
    title: str
    phases: tuple[str, ...]
    settings: Step | None = None
    chain: int | None = None
    step: int | None = None


def plan_parts(recipe: Recipe) -> tuple[PlannedPart, ...]:
    """Loading, the baseline, every distinct step of every chain, and the measuring of all variants.

    The steps that several chains begin with are computed once, and belong to the first of these chains.
    """
    first = len(recipe.baseline_steps)
    steps: dict[str, PlannedPart] = {}
    for number, chain in enumerate(recipe.chains):
        for index, step in enumerate(chain[first:], start=first):
            key = step_key(recipe, number, index)
            steps.setdefault(
                key, PlannedPart(key, full_title(step, recipe.target), _step_phases(step), step, number, index)
            )
    return (
        PlannedPart(START, "Load the model and the data", (STARTING, IMAGES) if makes_images(recipe) else (STARTING,)),
        _baseline(recipe),
        *steps.values(),
        PlannedPart(ALL_VARIANTS, "Measure all variants", (COLD_START, LATENCY)),
    )


def makes_images(recipe: Recipe) -> bool:
    """Whether images are made from the network's statistics: there are none, and a step needs some for calibration."""
    calibrates = any(hasattr(step, "calibration_images") for chain in recipe.chains for step in chain)
    return recipe.data is None and calibrates and not isinstance(recipe.model, FileModel)


def step_key(recipe: Recipe, chain: int, step: int) -> str:
    """The key of a step's part: "chain 1, step 2: prune", of the first chain that begins with the same steps."""
    beginning = recipe.chains[chain][: step + 1]
    first = next(number for number, other in enumerate(recipe.chains) if other[: step + 1] == beginning)
    return f"chain {first + 1}, step {step + 1}: {beginning[-1].technique}"


def phase_of(step: Step) -> str:
    """The phase in which a step runs: its technique, with its method where the technique has several."""
    return " ".join(filter(None, (step.technique, getattr(step, "method", None))))


def full_title(step: Step, target: Target) -> str:
    """A step as a title that says what it will do: "Prune channels: remove 30 % of the channels"."""
    title, description = step.title, step.description_at(target)
    return title + description[len(title) :] if description.startswith(title.lower()) else f"{title}: {description}"


def _baseline(recipe: Recipe) -> PlannedPart:
    for step in recipe.baseline_steps:
        return PlannedPart(BASELINE, f"Baseline: {step.description_at(recipe.target)}", _step_phases(step), step)
    export_phases = () if isinstance(recipe.model, FileModel) else (EXPORT,)
    return PlannedPart(BASELINE, "Baseline", (*export_phases, ACCURACY))


def _step_phases(step: Step) -> tuple[str, ...]:
    export_phases = (EXPORT,) if step.stage == "torch" else ()
    return (phase_of(step), *export_phases, ACCURACY)
