"""What a run will do, before it does it: in words, with an estimate, as a recipe and as a command."""

import streamlit as st

from engine import Estimate, Recipe, RequestError, describe, dump_recipe, estimate, preflight, resolve
from engine.wording import many
from pages._ui import live, state
from pages._ui.draft import Draft
from pages._ui.guard import say
from pages._ui.wording import plain, roughly, slug


def show(draft: Draft, problems: tuple[str, ...]) -> Recipe | None:
    """The plan of a recipe that can run; else the reason why it cannot, and None."""
    if problems:
        listed = ", ".join(dict.fromkeys(problems))
        st.info(f"Correct what is marked in red, then it can run: {plain(listed)}", icon=":material/edit:")
        return None
    try:
        recipe = draft.recipe()
        resolved = resolve(recipe, from_browser=True)
        words, time, fit = describe(resolved), estimate(resolved), preflight(resolved, from_browser=True)
        looking = [state.analysis(request) for request in fit.unknown]
    except RequestError as error:
        say(error.message, error.next)
        return None
    st.markdown("\n".join(f"{number}. {plain(line)}" for number, line in enumerate(words, start=1)))
    phases = [f"{plain(phase)}: {roughly(seconds)}" for phase, seconds in time.phases.items()]
    st.markdown(f"**{roughly(time.seconds).capitalize()}**, estimated", help="  \n".join((*phases, _basis(time))))
    for number, one in enumerate(fit.refusals):
        say(one.message, one.next)
        if one.request is not None and st.button("Look again", icon=":material/refresh:", key=f"look-again-{number}"):
            state.forget(one.request)
            state.analysis(one.request)
            st.rerun()
    for job in [job for job in looking if job.state not in live.ENDED][:1]:
        live.watch(job.id, live.progress)
    return None if fit.refusals else recipe


def _basis(time: Estimate) -> str:
    if time.learnt_from:
        return f"Learnt from {many(time.learnt_from, 'earlier run')} here."
    return "From a formula; it learns from the runs of this home."


def take_along(recipe: Recipe | None) -> None:
    """The same run as a file and as a command line."""
    if recipe is None:
        return
    text, name = dump_recipe(recipe), f"{slug(recipe.name)}.yaml"
    with st.expander("The same as a recipe and a command", icon=":material/terminal:"):
        st.code(f"python -m engine optimize {name} --out results", language="bash", wrap_lines=True)
        st.code(text, language="yaml")
        st.download_button(
            "Save the recipe",
            text,
            file_name=name,
            mime="application/yaml",
            on_click="ignore",
            icon=":material/download:",
        )
