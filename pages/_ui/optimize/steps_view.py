"""The choices of a run: presets, steps, goal, target and budget."""

from typing import get_args

import streamlit as st

from engine import Budget, Goal, cores, limit_text
from engine.wording import many
from pages._ui import cards, chrome, forms, state
from pages._ui.draft import Draft
from pages._ui.optimize import add_step_view, cards_view, presets_view, target_view
from pages._ui.wording import plain

GOALS = {"latency": "Latency", "size": "File size", "throughput": "Throughput"}
RACE = (
    "Every file is measured in onnxruntime and in OpenVINO, in 32 bits and, where the processor has them, in 16 bits, "
    "in the same interleaved rounds. The baseline is FP32 in onnxruntime; the result names the best pair of file and "
    "runtime that keeps the budget. It takes two to three times as long to measure."
)


def choose() -> tuple[str, ...]:
    """Draws every choice and writes it into the draft; the labels of the fields that are wrong."""
    presets = st.container()
    problems: list[str] = []
    actions: list[state.Action | None] = []
    if state.draft().chains is None:
        with chrome.card("steps", "Steps"):
            has_many_cards = len(state.draft().cards) > 1
            of_cards, action = cards_view.choose()
            problems += [f"{one.field} (step {one.card})" if has_many_cards else one.field for one in of_cards]
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                _combination()
                actions += [action, add_step_view.show()]
            _extra_chains()
    else:
        _chains(state.draft())
    problems += _limits()
    with presets:  # drawn last: a card that was just changed unticks them
        actions.append(presets_view.choose())
    for action in actions:
        if action is not None:
            action()
            st.rerun()
    return tuple(problems)


def _limits() -> tuple[str, ...]:
    """Draws goal, target and budget; the labels of the fields that are wrong."""
    draft = state.draft()
    with chrome.card("limits", "Goal and limits"):
        goal = st.segmented_control(
            "What matters most",
            list(get_args(Goal)),
            default=draft.goal,
            required=True,
            format_func=GOALS.__getitem__,
            key=state.key("goal"),
            help="Of the variants within the budget, the best by this is recommended: the lowest latency, the "
            "smallest file, or the highest throughput.",
        )
        with st.expander(
            f"**Target** · {plain(target_view.title(draft.target))}", key="open-target", on_change="rerun"
        ):
            target = target_view.show(draft.target)
            st.caption(f"Every latency is measured at these; this machine lets it use {many(cores(), 'thread')}.")
            if target.settings.runtime == "any":
                st.caption(RACE)
        with st.expander(f"**Budget** · {plain(_budget(draft.budget))}", key="open-budget", on_change="rerun"):
            budget = forms.form(Budget, "budget", draft.budget)
            st.caption(
                "A variant is chosen by what it loses on images that report nothing, and recommended where its loss on "
                "the images that report is within the budget too. How sure that is stands with the result."
            )
    state.choose(goal=goal, target=target.settings, budget=budget.settings)
    return (*target.problems, *budget.problems)


def _budget(budget: Budget) -> str:
    parts = [
        f"lose at most {limit_text(budget.max_accuracy_drop)}" if budget.max_accuracy_drop is not None else "",
        f"no class more than {limit_text(budget.max_class_drop)}" if budget.max_class_drop is not None else "",
        f"{budget.max_latency_ms:g} ms" if budget.max_latency_ms is not None else "",
        f"{budget.max_size_mb:g} MB" if budget.max_size_mb is not None else "",
        f"{budget.minutes:g} min to search and train",
    ]
    return ", ".join(part for part in parts if part)


def _combination() -> None:
    """Draws the choice between one chain and several, where there is more than one step."""
    draft = state.draft()
    if len(draft.steps) < 2:
        return
    names = {False: "Combine: one chain", True: "Also try each alone"}
    alone = st.segmented_control(
        "Steps",
        [False, True],
        default=draft.alone,
        required=True,
        key=state.key("alone"),
        format_func=names.__getitem__,
        label_visibility="collapsed",
        wrap=True,
    )
    state.choose(alone=bool(alone))


def _extra_chains() -> None:
    """Draws how many chains there are besides the one that combines all steps."""
    draft = state.draft()
    if draft.alone and len(draft.steps) > 1:
        n_extra = len(cards.branches(draft.steps, draft.chain_inputs)) - 1
        st.caption(
            f"{many(n_extra, 'more chain')}, of one step each. What chains begin with in common is computed once."
        )


def _chains(draft: Draft) -> None:
    """Draws the chains of a recipe that cards cannot express."""
    with chrome.card("chains", "Steps as the recipe has them"):
        for number, chain in enumerate(draft.chains or (), start=1):
            st.markdown(f"{number}. " + (plain(" → ".join(step.title for step in chain)) or "baseline only"))
        if st.button("Use the cards instead", icon=":material/toggle_on:", type="tertiary"):
            state.replace_draft(draft.replace(chains=None))
            st.rerun()
