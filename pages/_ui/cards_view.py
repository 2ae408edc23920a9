"""The steps as cards of one line that open in place: on or off, what they do, their place in the chain."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from engine import Step, needs, propose_recovery, refusals, title_of
from pages._ui import (
    cards,
    distill_view,
    forms,
    methods_view,
    prune_view,
    quantize_view,
    sensitivity_view,
    state,
    swap_view,
)
from pages._ui.cards import Cards
from pages._ui.draft import Draft
from pages._ui.forms import Filled
from pages._ui.guard import callback
from pages._ui.wording import plain, sentence

View = Callable[[Step, Draft, str], Filled[Step]]
VIEWS: Mapping[str, View] = {
    "distill": distill_view.settings,
    "prune": prune_view.settings,
    "quantize": quantize_view.settings,
    "swap": swap_view.settings,
}
"""Where a technique's own view says more than its settings class can: settings, draft, name of the card -> settings."""
BELOW: Mapping[str, Callable[[Step, Draft, int], None]] = {"prune": sensitivity_view.show}
"""What a technique's card has below its settings: settings, draft, index of the card."""
UP, DOWN, REMOVE = "Move up", "Move down", "Remove"


@dataclass(frozen=True)
class Problem:
    """A field that is wrong, by the number of its card."""

    card: int
    field: str


def choose() -> tuple[Problem, ...]:
    """Draws every card and writes what it says into the draft; what is wrong with their fields."""
    with st.container(gap="xsmall"):
        return tuple(problem for index in range(len(state.draft().cards)) for problem in _card(index))


def _card(index: int) -> list[Problem]:
    draft = state.draft()
    card = draft.cards[index]
    with st.container(key=f"step-{index + 1}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="top", gap="xsmall"):
            title = methods_view.title(card.step.technique)
            on = st.toggle(f"{title}, step {index + 1}", value=card.on, key=state.key(f"on-{index}"), width="content",
                           label_visibility="collapsed")  # fmt: skip
            body = st.expander(_line(index, card.step, on, len(draft.cards)), key=_open(index), on_change="rerun")
            _menu(index, len(draft.cards))
        with body:
            filled = _body(index, card.step, draft)
        step = filled.settings
        state.choose(cards=cards.changed(draft.cards, index, step, on))
        if on:
            _refused(state.draft(), index)
            _recovery(state.draft(), index)
    return [Problem(index + 1, field) for field in filled.problems] if on else []


def _line(index: int, step: Step, on: bool, n: int) -> str:
    """A card in a line: its place, what it is and what it will do."""
    number = f"{index + 1}. " if n > 1 else ""
    title = f"**{number}{methods_view.title(step.technique)}**"
    return f"{title} · {plain(step.words)}" if on else f":gray[{title} · off]"


def _body(index: int, step: Step, draft: Draft) -> Filled[Step]:
    st.caption(plain(summary(step)) + _needs(step))
    filled = VIEWS.get(step.technique, _settings)(step, draft, f"step-{index}")
    if not filled.problems and step.technique in BELOW:
        BELOW[step.technique](filled.settings, draft, index)
    return filled


def _settings(step: Step, draft: Draft, name: str) -> Filled[Step]:
    """The view of a technique that its settings class describes well enough."""
    step = methods_view.choose(step, name)
    return forms.form(type(step), f"{name}-{getattr(step, 'method', '')}", step)


def _refused(draft: Draft, index: int) -> None:
    """Why the step cannot stand where it stands, from the rules that refuse the recipe."""
    reason = refusals(cards.steps(draft.cards[: index + 1]), draft.given, title_of)[-1]
    if reason:
        st.warning(plain(sentence(reason)), icon=":material/block:")


def _recovery(draft: Draft, index: int) -> None:
    """The training that should follow, where nothing wins back what the step costs."""
    number = len(cards.steps(draft.cards[:index]))
    proposed = propose_recovery(draft.steps, number, draft.given)
    if proposed is not None:
        st.button(f"{proposed.title} after it, to win back what it costs", icon=":material/healing:", type="tertiary",
                  key=state.key(f"recover-{index}"), on_click=insert, args=(proposed, index + 1))  # fmt: skip


def _menu(index: int, n: int) -> None:
    """Up, down, away."""
    ways = [*([UP] if index > 0 else []), *([DOWN] if index < n - 1 else []), REMOVE]
    key = state.key(f"menu-{index}")
    st.menu_button(":material/more_vert:", ways, type="tertiary", key=key, help=f"Move or remove step {index + 1}",
                   on_click=_act, args=(index, key))  # fmt: skip


@callback
def _act(index: int, key: str) -> None:
    match state.value(key):
        case "Move up":
            _rearranged(lambda them: cards.moved(them, index, index - 1))
        case "Move down":
            _rearranged(lambda them: cards.moved(them, index, index + 1))
        case "Remove":
            _rearranged(lambda them: cards.removed(them, index))


@callback
def insert(step: Step, at: int | None = None) -> None:
    """One card more, at this place or where it belongs; it is open, to be looked at."""
    before = state.draft().cards
    after = state.draft().with_added(step, at).cards
    place = next((i for i, (old, new) in enumerate(zip(before, after, strict=False)) if old is not new), len(before))
    _rearranged(lambda them: (*them[:place], True, *them[place:]), after)


def _rearranged(change: Callable[[tuple], tuple], cards: Cards | None = None) -> None:
    """Other cards, or the same in another order, of which those stay open that were."""
    draft = state.draft()
    opened = change(tuple(bool(state.value(_open(index))) for index in range(len(draft.cards))))
    state.replace_draft(draft.changed(cards=cards if cards is not None else change(draft.cards), chains=None))
    for index, one in enumerate(opened):
        state.put(_open(index), one)


def _open(index: int) -> str:
    return f"open-{index}"


def summary(step: Step) -> str:
    """The first line of what its settings class says of itself."""
    return (type(step).__doc__ or "").strip().splitlines()[0]


def _needs(step: Step) -> str:
    return f" Needs {plain(' and '.join(needs(step)))}." if needs(step) else ""
