"""The graph that onnxruntime makes of a file on this machine, as a second file that opens sooner."""

import streamlit as st

from engine import (
    OPTIMIZED_FILE,
    Job,
    OptimizedGraph,
    Report,
    RequestError,
    Spread,
    Variant,
    find_save_optimized,
    result,
    result_file,
    start_save_optimized,
    this_machine,
    times_as_fast,
)
from engine.wording import many, size_text, slug
from pages._ui import chrome, live
from pages._ui.guard import guarded, show_error
from pages._ui.wording import milliseconds, plain


def show(report: Report, variant: Variant) -> None:
    """Draws the offer for a variant, the job under way, or the file with what it saves."""
    runtime = variant.latency.runtime if variant.latency else report.target_of(variant).runtime
    if runtime != "onnxruntime":
        st.caption(
            "There is no saved graph for OpenVINO: it keeps compiled models in a cache of its own, where its option "
            "CACHE_DIR names a folder."
        )
        return
    try:
        job = find_save_optimized(report.run_id, variant.id)
    except RequestError as error:
        show_error(error.message, error.next)
        return
    with chrome.card(
        "optimized",
        "The graph as this machine runs it",
        "onnxruntime rewrites the file for the processor whenever it opens it. Saved once, that opens sooner",
    ):
        if job is not None and job.state == "done":
            graph = result(job.id)
            if isinstance(graph, OptimizedGraph):
                _graph(report, variant, job, graph)
        elif job is not None and job.state not in live.ENDED:
            live.watch(job.id, live.with_cancel)
        else:
            _start_card(report, variant, job)


def _start_card(report: Report, variant: Variant, job: Job | None) -> None:
    if job is not None and job.error:
        show_error(job.error.text, job.error_next)
    st.caption(
        f"It belongs to {plain(_here(report, variant))}: "
        "elsewhere it may not load, or run slower. The ONNX file above runs everywhere."
    )
    if st.button("Save the optimised graph", icon=":material/bolt:", key="save-optimized"):
        with guarded():
            start_save_optimized(report.run_id, variant.id)
            st.rerun()


def _here(report: Report, variant: Variant) -> str:
    """What a graph that is saved now is bound to, and what the run was measured on where that is something else."""
    machine, target = this_machine(), report.target_of(variant)
    names = [name for name in machine.versions if name.startswith("onnxruntime")]
    runtime = f"onnxruntime {machine.versions[names[0]]}" if names else "onnxruntime"
    measured = report.standing_measurement or report.environment
    is_other = measured.cpu != machine.cpu
    hardware = f"this processor ({machine.cpu})"
    if target.on_cuda and machine.graphics_cards:
        hardware = f"this card ({', '.join(dict.fromkeys(machine.graphics_cards))})"
        is_other = measured.graphics_cards != machine.graphics_cards
    there = f", not to {report.latency_hardware}, which the run was measured on" if is_other else ""
    return f"{hardware} and this {runtime}{there}"


def _graph(report: Report, variant: Variant, job: Job, graph: OptimizedGraph) -> None:
    """Draws what was measured, the download, and what the file is bound to."""
    equal = (
        "Its outputs are equal to the file's"
        if graph.worst_difference == 0
        else f"Its outputs differ by {graph.worst_difference:.1g} of the largest at most, which is rounding"
    )
    speed = "" if graph.latency is None else f"; its calls are {times_as_fast(graph.latency, 'those of the file')}"
    st.markdown(
        f"It opens in **{_range(graph.optimized_load_ms)}**, the file in {_range(graph.load_ms)}: medians and ranges "
        f"of {many(graph.n_loads, 'pair')}. {equal}{speed}."
    )
    path = result_file(job.id, OPTIMIZED_FILE)
    st.download_button(
        f"Download the optimised graph, {size_text(graph.size_bytes)}",
        lambda: path.open("rb"),
        file_name=f"{slug(variant.label)}-{report.run_id}-{variant.id}-optimized.onnx",
        mime="application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        key=f"download-optimized-{variant.id}",
    )
    st.warning(
        f"Bound to {plain(graph.bound_to)}: "
        "elsewhere it may not load, or run slower. Make it anew there, or take the ONNX file.",
        icon=":material/memory:",
    )
    st.caption("SHA-256 of its bytes. It is opened by the same code as the file")
    st.code(graph.sha256, language=None, wrap_lines=True)


def _range(value: Spread) -> str:
    return f"{milliseconds(value.median)} ({value.low:.3g} to {value.high:.3g})"
