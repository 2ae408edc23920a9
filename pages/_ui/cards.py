"""The steps of a draft as cards in their order, each on or off. Pure: it knows neither pages nor sessions."""

from typing import TypeVar

from engine import ChainInputs, Finetune, Settings, Step, place, refusals

Chain = tuple[Step, ...]
T = TypeVar("T")


class Card(Settings):
    """One step; one that is off keeps its place and its settings, and is left out of the chain."""

    step: Step
    on: bool = True


Cards = tuple[Card, ...]


def of_chain(chain: Chain) -> Cards:
    return tuple(Card(step=step) for step in chain)


def steps(cards: Cards) -> Chain:
    """The chain that the cards make."""
    return tuple(card.step for card in cards if card.on)


def added(cards: Cards, step: Step, given: ChainInputs, at: int | None = None) -> Cards:
    """One card more: at this place, or where the rules of chains put it."""
    if at is None:
        number, _ = place(step, steps(cards), given)
        on = [index for index, card in enumerate(cards) if card.on]
        at = on[number] if number < len(on) else len(cards)
    return (*cards[:at], Card(step=step), *cards[at:])


def changed(cards: Cards, index: int, step: Step, on: bool | None = None) -> Cards:
    """The card at `index` with other settings, on or off as it was unless that is said."""
    return (*cards[:index], Card(step=step, on=cards[index].on if on is None else on), *cards[index + 1 :])


def removed(cards: tuple[T, ...], index: int) -> tuple[T, ...]:
    return (*cards[:index], *cards[index + 1 :])


def moved(cards: tuple[T, ...], index: int, to: int) -> tuple[T, ...]:
    """The card at `index` where the one at `to` is now."""
    rest = list(removed(cards, index))
    rest.insert(to, cards[index])
    return tuple(rest)


def branches(chain: Chain, given: ChainInputs) -> tuple[Chain, ...]:
    """The chain, and each of its steps as a chain of its own, where it can be one.

    A leading fine-tune, which makes the baseline, begins every one of them. A step that only its beginning is told
    already by the chain itself.
    """
    lead = chain[:1] if chain and isinstance(chain[0], Finetune) else ()
    alone = dict.fromkeys((*lead, step) for step in chain[len(lead) :])
    new = (one for one in alone if one != chain[: len(one)] and not any(refusals(one, given)))
    return (chain, *new)
