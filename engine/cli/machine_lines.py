"""This machine's peaks and the roofline as lines of text."""

from engine.cli.lines import table
from engine.results.machine import DATA_TYPES, OPERATIONS, RUNTIME_TITLES, Peaks, Rate, Roofline, RooflinePoint
from engine.wording import many, percent, size_text


def of_peaks(peaks: Peaks) -> list[str]:
    """A row for each runtime and data type, then the memory, then what is to be known of the figures."""
    kinds = dict.fromkeys((one.runtime, one.data_type) for one in peaks.peaks)
    rows = [("peaks", "", *OPERATIONS.values())]
    for runtime, data_type in kinds:
        rates = (peaks.peak(runtime, operation, data_type) for operation in OPERATIONS)
        rows.append(
            (RUNTIME_TITLES[runtime], DATA_TYPES[data_type], *(_rate_text(rate) if rate else "-" for rate in rates))
        )
    memory = [f"memory: {_rate_text(peaks.bandwidth)} GB/s through onnxruntime"] if peaks.bandwidth else []
    unit = f"in 10^9 operations a second, two a multiply-add, with {many(peaks.threads, 'thread')} (95 % interval)"
    reasons = sorted({one.reason for one in peaks.peaks if one.reason})
    return [*table(rows), unit, *memory, *reasons, *(f"{note.code}: {note.text}" for note in peaks.warnings)]


def of_kept_peaks(threads: int | None) -> str:
    """That the peaks were measured earlier, and how they are measured anew."""
    options = f" --threads {threads}" if threads is not None else ""
    return f"these peaks were measured here earlier and kept; hardware --peaks{options} measures them anew"


def _rate_text(rate: Rate) -> str:
    if rate.measured is None or rate.low is None or rate.high is None:
        return f"at least {rate.fastest:.3g}"
    return f"{rate.measured:.3g} ({rate.low:.3g} to {rate.high:.3g})"


def of_roofline(roofline: Roofline) -> list[str]:
    """A row for each file: what it computes and moves, what it achieves, and what bounds it."""
    head = ("file", "mostly", "10^9 operations", "moves, estimated", "10^9/s", "of its roof", "bound by")
    rows = table([head, *(_point(one) for one in roofline.points)]) if roofline.points else []
    warnings = (f"{note.code}: {note.text}" for note in roofline.warnings)
    return [*rows, *(note.text for note in roofline.skipped), *warnings]


def _point(point: RooflinePoint) -> tuple[str, ...]:
    return (
        point.label,
        DATA_TYPES[point.data_type],
        f"{point.operations / 1e9:.3g}",
        size_text(round(point.bytes)),
        f"{point.achieved:.3g} of {point.roof:.3g}",
        percent(point.share),
        point.bound,
    )
