"""The form of a pruning: how much is removed, in the unit of its goal, and the rest of its settings."""

import streamlit as st

from engine import Prune, PruneChannel
from pages._ui import forms, state
from pages._ui.draft import Draft
from pages._ui.forms import CallerField, FormResult
from pages._ui.optimize import methods_view

HALF = 0.5
SIZE = "File size, at most, MB"
REMAINING = {"macs": "MACs that may be left, %", "latency": "Latency that may be left, %"}


def settings(current: Prune, draft: Draft, name: str) -> FormResult[Prune]:
    """Draws the method and its form; for channels the goal comes first. The settings."""
    step = methods_view.choose(current, name)
    name = f"{name}-{step.method}"
    if not isinstance(step, PruneChannel):
        return forms.form(type(step), name, step)
    help = "A share that you say, or as many as it takes: then the ratio is searched by what comes out as measured."
    goals = forms.choices_of(PruneChannel, "goal")
    goal = st.segmented_control(
        forms.label_of(PruneChannel, "goal"),
        list(goals),
        default=step.goal,
        required=True,
        wrap=True,
        key=state.key(f"{name}-goal"),
        format_func=goals.__getitem__,
        help=help,
    )
    value = step.goal_value if goal == step.goal else None
    fields = {
        "goal": CallerField(goal),
        "goal_value": CallerField(None) if goal == "ratio" else _value(str(goal), value, name),
    }
    return forms.form(PruneChannel, name, step, caller_fields=fields, without=() if goal == "ratio" else ("ratio",))


def _value(goal: str, value: float | None, name: str) -> CallerField:
    """Draws the goal's value: a share in percent, or a size in MB."""
    if goal == "size":
        key = state.seeded_key(f"{name}-size", value)
        size_mb = st.number_input(
            SIZE,
            value=None,
            key=key,
            format="%.10g",
            step=1.0,
            placeholder="how many MB",
            help="Channels go until the file is as small.",
        )
        return CallerField(size_mb, SIZE)
    current_percent = round(100 * (value or HALF), 10)
    percent = st.number_input(
        REMAINING[goal],
        value=current_percent,
        key=state.key(f"{name}-{goal}"),
        format="%.10g",
        step=5.0,
        help="50 is half of what the model has now.",
    )
    return CallerField(round(percent / 100, 12), REMAINING[goal], factor=100)
