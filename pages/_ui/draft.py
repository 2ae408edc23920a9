"""What a person has chosen so far, on its way to a recipe. Pure: it knows neither pages nor sessions."""

import base64
import binascii
import json
from typing import Any, Self

from pydantic import ValidationError

from engine import (
    Budget,
    ChainInputs,
    DataSource,
    FileModel,
    Finetune,
    Goal,
    ImagesData,
    ModelSource,
    Preprocess,
    QuantizeAuto,
    Recipe,
    SampleData,
    SampleModel,
    Settings,
    SettingsError,
    Split,
    Step,
    Target,
    find_upload,
    refusals,
    title_of,
)
from pages._ui import cards
from pages._ui.cards import Card, Cards

LONGEST = 12_000
START = (Card(step=QuantizeAuto()),)
"""What is on where nobody chose yet."""


class Draft(Settings):
    """A recipe that may still lack its model or its data. `synthetic` means that no data is the choice.

    `alone` asks for each card as a chain of its own beside the one that combines them. `chains` holds what the cards
    cannot say and then replaces them.
    """

    name: str | None = None
    model: ModelSource | None = None
    data: DataSource | None = None
    synthetic: bool = False
    split: Split = Split()
    preprocess: Preprocess | None = None
    cards: Cards = START
    alone: bool = False
    chains: tuple[tuple[Step, ...], ...] | None = None
    target: Target = Target()
    budget: Budget = Budget()
    goal: Goal = "latency"
    seed: int = 0

    def changed(self, **values: object) -> Self:
        """With these values; a name that told of another model, other data or other steps goes with them.

        So does the preprocessing of another model, which no page shows.
        """
        other = values.get("model", self.model) != self.model
        new = self.model_copy(update=({"preprocess": None} if other else {}) | values)
        return new if "name" in values or new._subject == self._subject else new.model_copy(update={"name": None})

    @property
    def _subject(self) -> tuple[object, ...]:
        return self.model, self.data, self.chains, [step.technique for step in self.steps]

    def with_added(self, step: Step, at: int | None = None) -> Self:
        """With one card more, at this place or where it belongs."""
        return self.changed(cards=cards.added(self.cards, step, self.given, at), chains=None)

    def with_student(self, step: Step) -> Self:
        """With a student before all that would change its teacher: only a fine-tune that makes the baseline leads."""
        rest = tuple(card for card in self.cards if card.step.technique != step.technique)
        leads = next(
            (
                index + 1
                for index, card in enumerate(rest)
                if card.on and isinstance(card.step, Finetune) and not any(other.on for other in rest[:index])
            ),
            0,
        )
        return self.changed(cards=cards.added(rest, step, self.given, leads), chains=None)

    def without_first(self) -> Self:
        """Without the first card that is on."""
        first = next(index for index, card in enumerate(self.cards) if card.on)
        return self.changed(cards=cards.removed(self.cards, first))

    @property
    def given(self) -> ChainInputs:
        """What the rules of chains ask of the model and the data, as far as these are chosen."""
        return ChainInputs.of(self.model, self.data, undecided=not self.has_data)

    @property
    def has_data(self) -> bool:
        return self.synthetic or self.data is not None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The one chain that the cards make."""
        return cards.steps(self.cards)

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
        return Recipe.parse(
            {
                "name": self.title[:120],
                "model": self.model,
                "data": self.data,
                "split": self.split,
                "preprocess": self.preprocess,
                "target": self.target,
                "budget": self.budget,
                "goal": self.goal,
                "seed": self.seed,
                **self._chains(),
            }
        )

    def bare(self) -> Recipe:
        """The recipe without steps, but for a leading fine-tune that makes the baseline. Raises SettingsError."""
        lead = self.steps[:1] if self.steps and isinstance(self.steps[0], Finetune) else ()
        fits = not any(refusals(lead, self.given))
        return self.changed(cards=cards.of_chain(lead if fits else ()), chains=None).recipe()

    def _chains(self) -> dict[str, object]:
        if self.chains is not None:
            return {"branches": self.chains}
        reason = next(filter(None, refusals(self.steps, self.given, title_of)), "")
        if reason:
            raise SettingsError(reason, "Change that card, move it or switch it off")
        both = self.alone and cards.branches(self.steps, self.given)
        return {"branches": both} if both and len(both) > 1 else {"steps": self.steps}


def sample() -> Draft:
    """The sample project: the ways to quantize it, raced."""
    return Draft(name="Digits, quantization race", model=SampleModel(), data=SampleData())


def from_recipe(recipe: Recipe) -> Draft:
    """The draft that leads to this recipe again."""
    draft = Draft(
        name=recipe.name,
        model=recipe.model,
        data=recipe.data,
        synthetic=recipe.data is None,
        split=recipe.split,
        preprocess=recipe.preprocess,
        cards=cards.of_chain(recipe.chains[0]),
        target=recipe.target,
        budget=recipe.budget,
        goal=recipe.goal,
        seed=recipe.seed,
    )
    if len(recipe.chains) == 1:
        return draft
    if cards.branches(draft.steps, draft.given) == recipe.chains:
        return draft.changed(alone=True)
    return draft.changed(name=recipe.name, cards=START, chains=recipe.chains)


def to_link(draft: Draft) -> str:
    """What was chosen, as one word for a URL; empty where nothing was."""
    chosen = {
        name: value
        for name, value in draft.model_dump(mode="json").items()
        if getattr(draft, name) != Draft.model_fields[name].default
    }
    if "cards" in chosen:
        chosen["cards"] = [{"step": _short(card.step), **({} if card.on else {"on": False})} for card in draft.cards]
    if draft.chains is not None:
        chosen["chains"] = [[_short(step) for step in chain] for chain in draft.chains]
    if not chosen:
        return ""
    return base64.urlsafe_b64encode(json.dumps(chosen, separators=(",", ":")).encode()).decode().rstrip("=")


def _short(step: Step) -> dict[str, Any]:
    """What a step is and how it differs from its defaults: a link has to hold many of them."""
    fields = type(step).model_fields
    return {
        name: value
        for name, value in step.model_dump(mode="json").items()
        if name in ("technique", "method") or getattr(step, name) != fields[name].default
    }


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
    """What to call a model before it was looked at; an upload by the name of its file."""
    if model is None:
        return "no model yet"
    upload = find_upload(model.sha256) if isinstance(model, FileModel) and model.sha256 else None
    return upload.name if upload else model.title


def data_name(draft: Draft) -> str:
    """What to call the data before it was looked at; an upload by the name of its file or folder."""
    data = draft.data
    if data is None:
        return "no data, synthetic inputs" if draft.synthetic else "no data yet"
    upload = find_upload(data.sha256) if isinstance(data, ImagesData) and data.sha256 else None
    return upload.name if upload else data.title
