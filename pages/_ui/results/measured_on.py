"""On which machine figures were measured."""

import streamlit as st

from engine import Environment, measured_here
from pages._ui.wording import plain


def show(environment: Environment) -> None:
    """Draws it: a caption, and a warning where it is not this machine."""
    machine = plain(environment.machine)
    if measured_here(environment):
        st.caption(f"Measured on {machine}.")
        return
    st.warning(
        f"Measured on another machine than this: {machine}. What is fastest there need not be here: a target that you "
        "take from it is one for that machine. Measure again to know this one.",
        icon=":material/computer:",
    )
