"""How close the files of a run, or a model, come to what this machine can do, and what bounds them."""

import pandas as pd
import streamlit as st

from engine import (
    DATA_TYPES,
    FeatherweightError,
    Peaks,
    Roofline,
    RooflinePoint,
    Workloads,
    charts,
    result,
    roofline,
)
from engine.wording import percent, size_text
from pages._ui import chrome, live
from pages._ui.browser_terms import told
from pages._ui.guard import show_error
from pages._ui.machine.subject import Subject
from pages._ui.wording import milliseconds, plain

BOUNDS = {
    "compute": "Compute: fewer operations or a faster data type help.",
    "memory": "Memory: a smaller file or smaller activations help.",
    "overhead": "Overhead: fewer nodes, other operators, threads or a larger batch help.",
}
"""What bounds a file, and what helps."""


def show(subject: Subject, peaks: Peaks | None) -> Workloads | None:
    """Draws the roofline, or what is missing without peaks or a subject; returns the workloads once they are there."""
    with chrome.card(
        "roofline", "How close to the limit", "The roofline: what arithmetic and memory allow, and what a file achieves"
    ):
        if peaks is None:
            st.markdown("Measure this machine first; the ceilings of this chart are its peaks.")
            return None
        if subject == Subject():
            chrome.chart(charts.roofline(Roofline(name="", points=()), peaks), "roofline")
            st.caption(
                "These are the ceilings of this machine. Choose a finished run or a model above, and each of its files "
                "is a point."
            )
            return None
        return _of_subject(subject, peaks)


def _of_subject(subject: Subject, peaks: Peaks) -> Workloads | None:
    try:
        request = subject.request()
        if request is None:
            return None
        job = live.follow_analysis(request, "Counting what each file computes and moves, and timing a model.")
    except FeatherweightError as error:
        show_error(error.message, error.next)
        return None
    counted = result(job.id) if job else None
    if not isinstance(counted, Workloads):
        return None
    placed = roofline(counted, peaks)
    chrome.chart(charts.roofline(placed, peaks), "roofline")
    if placed.points:
        st.table(
            pd.DataFrame([_row(number, point) for number, point in enumerate(placed.points, 1)]),
            border="horizontal",
            hide_index=True,
            alt="Files below the roofline",
        )
        for bound in dict.fromkeys(point.bound for point in placed.points):
            st.markdown(f"- {BOUNDS[bound]}")
        st.caption(_legend(peaks))
    for note in placed.skipped:
        st.caption(told(note.text))
    return counted


def _row(number: int, point: RooflinePoint) -> dict[str, str]:
    rest_us = 1000 * max(0.0, point.measured_ms - max(point.compute_ms, point.memory_ms)) / max(point.n_nodes, 1)
    return {
        "": str(number),
        "File": plain(point.label),
        "Of its roof": percent(point.share),
        "Bound by": point.bound,
        "Mostly": DATA_TYPES[point.data_type],
        "Achieves": f"{point.achieved:.3g} · 10⁹/s",
        "Computes": f"{point.operations / 1e9:.3g} · 10⁹",
        "Moves": size_text(round(point.bytes)),
        "Arithmetic alone": milliseconds(point.compute_ms),
        "Memory alone": milliseconds(point.memory_ms),
        "Measured": milliseconds(point.measured_ms),
        "The rest, a node": f"{rest_us:.2g} µs",
    }


def _legend(peaks: Peaks) -> str:
    estimate = (
        " Some of the peaks are at least those of a fastest call, so the shares are at most these."
        if peaks.is_estimate
        else ""
    )
    return (
        "Computes: two operations a multiply-add of Conv, Gemm and MatMul, in a call. Moves is an estimate from the "
        "graph: its weights once a call, its input, and every tensor between layers written once and read once; "
        "activation functions are counted with the layer before them, and caches are not known. The least time of a "
        "call is the larger of its arithmetic alone, each operation at the peak of its kind and data type, and its "
        "memory alone, at the bandwidth; of its roof is that time divided by the measured median. Bound by overhead "
        "means that it is less than half: operators without multiply-adds, the start of each node, threads that wait. "
        f"Over 100 % is possible, where caches hold what was counted as moved.{estimate}"
    )
