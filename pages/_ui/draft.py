"""The choices so far, on their way to a recipe. Pure functions: no page and no session is read."""

import base64
import binascii
import json
from typing import Any, Self

from pydantic import ValidationError

from engine import (
    ArraysData,
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

MAX_LINK_LENGTH = 12_000
DEFAULT_CARDS = (Card(step=QuantizeAuto()),)
"""The cards of a new draft."""


class Draft(Settings):
    """A recipe that may still lack its model or its data.

    `synthetic` means that the choice is to have no data. `alone` adds a chain for each card to the one that combines
    them. `chains` is a list of chains that cards cannot express; where it is set, it is used in place of the cards.
    """

    name: str | None = None
    model: ModelSource | None = None
    data: DataSource | None = None
    synthetic: bool = False
    split: Split = Split()
    preprocess: Preprocess | None = None
    cards: Cards = DEFAULT_CARDS
    alone: bool = False
    chains: tuple[tuple[Step, ...], ...] | None = None
    target: Target = Target()
    budget: Budget = Budget()
    goal: Goal = "latency"
    seed: int = 0

    def replace(self, **values: object) -> Self:
        """The draft with these values.

        Its name is dropped where model, data or steps change, since it was made of them. Its preprocessing is dropped
        where the model changes, whose it is.
        """
        new_model = values.get("model", self.model) != self.model
        new = self.model_copy(update=({"preprocess": None} if new_model else {}) | values)
        return new if "name" in values or new._subject == self._subject else new.model_copy(update={"name": None})

    @property
    def _subject(self) -> tuple[object, ...]:
        return self.model, self.data, self.chains, [step.technique for step in self.steps]

    def with_step(self, step: Step, at: int | None = None) -> Self:
        """The draft with one card more, before index `at`, or else where the rules of chains put it."""
        return self.replace(cards=cards.insert(self.cards, step, self.chain_inputs, at), chains=None)

    def with_student(self, step: Step) -> Self:
        """The draft with a student before every step that would change its teacher.

        Only a fine-tune that makes the baseline stays before it.
        """
        others = tuple(card for card in self.cards if card.step.technique != step.technique)
        position = next(
            (
                index + 1
                for index, card in enumerate(others)
                if card.on and isinstance(card.step, Finetune) and not any(other.on for other in others[:index])
            ),
            0,
        )
        return self.replace(cards=cards.insert(others, step, self.chain_inputs, position), chains=None)

    def without_first_step(self) -> Self:
        """The draft without the first card that is on."""
        first = next(index for index, card in enumerate(self.cards) if card.on)
        return self.replace(cards=cards.remove(self.cards, first))

    @property
    def chain_inputs(self) -> ChainInputs:
        """What the rules of chains need to know of the model and the data, as far as these are chosen."""
        return ChainInputs.of(self.model, self.data, undecided=not self.has_data)

    @property
    def has_data(self) -> bool:
        """Whether data, or to go without, is chosen."""
        return self.synthetic or self.data is not None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The chain of the cards that are on."""
        return cards.steps(self.cards)

    @property
    def title(self) -> str:
        """The name of the draft, else one made of its model and its steps."""
        *most, last = [step.title[0].lower() + step.title[1:] for step in self.steps] or ["as it is"]
        return self.name or f"{model_name(self.model)}, {' and '.join([', '.join(most), last] if most else [last])}"

    def recipe(self) -> Recipe:
        """The recipe of this draft. Raises SettingsError where something is missing or wrong."""
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

    def baseline_recipe(self) -> Recipe:
        """The recipe of the baseline: no step but a leading fine-tune that makes it. Raises SettingsError."""
        lead = self.steps[:1] if self.steps and isinstance(self.steps[0], Finetune) else ()
        fits = not any(refusals(lead, self.chain_inputs))
        return self.replace(cards=cards.of_chain(lead if fits else ()), chains=None).recipe()

    def _chains(self) -> dict[str, object]:
        """The recipe's key `steps` or `branches`. Raises SettingsError where a step cannot stand where it is."""
        if self.chains is not None:
            return {"branches": self.chains}
        reason = next(filter(None, refusals(self.steps, self.chain_inputs, title_of)), "")
        if reason:
            raise SettingsError(reason, "Change that card, move it or switch it off")
        chains = self.alone and cards.branches(self.steps, self.chain_inputs)
        return {"branches": chains} if chains and len(chains) > 1 else {"steps": self.steps}


def sample() -> Draft:
    """The sample project: a race of the ways to quantize the digits network."""
    return Draft(name="Digits, quantization race", model=SampleModel(), data=SampleData())


def from_recipe(recipe: Recipe) -> Draft:
    """A draft whose recipe is this one."""
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
    if cards.branches(draft.steps, draft.chain_inputs) == recipe.chains:
        return draft.replace(alone=True)
    return draft.replace(name=recipe.name, cards=DEFAULT_CARDS, chains=recipe.chains)


def to_link(draft: Draft) -> str:
    """The draft as the value of a query parameter; empty where nothing was chosen."""
    values = {
        name: value
        for name, value in draft.model_dump(mode="json").items()
        if getattr(draft, name) != Draft.model_fields[name].default
    }
    if "cards" in values:
        values["cards"] = [{"step": _short(card.step), **({} if card.on else {"on": False})} for card in draft.cards]
    if draft.chains is not None:
        values["chains"] = [[_short(step) for step in chain] for chain in draft.chains]
    if not values:
        return ""
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def _short(step: Step) -> dict[str, Any]:
    """A step as its technique, its method and what differs from its defaults, so that a link stays short."""
    fields = type(step).model_fields
    return {
        name: value
        for name, value in step.model_dump(mode="json").items()
        if name in ("technique", "method") or getattr(step, name) != fields[name].default
    }


def from_link(link: str) -> Draft:
    """The draft in a query parameter; a new one where it is empty. Raises SettingsError where it cannot be read."""
    if not link:
        return Draft()
    try:
        if len(link) > MAX_LINK_LENGTH:
            raise ValueError("too long")
        return Draft.model_validate_json(base64.urlsafe_b64decode(link + "=" * (-len(link) % 4)))
    except (ValidationError, ValueError, binascii.Error) as error:
        raise SettingsError("the address of this page does not hold a usable project", "Choose again") from error


def model_name(model: ModelSource | None) -> str:
    """The title of a model that has not been analysed yet; of an upload the name of its file."""
    if model is None:
        return "no model yet"
    upload = find_upload(model.sha256) if isinstance(model, FileModel) and model.sha256 else None
    return upload.name if upload else model.title


def data_name(draft: Draft) -> str:
    """The title of data that has not been analysed yet; of an upload the name of its file or folder."""
    data = draft.data
    if data is None:
        return "no data, synthetic inputs" if draft.synthetic else "no data yet"
    upload = find_upload(data.sha256) if isinstance(data, ImagesData | ArraysData) and data.sha256 else None
    return upload.name if upload else data.title
