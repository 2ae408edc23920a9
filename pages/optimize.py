"""What to try, where it will run, what is acceptable; what will happen; and Run."""

import streamlit as st

from engine import submit
from pages._ui import chrome, state
from pages._ui.optimize import open_recipe_view, plan_view, steps_view

chrome.enter()
chrome.heading("Optimize", "Choose what to try. The baseline is measured by itself, as the first variant of the run.")
open_recipe_view.restore()
way = st.container()
left, right = st.columns([1.45, 1], gap="large")
before = state.draft()
with left:
    problems = steps_view.choose()
with right, st.container(key="run-panel"):
    with chrome.card("plan", "What will happen", accent=True):
        recipe = plan_view.show(state.draft(), problems)
        with st.container(key="run-bar"):
            pressed = st.button(
                "Run", type="primary", icon=":material/play_arrow:", width="stretch", disabled=recipe is None
            )
        token = state.token(pressed)
        if pressed and recipe is not None:
            started = submit(recipe, token=token, from_browser=True)
            state.go(chrome.RESULTS, run=started.id)
        chrome.follow()
    plan_view.take_along(recipe)
    open_recipe_view.show()
with way:
    chrome.way(state.draft(), chrome.OPTIMIZE)
state.keep_in_address()
if state.draft() != before and not pressed:
    st.rerun()  # the lines of the cards were drawn before their fields were read
