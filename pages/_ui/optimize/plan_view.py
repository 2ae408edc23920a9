"""The plan of a run before it starts: its description and estimate, and the same run as a recipe and a command."""

import streamlit as st

from engine import Estimate, Recipe, RequestError, describe, dump_recipe, estimate, preflight, resolve
from engine.wording import many, slug
from pages._ui import live, state
from pages._ui.draft import Draft
from pages._ui.guard import show_error
from pages._ui.wording import plain, roughly


def show(draft: Draft, problems: tuple[str, ...]) -> Recipe | None:
    """Draws the plan of the draft and returns its recipe; None with the reason on the page where it cannot run."""
    if problems:
        fields = ", ".join(dict.fromkeys(problems))
        st.info(f"Correct what is marked in red, then it can run: {plain(fields)}", icon=":material/edit:")
        return None
    try:
        recipe = draft.recipe()
        full_recipe = resolve(recipe, from_browser=True)
        lines, time, fit = describe(full_recipe), estimate(full_recipe), preflight(full_recipe, from_browser=True)
        analyses = [state.analysis(request) for request in fit.unknown]
    except RequestError as error:
        show_error(error.message, error.next)
        return None
    st.markdown("\n".join(f"{number}. {plain(line)}" for number, line in enumerate(lines, start=1)))
    phases = [f"{plain(phase)}: {roughly(seconds)}" for phase, seconds in time.phases.items()]
    st.markdown(f"**{roughly(time.seconds).capitalize()}**, estimated", help="  \n".join((*phases, _basis(time))))
    for number, one in enumerate(fit.refusals):
        show_error(one.message, one.next)
        if one.request is not None and st.button("Look again", icon=":material/refresh:", key=f"look-again-{number}"):
            state.forget(one.request)
            state.analysis(one.request)
            st.rerun()
    for job in [job for job in analyses if job.state not in live.ENDED][:1]:
        live.watch(job.id, live.progress)
    return None if fit.refusals else recipe


def _basis(time: Estimate) -> str:
    """What the estimate is made from."""
    if time.learnt_from:
        return f"Learnt from {many(time.learnt_from, 'earlier run')} here."
    return "From a formula; it learns from the runs of this home."


def show_recipe(recipe: Recipe | None) -> None:
    """Draws the same run as a recipe file and as a command line."""
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
