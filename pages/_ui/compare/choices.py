"""What is compared: the runs, and of their variants all or some. The address has both by their ids."""

from collections.abc import Sequence

import streamlit as st

from engine import Job, NotFoundError, RunComparison, charts, job
from pages._ui import state
from pages._ui.wording import ago, plain

RUNS, VARIANTS = "runs", "only"
"""The parameters of the address. Streamlit itself would write labels, of which those of runs change as time goes by,
and leave out what a page begins with, which changes with every run."""
FIRST_RUNS = 2


def runs(listed: Sequence[Job]) -> tuple[list[str], dict[str, str]]:
    """Draws the choice of runs; the ids that are chosen, in their order, and the labels of all."""
    asked = [id for id in (state.param(RUNS) or "").split(",") if id]
    known = {run.id: run for run in listed}
    gone = []
    for id in asked:
        if id not in known:
            try:
                known[id] = job(id)
            except NotFoundError:
                gone.append(id)
    names = {run.id: f"{run.name} · {ago(run.created)} · {run.id[:6]}" for run in known.values()}
    ids = st.multiselect(
        "Runs",
        list(names),
        default=[id for id in asked if id in names] or _first(listed),
        format_func=lambda id: names.get(id, id),
        key="with",
        placeholder="Choose runs",
        help="The first one is what the others are held against.",
    )
    if gone:
        st.caption(f"Not here any more: {plain(', '.join(gone))}.")
    state.set_param(RUNS, ",".join(ids) or None)
    return ids, names


def _first(listed: Sequence[Job]) -> list[str]:
    """The newest runs that have ended well: others may have measured nothing."""
    done = [run.id for run in listed if run.state == "done"]
    return (done or [run.id for run in listed])[:FIRST_RUNS]


def variants(comparison: RunComparison) -> RunComparison:
    """Draws the choice of variants; the comparison of those that are chosen, or of all where none is."""
    labels = {
        charts.variant_key(one): f"{one.label} · {one.run_name} · {one.variant_id[:6]}" for one in comparison.variants
    }
    keys = st.multiselect(
        "Variants",
        list(labels),
        default=state.address_ids(VARIANTS, labels) or [],
        format_func=lambda key: labels.get(key, key),
        key="only-variants",
        placeholder="All",
        help="Only these are drawn and listed; changes of size stay those from the first run's baseline.",
    )
    state.set_param(VARIANTS, ",".join(keys) or None)
    if not keys:
        return comparison
    shown = tuple(one for one in comparison.variants if charts.variant_key(one) in keys)
    return comparison.model_copy(update={"variants": shown})
