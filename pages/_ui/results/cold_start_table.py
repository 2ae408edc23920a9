"""The cold start of a variant in the table of variants: texts for the page, plain numbers for a CSV."""

from engine import ColdStart, Report, Spread, Variant
from engine.wording import many, size_text
from pages._ui.wording import milliseconds

SHOWN = ("Load", "First call", "Peak memory")
COLUMNS = (
    "load_ms",
    "load_ms_low",
    "load_ms_high",
    "first_call_ms",
    "first_call_ms_low",
    "first_call_ms_high",
    "session_memory_bytes",
    "import_ms",
    "import_memory_bytes",
    "n_processes",
)


def cells(variant: Variant) -> dict[str, str]:
    """The columns SHOWN."""
    one = variant.cold_start
    if one is None:
        return dict.fromkeys(SHOWN, "–")
    values = (_range(one.load_ms), _range(one.first_call_ms), size_text(int(one.session_bytes.median)))
    return dict(zip(SHOWN, values, strict=True))


def numbers(variant: Variant) -> dict[str, object]:
    """COLUMNS with their values; empty where nothing was measured."""
    one = variant.cold_start
    if one is None:
        return {}
    load, call = one.load_ms, one.first_call_ms
    values = (load.median, load.low, load.high, call.median, call.low, call.high)
    memory = (one.session_bytes.median, one.import_ms.median, one.import_bytes.median, one.n_processes)
    return dict(zip(COLUMNS, (*values, *memory), strict=True))


def legend(report: Report) -> str:
    """What the columns are, in a sentence without its full stop; empty where no variant has them."""
    first = _first(report)
    if first is None:
        return ""
    return (
        f"Load, first call and peak memory: median and range of {many(first.n_processes, 'fresh process')}, which had "
        f"imported {first.runtime} before ({milliseconds(first.import_ms.median)} and "
        f"{size_text(int(first.import_bytes.median))} more) and found the file in the system's memory"
    )


def _first(report: Report) -> ColdStart | None:
    return next((variant.cold_start for variant in report.main_variants if variant.cold_start is not None), None)


def _range(value: Spread) -> str:
    return f"{milliseconds(value.median)} :gray[({value.low:.3g} – {value.high:.3g})]"
