"""The steps of a draft as cards in their order, each on or off. Pure functions: no page and no session is read."""

from typing import TypeVar

from engine import ChainInputs, Finetune, Settings, Step, best_position, refusals

Chain = tuple[Step, ...]
T = TypeVar("T")


class Card(Settings):
    """One step. A card that is off keeps its position and its settings, but is left out of the chain."""

    step: Step
    on: bool = True


Cards = tuple[Card, ...]


def of_chain(chain: Chain) -> Cards:
    """A card for each step of the chain, all of them on."""
    return tuple(Card(step=step) for step in chain)


def steps(cards: Cards) -> Chain:
    """The chain of the cards that are on."""
    return tuple(card.step for card in cards if card.on)


def insert(cards: Cards, step: Step, inputs: ChainInputs, at: int | None = None) -> Cards:
    """The cards with one for `step` more, before index `at`, or else where the rules of chains put it."""
    if at is None:
        position, _ = best_position(step, steps(cards), inputs)
        on = [index for index, card in enumerate(cards) if card.on]
        at = on[position] if position < len(on) else len(cards)
    return (*cards[:at], Card(step=step), *cards[at:])


def replace(cards: Cards, index: int, step: Step, on: bool | None = None) -> Cards:
    """The cards with other settings at `index`. The card stays on or off unless `on` says which."""
    return (*cards[:index], Card(step=step, on=cards[index].on if on is None else on), *cards[index + 1 :])


def remove(cards: tuple[T, ...], index: int) -> tuple[T, ...]:
    """The cards without the one at `index`."""
    return (*cards[:index], *cards[index + 1 :])


def move(cards: tuple[T, ...], index: int, to: int) -> tuple[T, ...]:
    """The cards with the one at `index` moved to position `to`."""
    rest = list(remove(cards, index))
    rest.insert(to, cards[index])
    return tuple(rest)


def branches(chain: Chain, inputs: ChainInputs) -> tuple[Chain, ...]:
    """The chain, and each of its steps as a chain of its own, where it can be one.

    A leading fine-tune, which makes the baseline, begins every one of them. A step that the chain itself begins with
    gets no chain of its own: it would be measured twice.
    """
    lead = chain[:1] if chain and isinstance(chain[0], Finetune) else ()
    single = dict.fromkeys((*lead, step) for step in chain[len(lead) :])
    extra = (one for one in single if one != chain[: len(one)] and not any(refusals(one, inputs)))
    return (chain, *extra)
