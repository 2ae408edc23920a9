"""The finished run that a page is about. The address holds it."""

import streamlit as st

from engine import Job, NotFoundError, job, list_jobs
from pages._ui import state
from pages._ui.wording import ago, plain

MOST_LISTED = 100
"""The largest number of the newest runs that are looked at for those that have finished."""
PARAM = "run"


def finished_runs() -> dict[str, Job]:
    """By their ids, the newest first; the one that the address names is among them however old it is."""
    asked = state.param(PARAM)
    return {run.id: run for run in (*list_jobs("run", MOST_LISTED), *_named(asked)) if run.state == "done"}


def choose(runs: dict[str, Job], key: str, help: str | None = None) -> str:
    """Draws the choice among these, at least one; the id of the chosen one."""
    asked = state.param(PARAM)
    if asked is not None and asked not in runs:
        st.warning(
            f"There is no finished run '{plain(asked)}' here: choose another one below.", icon=":material/link_off:"
        )
    names = {id: f"{run.name} · {ago(run.created)} · {id[:6]}" for id, run in runs.items()}
    chosen = st.selectbox(
        "Run",
        list(names),
        index=list(names).index(asked) if asked in names else 0,
        format_func=lambda id: names.get(id, id),
        key=key,
        width=420,
        help=help,
    )
    state.set_param(PARAM, chosen)
    return str(chosen)


def _named(id: str | None) -> tuple[Job, ...]:
    """The run of this id, where there is one."""
    try:
        found = job(id) if id is not None else None
    except NotFoundError:
        return ()
    return (found,) if found is not None and found.kind == "run" else ()
