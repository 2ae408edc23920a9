"""The steps as cards: what each does and needs, on or off, its place in the chain; and what may be added."""

from collections.abc import Callable, Mapping

import streamlit as st

from engine import TECHNIQUES, SettingsError, Step, needs, place, propose_recovery, refusals, title_of
from pages._ui import (
    cards,
    chrome,
    distill_view,
    forms,
    methods_view,
    quantize_view,
    sensitivity_view,
    state,
    swap_view,
)
from pages._ui.cards import Card
from pages._ui.draft import Draft
from pages._ui.guard import callback, say
from pages._ui.wording import plain, sentence

View = Callable[[Step, Draft, str], Step]
VIEWS: Mapping[str, View] = {
    "distill": distill_view.settings,
    "quantize": quantize_view.settings,
    "swap": swap_view.settings,
}
"""Where a technique's own view says more than its settings class can: settings, draft, name of the card -> settings."""
BELOW: Mapping[str, Callable[[Step, Draft, int], None]] = {"prune": sensitivity_view.show}
"""What a technique's card has below its settings: settings, draft, index of the card."""
BEGINS: Mapping[str, Callable[[Draft], Step]] = {"distill": distill_view.begins, "swap": swap_view.begins}
"""What a new card begins with, where that is not its defaults."""


def choose() -> bool:
    """Draws every card and writes what it says into the draft. False where a card's settings are refused."""
    drawn = [_card(index) for index in range(len(state.draft().cards))]
    _together()
    _add()
    return all(drawn)


def _card(index: int) -> bool:
    draft = state.draft()
    card = draft.cards[index]
    several = len(draft.cards) > 1
    step, sound = card.step, True
    with chrome.card(f"step-{index + 1}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            title = methods_view.title(step.technique)
            label = f"**{index + 1}. {title}**" if several else f"**{title}**"
            on = st.toggle(label, value=card.on, key=state.key(f"on-{index}"), width="stretch")
            if several:
                _places(index, len(draft.cards))
        said = st.container(gap="xsmall")
        if on:
            try:
                step = VIEWS.get(step.technique, _settings)(step, draft, f"step-{index}")
            except SettingsError as error:
                say(error.message, "The step is as it was until this is corrected")
                sound = False
        state.choose(cards=(*draft.cards[:index], Card(step=step, on=on), *draft.cards[index + 1 :]))
        with said:
            st.caption(plain(summary(step)) + _needs(step))
            if on:
                _refused(state.draft(), index)
                _recovery(state.draft(), index)
        if on and sound and step.technique in BELOW:
            BELOW[step.technique](step, state.draft(), index)
    return sound


def _settings(step: Step, draft: Draft, name: str) -> Step:
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
                  key=state.key(f"recover-{index}"), on_click=_insert, args=(proposed, index + 1))  # fmt: skip


def _places(index: int, n: int) -> None:
    """Up, down, away."""
    for name, icon, to, help in (
        ("up", ":material/arrow_upward:", index - 1, "One place earlier"),
        ("down", ":material/arrow_downward:", index + 1, "One place later"),
    ):
        st.button(name.capitalize(), icon=icon, type="tertiary", key=state.key(f"{name}-{index}"), help=help,
                  disabled=not 0 <= to < n, on_click=_move, args=(index, to))  # fmt: skip
    st.button("Remove", icon=":material/close:", type="tertiary", key=state.key(f"remove-{index}"),
              help="Take this step out", on_click=_remove, args=(index,))  # fmt: skip


@callback
def _move(index: int, to: int) -> None:
    draft = state.draft()
    state.replace_draft(draft.changed(cards=cards.moved(draft.cards, index, to)))


@callback
def _remove(index: int) -> None:
    draft = state.draft()
    state.replace_draft(draft.changed(cards=cards.removed(draft.cards, index)))


@callback
def _insert(step: Step, at: int | None = None) -> None:
    state.replace_draft(state.draft().with_added(step, at))


def _together() -> None:
    """One chain or several, where there is more than one step."""
    draft = state.draft()
    if len(draft.steps) < 2:
        return
    names = {False: "Combine: one chain", True: "Also try each alone"}
    alone = st.segmented_control("Steps", [False, True], default=draft.alone, required=True, key=state.key("alone"),
                                 format_func=names.__getitem__, label_visibility="collapsed", wrap=True)  # fmt: skip
    state.choose(alone=bool(alone))
    if alone:
        extra = len(cards.branches(draft.steps, draft.given)) - 1
        st.caption(f"{extra} more {'chain' if extra == 1 else 'chains'}, of one step each. What chains begin with "
                   "in common is computed once.")  # fmt: skip


def _add() -> None:
    """Every technique in a line, with the reason where it cannot be added."""
    draft = state.draft()
    with chrome.card("add", "Add a step"), st.container(gap="xsmall"):
        for technique in dict.fromkeys(settings.model_fields["technique"].default for settings in TECHNIQUES):
            step = BEGINS[technique](draft) if technique in BEGINS else methods_view.default(technique)
            _, reason = place(step, draft.steps, draft.given, title_of)
            there = any(card.step.technique == technique for card in draft.cards)
            if not (reason and there):
                _offer(step, reason)


def _offer(step: Step, reason: str) -> None:
    button, text = st.columns([1, 3], vertical_alignment="center", gap="small")
    button.button(methods_view.title(step.technique), icon=":material/add:", type="tertiary",
                  key=state.key(f"add-{step.technique}"), disabled=bool(reason), on_click=_insert,
                  args=(step,))  # fmt: skip
    text.caption(f":material/block: {plain(sentence(reason))}" if reason else plain(summary(step)))


def summary(step: Step) -> str:
    """The first line of what its settings class says of itself."""
    return (type(step).__doc__ or "").strip().splitlines()[0]


def _needs(step: Step) -> str:
    return f" Needs {plain(' and '.join(needs(step)))}." if needs(step) else ""
