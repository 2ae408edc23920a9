"""What a run will do, before it does it: in words, with an estimate, as a recipe and as a command."""

import re

import streamlit as st

from engine import Recipe, RequestError, describe, dump_recipe, estimate, resolve
from pages._ui.draft import Draft
from pages._ui.guard import say
from pages._ui.wording import duration, plain


def show(draft: Draft) -> Recipe | None:
    """The plan of a recipe that can run, or the reason why it cannot and None."""
    try:
        recipe = draft.recipe()
        resolved = resolve(recipe, from_browser=True)
        words, time = describe(resolved), estimate(resolved)
    except RequestError as error:
        say(error.message, error.next)
        return None
    st.markdown("\n".join(f"{number}. {plain(line)}" for number, line in enumerate(words, start=1)))
    phases = [f"{plain(phase)}: {duration(seconds)}" for phase, seconds in time.phases.items()]
    st.metric("Estimated time, not a measurement", f"about {duration(time.seconds)}",
              help="  \n".join(phases))  # fmt: skip
    return recipe


def not_yet() -> None:
    """In place of a plan, while the settings of a step are refused on its card."""
    st.info("Correct the settings that are marked, and what will happen stands here.", icon=":material/edit:")


def take_along(recipe: Recipe | None) -> None:
    """The same run as a file and as a command line."""
    if recipe is None:
        return
    text, name = dump_recipe(recipe), f"{_slug(recipe.name)}.yaml"
    with st.expander("The same as a recipe and a command", icon=":material/terminal:"):
        st.code(f"python -m engine optimize {name} --out results", language="bash", wrap_lines=True)
        st.code(text, language="yaml", height=260)
        st.download_button("Save the recipe", text, file_name=name, mime="application/yaml", on_click="ignore",
                           icon=":material/download:")  # fmt: skip


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "recipe"
