"""What a person has chosen so far, on its way to a recipe. Pure: it knows neither pages nor sessions."""

import base64
import binascii
import itertools
import json
from typing import Self

from pydantic import ValidationError

from engine import (
    Budget,
    DataSource,
    Distill,
    Finetune,
    Float16,
    Goal,
    ModelSource,
    Preprocess,
    Quantize,
    QuantizeAuto,
    Recipe,
    SampleData,
    SampleModel,
    Settings,
    SettingsError,
    Simplify,
    Split,
    Step,
    Target,
)

LONGEST = 12_000
# Where a step may stand in the one chain that the cards describe; the last two exclude each other.
ORDER = {"finetune": 0, "distill": 1, "simplify": 2, "quantize": 3, "float16": 3}


class Draft(Settings):
    """A recipe that may still lack its model or its data. `synthetic` means that no data is the choice.

    `chains` holds what the cards cannot say (several chains, or another order) and then replaces them.
    """

    name: str | None = None
    model: ModelSource | None = None
    data: DataSource | None = None
    synthetic: bool = False
    split: Split = Split()
    preprocess: Preprocess | None = None
    finetune: Finetune | None = None
    distill: Distill | None = None
    simplify: Simplify | None = None
    quantize: Quantize | None = QuantizeAuto()
    float16: Float16 | None = None
    chains: tuple[tuple[Step, ...], ...] | None = None
    target: Target = Target()
    budget: Budget = Budget()
    goal: Goal = "latency"
    seed: int = 0

    def changed(self, **values: object) -> Self:
        return self.model_copy(update=values)

    @property
    def has_data(self) -> bool:
        return self.synthetic or self.data is not None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The one chain, in its order."""
        last = self.quantize or self.float16
        return tuple(step for step in (self.finetune, self.distill, self.simplify, last) if step is not None)

    @property
    def title(self) -> str:
        *most, last = [step.title[0].lower() + step.title[1:] for step in self.steps] or ["as it is"]
        return self.name or f"{model_name(self.model)}, {' and '.join([', '.join(most), last] if most else [last])}"

    def recipe(self) -> Recipe:
        """The recipe of this draft. Raises SettingsError that says what is missing or wrong."""
        if self.model is None:
            raise SettingsError("no model is chosen yet", "Choose one on the Model page")
        if not self.has_data:
            raise SettingsError("no data is chosen yet", "Choose images on the Data page, or go on without data")
        chains = {"steps": self.steps} if self.chains is None else {"branches": self.chains}
        return Recipe.parse({
            "name": self.title[:120], "model": self.model, "data": self.data, "split": self.split,
            "preprocess": self.preprocess, "target": self.target, "budget": self.budget, "goal": self.goal,
            "seed": self.seed, **chains,
        })  # fmt: skip


def sample() -> Draft:
    """The sample project: the ways to quantize it, raced."""
    return Draft(name="Digits, quantization race", model=SampleModel(), data=SampleData())


def from_recipe(recipe: Recipe) -> Draft:
    """The draft that leads to this recipe again."""
    steps: dict[str, Step | None] = {"quantize": None}
    if _has_cards(recipe):
        steps |= {step.technique: step for step in recipe.chains[0]}
    return Draft(
        name=recipe.name, model=recipe.model, data=recipe.data, synthetic=recipe.data is None, split=recipe.split,
        preprocess=recipe.preprocess, chains=None if _has_cards(recipe) else recipe.chains, target=recipe.target,
        budget=recipe.budget, goal=recipe.goal, seed=recipe.seed, **steps,  # type: ignore[arg-type]
    )  # fmt: skip


def _has_cards(recipe: Recipe) -> bool:
    """Whether its steps are one chain in the cards' order, each at most once."""
    places = [ORDER[step.technique] for step in recipe.chains[0]]
    return len(recipe.chains) == 1 and all(one < next for one, next in itertools.pairwise(places))


def to_link(draft: Draft) -> str:
    """What was chosen, as one word for a URL; empty where nothing was."""
    chosen = {
        name: value
        for name, value in draft.model_dump(mode="json").items()
        if getattr(draft, name) != Draft.model_fields[name].default
    }
    if not chosen:
        return ""
    return base64.urlsafe_b64encode(json.dumps(chosen, separators=(",", ":")).encode()).decode().rstrip("=")


def from_link(word: str) -> Draft:
    """The draft in a URL; a new one where there is nothing. Raises SettingsError where it is none."""
    if not word:
        return Draft()
    try:
        if len(word) > LONGEST:
            raise ValueError("too long")
        return Draft.model_validate_json(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
    except (ValidationError, ValueError, binascii.Error) as error:
        raise SettingsError("the address of this page does not hold a usable project", "Choose again") from error


def model_name(model: ModelSource | None) -> str:
    """What to call a model before it was looked at."""
    match model:
        case None:
            return "no model yet"
        case SampleModel():
            return "Digits network"
        case _ if model.kind == "timm":
            return model.name if model.weights == "pretrained" else f"{model.name} ({weights_name(model.weights)})"
    return f"ONNX file {model.sha256[:8]}" if model.sha256 else "ONNX file"


def weights_name(weights: str) -> str:
    return {"pretrained": "pretrained weights", "random": "random weights"}.get(weights, "own weights")


def data_name(draft: Draft) -> str:
    """What to call the data before it was looked at."""
    if draft.data is None:
        return "no data, synthetic inputs" if draft.synthetic else "no data yet"
    if isinstance(draft.data, SampleData):
        return "Digits images"
    return "own images" if draft.data.labelled else "own images, unlabelled"
