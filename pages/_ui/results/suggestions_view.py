"""What comes next where a run kept its baseline: each way as a button, with what it could bring where that is known."""

import streamlit as st

from engine import Report, Suggestion, suggest
from pages._ui import cards, chrome, state
from pages._ui.draft import Draft, from_recipe
from pages._ui.wording import plain, sentence

ICONS = {
    "images": "photo_library",
    "train": "school",
    "qat": "fitness_center",
    "quantize": "flag",
    "prune": "content_cut",
    "distill": "school",
    "architecture": "network_node",
    "hardware": "memory",
    "threads": "memory",
    "batch": "stacks",
}
BASES = {
    "measured_here": "measured on this machine",
    "measured_elsewhere": "measured on another machine",
    "published": "published",
    "unknown": "not known for this model",
}


def show(report: Report) -> None:
    """The ways on, the likeliest first; nothing where the run found something better than its baseline."""
    ways = suggest(report.run_id)
    if not ways:
        return
    st.header("What to try next", anchor=False)
    with st.grid(3, min_column_width=250, gap="small"):
        for way in ways:
            with chrome.card(f"next-{way.code}", fill=True):
                st.markdown(f"**{plain(way.title)}**")
                st.markdown(plain(sentence(way.text)))
                st.caption(BASES[way.basis].capitalize())
                _button(report, way)


def _button(report: Report, way: Suggestion) -> None:
    icon = f":material/{ICONS[way.code]}:"
    if way.code == "hardware":
        st.button(
            "Take the recipe there",
            icon=icon,
            key="next-go-hardware",
            on_click=state.turn,
            args=("view", "How it was measured"),
        )
    elif way.code == "images":
        if st.button("Choose the images", icon=icon, key="next-go-images"):
            state.replace_draft(_again(report))
            state.go(chrome.DATA)
    elif way.code == "architecture":
        label = "See what it measured" if way.basis == "measured_here" else "Ask the advisor"
        if st.button(label, icon=icon, key="next-go-architecture"):
            state.replace_draft(_again(report))
            state.go(chrome.MODEL, source=chrome.SOURCES[report.recipe.model.kind])
    elif st.button("Set it up", icon=icon, key=f"next-go-{way.code}"):
        new = _again(report)
        if way.steps is not None:
            new = new.changed(name=None, cards=cards.of_chain(way.steps), alone=False, chains=None)
        state.replace_draft(new.changed(target=way.target) if way.target is not None else new)
        state.go(chrome.OPTIMIZE)


def _again(report: Report) -> Draft:
    """The project of the run, to go on from."""
    return from_recipe(report.recipe)
