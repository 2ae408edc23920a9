"""What a fresh process waits for until each variant is open, and the memory that it then has."""

import plotly.graph_objects as go

from engine.charts.intervals import Interval, add_intervals
from engine.charts.scales import amounts
from engine.charts.size import BYTES_PER_MB
from engine.charts.style import canvas, figures
from engine.results import ColdStart, Report
from engine.wording import size_text


def cold_start(report: Report) -> go.Figure:
    """A row a variant: the median time until its session is open, in ms, with the range as a whisker.

    Bars from zero, or points on a logarithmic axis where the times span more than ten times.
    """
    measured = {variant.id: variant.cold_start for variant in report.main_variants if variant.cold_start is not None}
    intervals = {id: _interval(one) for id, one in measured.items()}
    figure = canvas(_alt(report, measured), x_title="Time until the session is open, ms")
    ends = [end for one in intervals.values() for end in (one.low, one.value, one.high)]
    add_intervals(figure, report, intervals, amounts(ends), bars=True)
    return figure


def memory(report: Report) -> go.Figure:
    """A row a variant: the median peak of resident memory until after the first call, in MB (10^6 bytes).

    That of the runtime's import is not in it. Bars from zero, or points on a logarithmic axis where the values span
    more than ten times.
    """
    measured = {variant.id: variant.cold_start for variant in report.main_variants if variant.cold_start is not None}
    intervals = {id: _memory_interval(one) for id, one in measured.items()}
    texts = ", ".join(
        f"{variant.label} {size_text(int(measured[variant.id].session_bytes.median))}"
        for variant in report.main_variants
        if variant.id in measured
    )
    of_host = " of the host" if any(one.memory_text for one in measured.values()) else ""
    title = f"Resident memory{of_host} at its peak, MB"
    figure = canvas(f"Peak memory{of_host} of a session: {texts}", x_title=title)
    ends = [end for one in intervals.values() for end in (one.low, one.value, one.high)]
    add_intervals(figure, report, intervals, amounts(ends), bars=True)
    return figure


def _memory_interval(cold_start: ColdStart) -> Interval:
    peak = cold_start.session_bytes
    return Interval(
        value=peak.median / BYTES_PER_MB,
        low=peak.low / BYTES_PER_MB,
        high=peak.high / BYTES_PER_MB,
        text=size_text(int(peak.median)),
        hover=f"{size_text(int(peak.median))} ({size_text(int(peak.low))} to {size_text(int(peak.high))}), and "
        f"{size_text(int(cold_start.import_bytes.median))} of {cold_start.runtime} itself",
    )


def _interval(cold_start: ColdStart) -> Interval:
    load, call = cold_start.load_ms, cold_start.first_call_ms
    return Interval(
        value=load.median,
        low=load.low,
        high=load.high,
        text=f"{figures(load.median)} ms, first call {figures(call.median)}",
        hover=f"opens in {load.median:.3g} ms ({load.low:.3g} to {load.high:.3g})<br>"
        f"first call {call.median:.3g} ms ({call.low:.3g} to {call.high:.3g})",
    )


def _alt(report: Report, measured: dict[str, ColdStart]) -> str:
    texts = ", ".join(
        f"{variant.label} {figures(one.load_ms.median)} ms ({figures(one.load_ms.low)} to {figures(one.load_ms.high)})"
        for variant in report.main_variants
        if (one := measured.get(variant.id)) is not None
    )
    return f"Time until a fresh process has opened the file, median and range: {texts}"
