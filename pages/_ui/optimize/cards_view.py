"""The steps as cards of one line that open in place: on or off, their settings, their position in the chain."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import streamlit as st

from engine import ModelProfile, Step, needs, propose_recovery, refusals, title_of
from pages._ui import cards, fit, forms, state
from pages._ui.browser_terms import told
from pages._ui.cards import Cards
from pages._ui.draft import Draft
from pages._ui.forms import FormResult
from pages._ui.optimize import distill_view, methods_view, prune_view, quantize_view, sensitivity_view, swap_view
from pages._ui.state import Action
from pages._ui.wording import plain

View = Callable[[Step, Draft, str], FormResult[Step]]
VIEWS: Mapping[str, View] = {
    "distill": distill_view.settings,
    "prune": prune_view.settings,
    "quantize": quantize_view.settings,
    "swap": swap_view.settings,
}
"""Views of techniques whose form needs more than their settings class: settings, draft, name of the card -> result."""
BELOW: Mapping[str, Callable[[Step, Draft, int], Action | None]] = {"prune": sensitivity_view.show}
"""What a technique's card has below its form: settings, draft, index of the card -> the action of a press."""
UP, DOWN, REMOVE = "Move up", "Move down", "Remove"


@dataclass(frozen=True)
class Problem:
    """A field that is wrong, and the number of its card, from 1."""

    card: int
    field: str


def choose() -> tuple[tuple[Problem, ...], Action | None]:
    """Draws every card and writes its settings into the draft; the wrong fields, and the action of a press."""
    state.apply_next()
    profile = fit.profile_of(state.draft())
    with st.container(gap="xsmall"):
        results = [_card(index, profile) for index in range(len(state.draft().cards))]
    problems = tuple(problem for of_card, _ in results for problem in of_card)
    return problems, next((action for _, action in results if action is not None), None)


def _card(index: int, profile: ModelProfile | None) -> tuple[list[Problem], Action | None]:
    """Draws one card and writes it into the draft; its wrong fields, and the action of a press.

    A step that cannot be applied to the model is off, with the reason below it.
    """
    draft = state.draft()
    card = draft.cards[index]
    misfit = fit.misfit(card.step, cards.steps(draft.cards[:index]), profile)
    with st.container(key=f"step-{index + 1}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="top", gap="xsmall"):
            title = methods_view.title(card.step.technique)
            on = st.toggle(
                f"{title}, step {index + 1}",
                value=card.on and not misfit,
                key=state.key(f"on-{index}{'-misfit' if misfit else ''}"),
                disabled=bool(misfit),
                width="content",
                label_visibility="collapsed",
            )
            body = st.expander(
                _line(index, card.step, on, draft, bool(misfit)), key=_open_key(index), on_change="rerun"
            )
            action = _menu(index, len(draft.cards))
        with body:
            form_result, below = _body(index, card.step, draft, on)
        step = form_result.settings
        state.choose(cards=cards.replace(draft.cards, index, step, on))
        if misfit:
            st.caption(f":material/block: {misfit}")
        elif on:
            _refusal(state.draft(), index)
            action = _recovery(state.draft(), index) or action
    return [Problem(index + 1, field) for field in form_result.problems] if on else [], below or action


def _line(index: int, step: Step, on: bool, draft: Draft, is_misfit: bool) -> str:
    """The line of a card: its number, its title and what it will do."""
    number = f"{index + 1}. " if len(draft.cards) > 1 else ""
    title = f"**{number}{methods_view.title(step.technique)}**"
    if is_misfit:
        return f":gray[{title} · not for this model]"
    return f"{title} · {plain(step.description_at(draft.target))}" if on else f":gray[{title} · off]"


def _body(index: int, step: Step, draft: Draft, on: bool) -> tuple[FormResult[Step], Action | None]:
    """Draws what a card has inside; its form's result, and the action of a press below the form."""
    st.caption(plain(summary(step)) + _needs(step))
    form_result = VIEWS.get(step.technique, _settings)(step, draft, f"step-{index}")
    if on and not form_result.problems and step.technique in BELOW:
        return form_result, BELOW[step.technique](form_result.settings, draft, index)
    return form_result, None


def _settings(step: Step, draft: Draft, name: str) -> FormResult[Step]:
    """The view of a technique that has none of its own in VIEWS."""
    step = methods_view.choose(step, name)
    return forms.form(type(step), f"{name}-{getattr(step, 'method', '')}", step)


def _refusal(draft: Draft, index: int) -> None:
    """Draws the reason why the step cannot be at its position, from the rules that the recipe is checked by."""
    reason = refusals(cards.steps(draft.cards[: index + 1]), draft.chain_inputs, title_of)[-1]
    if reason:
        st.warning(told(reason), icon=":material/block:")


def _recovery(draft: Draft, index: int) -> Action | None:
    """Draws the button of a training after the step, where no later step recovers the accuracy it costs."""
    number = len(cards.steps(draft.cards[:index]))
    training = propose_recovery(draft.steps, number, draft.chain_inputs)
    if training is None:
        return None
    label = f"{training.title} after it, to win back what it costs"
    pressed = st.button(label, icon=":material/healing:", type="tertiary", key=state.key(f"recover-{index}"))
    return partial(insert, training, index + 1) if pressed else None


def _menu(index: int, n: int) -> Action | None:
    """Draws the menu that moves or removes a card; its action."""
    changes: dict[str, Callable[[tuple], tuple]] = {
        **({UP: lambda items: cards.move(items, index, index - 1)} if index > 0 else {}),
        **({DOWN: lambda items: cards.move(items, index, index + 1)} if index < n - 1 else {}),
        REMOVE: lambda items: cards.remove(items, index),
    }
    choice = st.menu_button(
        ":material/more_vert:",
        list(changes),
        type="tertiary",
        key=state.key(f"menu-{index}"),
        help=f"Move or remove step {index + 1}",
    )
    return partial(_rearrange, changes[choice]) if choice else None


def insert(step: Step, at: int | None = None) -> None:
    """Inserts a card that is open, before index `at`, or else where the rules of chains put it."""
    before = state.draft().cards
    after = state.draft().with_step(step, at).cards
    position = next((i for i, (old, new) in enumerate(zip(before, after, strict=False)) if old is not new), len(before))
    _rearrange(lambda items: (*items[:position], True, *items[position:]), after)


def _rearrange(change: Callable[[tuple], tuple], cards: Cards | None = None) -> None:
    """Applies a change of the order to the cards, or sets `cards`; the cards that were open stay open."""
    draft = state.draft()
    open_states = change(tuple(bool(state.value(_open_key(index))) for index in range(len(draft.cards))))
    state.replace_draft(draft.replace(cards=cards if cards is not None else change(draft.cards), chains=None))
    for index, is_open in enumerate(open_states):
        state.set_next(_open_key(index), is_open)


def _open_key(index: int) -> str:
    return f"open-{index}"


def summary(step: Step) -> str:
    """The first line of the docstring of its settings class."""
    return (type(step).__doc__ or "").strip().splitlines()[0]


def _needs(step: Step) -> str:
    return f" Needs {plain(' and '.join(needs(step)))}." if needs(step) else ""
