"""What a card of pruning asks: how much goes, in the unit of what decides it, and the form of the rest."""

import streamlit as st

from engine import Prune, PruneChannel
from pages._ui import forms, state
from pages._ui.draft import Draft
from pages._ui.forms import Drawn, Filled
from pages._ui.optimize import methods_view

HALF = 0.5
SIZE = "File size, at most, MB"
LEFT = {"macs": "MACs that may be left, %", "latency": "Latency that may be left, %"}


def settings(current: Prune, draft: Draft, name: str) -> Filled[Prune]:
    """The method, then its settings; of channels what decides how many go comes first."""
    chosen = methods_view.choose(current, name)
    name = f"{name}-{chosen.method}"
    if not isinstance(chosen, PruneChannel):
        return forms.form(type(chosen), name, chosen)
    help = "A share that you say, or as many as it takes: then the ratio is searched by what comes out as measured."
    goals = forms.choices_of(PruneChannel, "goal")
    goal = st.segmented_control(
        forms.label_of(PruneChannel, "goal"),
        list(goals),
        default=chosen.goal,
        required=True,
        wrap=True,
        key=state.key(f"{name}-goal"),
        format_func=goals.__getitem__,
        help=help,
    )
    value = chosen.goal_value if goal == chosen.goal else None
    drawn = {"goal": Drawn(goal), "goal_value": Drawn(None) if goal == "ratio" else _value(str(goal), value, name)}
    return forms.form(PruneChannel, name, chosen, drawn=drawn, without=() if goal == "ratio" else ("ratio",))


def _value(goal: str, value: float | None, name: str) -> Drawn:
    """A share in percent, or MB."""
    if goal == "size":
        key = state.seeded(f"{name}-size", value)
        most = st.number_input(
            SIZE,
            value=None,
            key=key,
            format="%.10g",
            step=1.0,
            placeholder="how many MB",
            help="Channels go until the file is as small.",
        )
        return Drawn(most, SIZE)
    shown = round(100 * (value or HALF), 10)
    left = st.number_input(
        LEFT[goal],
        value=shown,
        key=state.key(f"{name}-{goal}"),
        format="%.10g",
        step=5.0,
        help="50 is half of what the model has now.",
    )
    return Drawn(round(left / 100, 12), LEFT[goal], factor=100)
