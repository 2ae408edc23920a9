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
    measured = [one for variant in report.main_variants if (one := variant.cold_start) is not None]
    if not measured:
        return ""
    imports: dict[str, str] = {}
    for one in measured:
        imports.setdefault(one.runtime, _import(one))
    of_host = next((f"; {one.memory_text}" for one in measured if one.memory_text), "")
    return (
        f"Load, first call and peak memory: median and range of {many(measured[0].n_processes, 'fresh process')}, "
        f"which had imported {' or '.join(imports.values())} before and found the file in the system's memory{of_host}"
    )


def _import(one: ColdStart) -> str:
    memory = size_text(int(one.import_bytes.median))
    return f"{one.runtime} ({milliseconds(one.import_ms.median)} and {memory} more)"


def _range(value: Spread) -> str:
    return f"{milliseconds(value.median)} :gray[({value.low:.3g} – {value.high:.3g})]"
