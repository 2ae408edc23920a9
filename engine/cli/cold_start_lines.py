"""The cold starts of a report as lines of text, for the command line."""

from engine.cli.lines import table
from engine.results import ColdStart, Report, Spread
from engine.wording import many, size_text


def of_cold_starts(report: Report) -> list[str]:
    """A line for each variant that has a cold start, and one on what was measured; none where no variant has one."""
    measured = [(variant.label, one) for variant in report.main_variants if (one := variant.cold_start) is not None]
    if not measured:
        return []
    head = ("cold start", "until it is open", "first call", "peak memory")
    first, imports = measured[0][1], dict[str, str]()
    for _, one in measured:
        imports.setdefault(one.runtime, _importing(one))
    about = f"cold start: median and range of {many(first.n_processes, 'fresh process')}; {', '.join(imports.values())}"
    about += next((f"; {one.memory_text}" for _, one in measured if one.memory_text), "")
    return [*table([head, *((label, *_figures(one)) for label, one in measured)]), about]


def _figures(one: ColdStart) -> tuple[str, str, str]:
    return _milliseconds(one.load_ms), _milliseconds(one.first_call_ms), size_text(int(one.session_bytes.median))


def _importing(one: ColdStart) -> str:
    memory = size_text(int(one.import_bytes.median))
    return f"importing {one.runtime} takes {_milliseconds(one.import_ms)} and {memory} more"


def _milliseconds(value: Spread) -> str:
    return f"{value.median:.3g} ms ({value.low:.3g} to {value.high:.3g})"
