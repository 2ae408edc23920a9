"""Optimize: what to try, the target and the budget, the plan, and the button that runs it."""

import streamlit as st

from engine import submit
from pages._ui import chrome, state
from pages._ui.optimize import open_recipe_view, plan_view, steps_view

chrome.ensure_app()
chrome.heading("Optimize", "Choose what to try. The baseline is measured by itself, as the first variant of the run.")
open_recipe_view.restore()
top = st.container()
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
            run = submit(recipe, token=token, from_browser=True)
            state.go(chrome.RESULTS, run=run.id)
        chrome.go_to_submitted_run()
    plan_view.show_recipe(recipe)
    open_recipe_view.show()
with top:
    chrome.stepper(state.draft(), chrome.OPTIMIZE)
state.write_address()
if state.draft() != before and not pressed:
    st.rerun()  # the line of a card is drawn before its fields are read
