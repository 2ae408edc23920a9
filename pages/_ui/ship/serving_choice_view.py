"""The best measured setting: into the bundle with it, and what a simulation says of other rates."""

import streamlit as st

from engine import (
    BUNDLE_FILE,
    Report,
    RequestError,
    ServeBench,
    ServeCell,
    charts,
    find_bundle,
    result_file,
    serve_choice,
    simulate_serving,
    start_bundle,
)
from engine.wording import many, milliseconds, percent, slug
from pages._ui import chrome, live
from pages._ui.guard import show_error


def show(report: Report, bench: ServeBench, id: str, limit_ms: float | None) -> None:
    """Draws the best setting with the cache and without it, and the bundle that is to have it."""
    cells = [cell for cached in (False, True) if (cell := bench.best_within(limit_ms, cached=cached)) is not None]
    if not cells:
        st.info(f"No setting has its p99 within {limit_ms:g} ms. Allow more time.", icon=":material/info:")
        return
    with chrome.card("serving-best", "The setting that answers most", accent=True):
        by_name = {f"{charts.setting_name(cell)}, cache {'on' if cell.cached else 'off'}": cell for cell in cells}
        names = list(by_name)
        name = st.segmented_control("For the bundle", names, default=names[-1], key="serving-best", required=True)
        cell = by_name.get(name or "", cells[-1])
        point = cell.within(limit_ms)
        if point is not None:
            chrome.metrics({"Answers a second": f"{point.per_s:,.0f}", "p99": milliseconds(point.p99_ms)})
        _into_bundle(report, bench, id, cell, limit_ms)
        if not cell.cached:
            _simulation(cell)


def _into_bundle(report: Report, bench: ServeBench, id: str, cell: ServeCell, limit_ms: float | None) -> None:
    choice = serve_choice(bench, cell, limit_ms)
    try:
        job = find_bundle(report.run_id, [id], "evaluation", choice)
    except RequestError as error:
        show_error(error.message, error.next)
        return
    if job is not None and job.state == "done":
        path = result_file(job.id, BUNDLE_FILE)
        st.download_button(
            "Download the bundle with this setting",
            lambda: path.open("rb"),
            file_name=f"{slug(bench.label)}-{report.run_id}.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            key="serving-download",
        )
    elif job is not None and job.state not in live.ENDED:
        live.watch(job.id, live.with_cancel)
    elif st.button("Make the bundle with this setting", icon=":material/package_2:", key="serving-pack"):
        start_bundle(report.run_id, [id], "evaluation", choice)
        st.rerun()


def _simulation(cell: ServeCell) -> None:
    """Draws what the simulated queue says, or why it says nothing."""
    if cell.disagreement is None or cell.per_s is None:
        return
    off = percent(cell.disagreement)
    loads = many(len(cell.simulated), "measured load")
    st.markdown("**Other rates, simulated**")
    rate = st.number_input(
        "Requests a second",
        min_value=0.1,
        value=max(0.1, round(0.5 * cell.per_s, 1)),
        format="%g",
        key="serving-rate",
        width=200,
    )
    try:
        figures = simulate_serving(cell, rate)
    except RequestError as error:
        show_error(error.message, error.next)
        return
    if figures is None:
        st.caption(
            f"Not offered: a simulation of the queue from the measured service times was up to {off} off at the "
            f"{loads}, and beyond 25 % it says nothing of others."
        )
        return
    st.caption(
        f"An estimate, not a measurement: {figures.per_s:,.0f} answers a second, p99 {milliseconds(figures.p99_ms)}. "
        f"At the {loads} the simulation was up to {off} off."
    )
