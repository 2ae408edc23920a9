"""What to try, where it will run, what is acceptable; what will happen; and Run."""

import streamlit as st

from engine import submit
from pages._ui import chrome, opening_view, plan_view, state, steps_view

chrome.enter()
chrome.heading("Optimize", "Choose what to try. The baseline is measured by itself, as the first variant of the run.")
opening_view.restore()
way = st.container()
left, right = st.columns([1.35, 1], gap="large")
with left:
    sound = steps_view.choose()
with right, chrome.card("plan", "What will happen", accent=True):
    recipe = plan_view.show(state.draft()) if sound else plan_view.not_yet()
    pressed = st.button("Run", type="primary", icon=":material/play_arrow:", width="stretch", disabled=recipe is None)
    token = state.token(pressed)
    if pressed and recipe is not None:
        started = submit(recipe, token=token, from_browser=True)
        state.go(chrome.RUNS, run=started.id)
    chrome.follow()
with right:
    plan_view.take_along(recipe)
    opening_view.show()
with way:
    chrome.way(state.draft(), chrome.OPTIMIZE)
state.keep_in_address()
