"""What each data type is worth here: peaks measured through the runtimes, and the bandwidth of the memory."""

import pandas as pd
import streamlit as st

from engine import (
    DATA_TYPES,
    OPERATIONS,
    RUNTIME_TITLES,
    Job,
    Peak,
    Peaks,
    PeaksRequest,
    Rate,
    estimate,
    peaks_request,
    result,
)
from engine.wording import many
from pages._ui import chrome, linked_analysis, live, notes_view
from pages._ui.browser_terms import told
from pages._ui.guard import show_error
from pages._ui.wording import ago, roughly, sentence

ADDRESS = "peaks"
TITLES = {name: title[0].upper() + title[1:] for name, title in OPERATIONS.items()}
MEASURE, ANEW = "Measure this machine", "Measure anew"


def show(threads: int | None) -> Peaks | None:
    """Draws the peaks with so many threads, None for all cores; returns them once they are measured."""
    request = peaks_request(threads)
    with chrome.card("peaks", "What each data type is worth here", _threads_text(request)):
        job = linked_analysis.find(ADDRESS, request)
        if job is None:
            _start_button(request, MEASURE)
        elif job.state not in live.ENDED:
            live.watch(job.id, live.with_cancel)
        else:
            return _ended(request, job)
    return None


def _threads_text(request: PeaksRequest) -> str:
    threads = "all cores" if request.threads is None else many(request.threads, "thread")
    return f"The most that this machine does through onnxruntime and OpenVINO, on the CPU with {threads}"


def _start_button(request: PeaksRequest, label: str, replaces: Job | None = None) -> None:
    """Draws the button that measures, and what that takes; `replaces` is an earlier measurement, which goes."""
    if replaces is None:
        st.markdown(
            "A GEMM, a dense and a depthwise convolution are timed in every data type that the runtimes compute in, "
            "and the memory beside them. It shows what INT8 or 16-bit floats can bring at the most here, and below, "
            "how close the files of a run come to that."
        )
    pressed = st.button(label, icon=":material/speed:", type="secondary" if replaces else "primary", key="ask-peaks")
    st.caption(f"{sentence(roughly(estimate(request).seconds))} Nothing else measures meanwhile; you can stop it.")
    if pressed:
        linked_analysis.start_anew(ADDRESS, request, replaces)


def _ended(request: PeaksRequest, job: Job) -> Peaks | None:
    found = result(job.id)
    if job.state == "failed" and job.error:
        show_error(job.error.text, job.error_next)
    if job.state == "cancelled":
        st.info("Stopped before it was done.", icon=":material/pause_circle:")
    if isinstance(found, Peaks):
        notes_view.show(found.warnings)
        _table(found)
        st.caption(
            f"Measured {ago(job.finished or job.created)}, kept for this machine and these versions of the runtimes."
        )
    _start_button(request, ANEW if isinstance(found, Peaks) else MEASURE, job if job.state == "done" else None)
    return found if isinstance(found, Peaks) else None


def _table(peaks: Peaks) -> None:
    """Draws a row for each runtime and data type, and the memory."""
    kinds = dict.fromkeys((one.runtime, one.data_type) for one in peaks.peaks)
    rows = [_row([one for one in peaks.peaks if (one.runtime, one.data_type) == kind]) for kind in kinds]
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt="Peaks by runtime and data type")
    if peaks.bandwidth is not None:
        st.markdown(
            f"Memory: **{_rate(peaks.bandwidth)} GB/s**, read and written by sums over a large tensor through "
            "onnxruntime."
        )
    st.caption(
        "10⁹ operations a second (GFLOP/s, of INT8 GOP/s), two a multiply-add, from calls that nothing disturbed, in "
        "interleaved rounds; behind ± half of the 95 % interval. INT8 is QDQ: U8 activations, S8 weights per channel. "
        "Depthwise convolutions do few operations a byte, so that memory and caches bound them in every data type."
    )
    reasons = {one.reason for one in peaks.peaks if one.reason}
    for reason in sorted(reasons):
        st.caption(told(reason))


def _row(peaks: list[Peak]) -> dict[str, str]:
    cells = {TITLES[one.operation]: _rate(one.rate) if one.rate else "–" for one in peaks}
    return {
        "Runtime": RUNTIME_TITLES[peaks[0].runtime],
        "Data type": DATA_TYPES[peaks[0].data_type],
        **cells,
    }


def _rate(rate: Rate) -> str:
    """A rate with half of its interval, or what the machine does at least."""
    if rate.measured is None or rate.low is None or rate.high is None:
        return f"at least {_digits(rate.fastest)}"
    return f"{_digits(rate.measured)} ± {_digits((rate.high - rate.low) / 2)}"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
