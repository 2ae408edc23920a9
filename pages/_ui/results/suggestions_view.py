"""What to try next where a run recommends its baseline: suggestions as buttons, with what each could gain."""

import streamlit as st

from engine import ImagesData, Report, Suggestion, suggest
from pages._ui import cards, chrome, state
from pages._ui.browser_terms import told
from pages._ui.draft import Draft, from_recipe
from pages._ui.wording import plain

ICONS = {
    "images": "photo_library",
    "copies": "content_copy",
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
    """Draws the suggestions, the most promising first; nothing where a variant is better than the baseline."""
    suggestions = suggest(report.run_id)
    if not suggestions:
        return
    st.header("What to try next", anchor=False)
    with st.grid(3, min_column_width=250, gap="small"):
        for suggestion in suggestions:
            with chrome.card(f"next-{suggestion.code}", fill=True):
                st.markdown(f"**{plain(suggestion.title)}**")
                st.markdown(told(suggestion.text))
                st.caption(BASES[suggestion.basis].capitalize())
                _button(report, suggestion)


def _button(report: Report, suggestion: Suggestion) -> None:
    """Draws the button that goes where the suggestion can be carried out."""
    icon = f":material/{ICONS[suggestion.code]}:"
    if suggestion.code == "hardware":
        st.button(
            "Take the recipe there",
            icon=icon,
            key="next-go-hardware",
            on_click=state.set_widget,
            args=("view", "How it was measured"),
        )
    elif suggestion.code == "images":
        if st.button("Choose the images", icon=icon, key="next-go-images"):
            state.replace_draft(_draft_of(report))
            state.go(chrome.DATA)
    elif suggestion.code == "copies":
        if st.button("Leave them out", icon=icon, key="next-go-copies"):
            state.replace_draft(_without_copies(_draft_of(report)))
            state.go(chrome.OPTIMIZE)
    elif suggestion.code == "architecture":
        label = "See what it measured" if suggestion.basis == "measured_here" else "Ask the advisor"
        if st.button(label, icon=icon, key="next-go-architecture"):
            state.replace_draft(_draft_of(report))
            state.go(chrome.MODEL, source=chrome.SOURCES[report.recipe.model.kind])
    elif st.button("Set it up", icon=icon, key=f"next-go-{suggestion.code}"):
        new = _draft_of(report)
        if suggestion.steps is not None:
            new = new.replace(name=None, cards=cards.of_chain(suggestion.steps), alone=False, chains=None)
        state.replace_draft(new.replace(target=suggestion.target) if suggestion.target is not None else new)
        state.go(chrome.OPTIMIZE)


def _draft_of(report: Report) -> Draft:
    """The draft of the run's recipe."""
    return from_recipe(report.recipe)


def _without_copies(draft: Draft) -> Draft:
    """The draft without the evaluation images that are copies of others, byte for byte."""
    if not isinstance(draft.data, ImagesData):
        return draft
    return draft.replace(data=draft.data.model_copy(update={"leave_out": "duplicates"}))
