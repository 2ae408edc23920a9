"""The steps as cards of one line that open in place: on or off, what they do, their place in the chain."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import streamlit as st

from engine import Step, needs, propose_recovery, refusals, title_of
from pages._ui import cards, forms, state
from pages._ui.cards import Cards
from pages._ui.draft import Draft
from pages._ui.forms import Filled
from pages._ui.optimize import distill_view, methods_view, prune_view, quantize_view, sensitivity_view, swap_view
from pages._ui.state import Act
from pages._ui.wording import plain, sentence

View = Callable[[Step, Draft, str], Filled[Step]]
VIEWS: Mapping[str, View] = {
    "distill": distill_view.settings,
    "prune": prune_view.settings,
    "quantize": quantize_view.settings,
    "swap": swap_view.settings,
}
"""Where a technique's own view says more than its settings class can: settings, draft, name of the card -> settings."""
BELOW: Mapping[str, Callable[[Step, Draft, int], Act | None]] = {"prune": sensitivity_view.show}
"""What a technique's card has below its settings: settings, draft, index of the card -> what was pressed."""
UP, DOWN, REMOVE = "Move up", "Move down", "Remove"


@dataclass(frozen=True)
class Problem:
    """A field that is wrong, by the number of its card."""

    card: int
    field: str


def choose() -> tuple[tuple[Problem, ...], Act | None]:
    """Draws every card and writes what it says into the draft; what is wrong with their fields; what was pressed."""
    state.put_due()
    with st.container(gap="xsmall"):
        drawn = [_card(index) for index in range(len(state.draft().cards))]
    problems = tuple(problem for found, _ in drawn for problem in found)
    return problems, next((act for _, act in drawn if act is not None), None)


def _card(index: int) -> tuple[list[Problem], Act | None]:
    draft = state.draft()
    card = draft.cards[index]
    with st.container(key=f"step-{index + 1}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="top", gap="xsmall"):
            title = methods_view.title(card.step.technique)
            on = st.toggle(
                f"{title}, step {index + 1}",
                value=card.on,
                key=state.key(f"on-{index}"),
                width="content",
                label_visibility="collapsed",
            )
            body = st.expander(_line(index, card.step, on, len(draft.cards)), key=_open(index), on_change="rerun")
            act = _menu(index, len(draft.cards))
        with body:
            filled, below = _body(index, card.step, draft, on)
        step = filled.settings
        state.choose(cards=cards.changed(draft.cards, index, step, on))
        if on:
            _refused(state.draft(), index)
            act = _recovery(state.draft(), index) or act
    return [Problem(index + 1, field) for field in filled.problems] if on else [], below or act


def _line(index: int, step: Step, on: bool, n: int) -> str:
    """A card in a line: its place, what it is and what it will do."""
    number = f"{index + 1}. " if n > 1 else ""
    title = f"**{number}{methods_view.title(step.technique)}**"
    return f"{title} · {plain(step.words)}" if on else f":gray[{title} · off]"


def _body(index: int, step: Step, draft: Draft, on: bool) -> tuple[Filled[Step], Act | None]:
    st.caption(plain(summary(step)) + _needs(step))
    filled = VIEWS.get(step.technique, _settings)(step, draft, f"step-{index}")
    if on and not filled.problems and step.technique in BELOW:
        return filled, BELOW[step.technique](filled.settings, draft, index)
    return filled, None


def _settings(step: Step, draft: Draft, name: str) -> Filled[Step]:
    """The view of a technique that its settings class describes well enough."""
    step = methods_view.choose(step, name)
    return forms.form(type(step), f"{name}-{getattr(step, 'method', '')}", step)


def _refused(draft: Draft, index: int) -> None:
    """Why the step cannot stand where it stands, from the rules that refuse the recipe."""
    reason = refusals(cards.steps(draft.cards[: index + 1]), draft.given, title_of)[-1]
    if reason:
        st.warning(plain(sentence(reason)), icon=":material/block:")


def _recovery(draft: Draft, index: int) -> Act | None:
    """The training that should follow, where nothing wins back what the step costs."""
    number = len(cards.steps(draft.cards[:index]))
    proposed = propose_recovery(draft.steps, number, draft.given)
    if proposed is None:
        return None
    label = f"{proposed.title} after it, to win back what it costs"
    pressed = st.button(label, icon=":material/healing:", type="tertiary", key=state.key(f"recover-{index}"))
    return partial(insert, proposed, index + 1) if pressed else None


def _menu(index: int, n: int) -> Act | None:
    """Up, down, away."""
    ways: dict[str, Callable[[tuple], tuple]] = {
        **({UP: lambda them: cards.moved(them, index, index - 1)} if index > 0 else {}),
        **({DOWN: lambda them: cards.moved(them, index, index + 1)} if index < n - 1 else {}),
        REMOVE: lambda them: cards.removed(them, index),
    }
    chosen = st.menu_button(
        ":material/more_vert:",
        list(ways),
        type="tertiary",
        key=state.key(f"menu-{index}"),
        help=f"Move or remove step {index + 1}",
    )
    return partial(_rearranged, ways[chosen]) if chosen else None


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
        state.put_next(_open(index), one)


def _open(index: int) -> str:
    return f"open-{index}"


def summary(step: Step) -> str:
    """The first line of what its settings class says of itself."""
    return (type(step).__doc__ or "").strip().splitlines()[0]


def _needs(step: Step) -> str:
    return f" Needs {plain(' and '.join(needs(step)))}." if needs(step) else ""
