"""The server in the bundle, measured on this machine: batches, the cache, and the setting that answers in time."""

import streamlit as st

from engine import (
    Bundle,
    Job,
    Report,
    RequestError,
    ServeBench,
    ServeBenchRequest,
    SettingsError,
    cancel,
    charts,
    estimate_serving,
    find_bundle,
    result,
    serve_benches_of,
    start_serve_bench,
)
from pages._ui import chrome, linked_analysis, live, notes_view, state, variant_choice
from pages._ui.guard import show_error
from pages._ui.ship import serving_choice_view, serving_cost_view, serving_table
from pages._ui.wording import roughly, sentence

PARAM = "serving"
"""The parameter of the address that holds the job."""
SIZES, WAITS = (1, 2, 4, 8, 16, 32), (1.0, 2.0, 5.0, 10.0, 20.0)
HELP = (
    "The bundle holds `serve.py`: a server that answers one image a request, collects requests that come together into "
    "one call of the model (dynamic batching), and answers an image that it has seen out of its memory. Whether that "
    "pays depends on the model and the machine: here it is started and measured."
)


def show(report: Report) -> None:
    """Draws the newest measurement of the chosen variant's server, or the form for one."""
    benches = serve_benches_of(report.run_id, state.param(PARAM))
    linked = linked_analysis.named(PARAM, benches)
    first = linked.variant if linked is not None else None
    variant = variant_choice.choose(report, label="Variant to serve", param="serve", linked=first)
    if variant is None:
        return
    id = variant.id
    job = linked_analysis.newest(PARAM, [job for job, request in benches if request.variant == id])
    state.set_param(PARAM, job.id if job is not None else None)
    if job is not None and job.state not in live.ENDED:
        with chrome.card("serving", "Measuring the server"):
            live.watch(job.id, _progress)
        return
    bench = result(job.id) if job is not None else None
    if job is None or not isinstance(bench, ServeBench) or not bench.measured:
        with chrome.card("serving", "Served from here", "Batches and the cache, measured under load"):
            _nothing(job)
            st.markdown(HELP)
            _form(report, id)
        return
    _outcome(report, job, bench, id)
    with st.expander("Measure again, or at other settings", icon=":material/refresh:"):
        _form(report, id)


def _form(report: Report, id: str) -> None:
    packed = _bundle(report, id)
    if packed is None:
        st.info("Make the bundle of this variant first: it is what is measured.", icon=":material/package_2:")
        return
    fields = ServeBenchRequest.model_fields
    sizes = st.pills(
        "Images a call, at most",
        SIZES,
        selection_mode="multi",
        default=fields["batch_sizes"].default,
        key="serving-sizes",
        help="1 answers one after the other.",
    )
    waits = st.pills(
        "Wait for a batch, ms",
        WAITS,
        selection_mode="multi",
        default=fields["timeouts_ms"].default,
        format_func=lambda ms: f"{ms:g}",
        key="serving-waits",
        help=fields["timeouts_ms"].description,
    )
    limit = st.number_input(
        "99 of 100 answers within, ms (optional)",
        min_value=0.1,
        value=None,
        format="%g",
        key="serving-limit",
        width=300,
        help=fields["max_p99_ms"].description,
    )
    values = {"batch_sizes": tuple(sizes), "timeouts_ms": tuple(waits), "max_p99_ms": limit}
    ready = bool(sizes and waits)
    pressed = st.button(
        "Measure the server", type="primary", icon=":material/network_check:", key="serving-start", disabled=not ready
    )
    token = state.token(pressed)
    if not ready:
        st.caption("Choose at least one size and one wait.")
        return
    try:
        seconds = estimate_serving(**values).seconds
        st.caption(
            f"{sentence(roughly(seconds) + ', estimated')} It listens on this machine alone, and stops by itself. "
            "Requests come at random, some images more often than others. Stop it at any time: what was measured stays."
        )
        if pressed:
            mine = {"run": report.run_id, "variant": id, **values}
            state.set_param(PARAM, start_serve_bench(packed.id, token=token, **mine).id)
            st.rerun()
    except (RequestError, SettingsError) as error:
        show_error(error.message, error.next)


def _bundle(report: Report, id: str) -> Job | None:
    """The finished job of this variant's bundle, by whatever it proves itself."""
    for golden in ("evaluation", "noise"):
        job = find_bundle(report.run_id, [id], golden)
        if job is not None and job.state == "done" and isinstance(result(job.id), Bundle):
            return job
    return None


def _progress(job: Job) -> None:
    live.progress(job)
    if st.button("Stop, and keep what was measured", icon=":material/stop:", key="serving-stop", type="tertiary"):
        cancel(job.id)
    so_far = result(job.id)
    if isinstance(so_far, ServeBench):
        serving_table.show(so_far)


def _nothing(job: Job | None) -> None:
    """Draws why the last measurement of the server left no figure."""
    if job is None:
        return
    if job.state == "failed" and job.error is not None:
        show_error(job.error.text, job.error_next)
    else:
        st.caption("The last measurement was stopped before it had a figure.")


def _outcome(report: Report, job: Job, bench: ServeBench, id: str) -> None:
    if job.state == "failed" and job.error is not None:
        show_error(job.error.text, job.error_next)
    notes_view.show(bench.warnings)
    limit = st.number_input(
        "99 of 100 answers within, ms",
        min_value=0.1,
        value=None,
        format="%g",
        key=state.seeded_key(f"serving-within-{job.id}", bench.max_p99_ms),
        placeholder="any time",
        width=300,
        help="It only decides which setting is the best: nothing is measured again.",
    )
    with chrome.card("serving-chart", "The server under load", "Right and down is better."):
        for cached, title in ((False, "Every image is new"), (True, "With its cache of replies")):
            if any(cell.cached == cached for cell in bench.measured):
                st.markdown(f"**{title}**")
                chrome.chart(charts.serving(bench, limit, cached=cached), f"serving-chart-{cached}")
        st.caption(
            f"{bench.n_clients} clients; {bench.n_images} different images, asked for as Zipf's law with "
            f"{bench.zipf:g} says. Without the cache every image goes through the model. Whiskers: lowest and highest "
            "of the repeats."
        )
        serving_table.show(bench)
    serving_choice_view.show(report, bench, id, limit)
    serving_cost_view.show(bench, limit)
