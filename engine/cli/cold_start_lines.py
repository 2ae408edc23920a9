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
    first = measured[0][1]
    about = (
        f"cold start: median and range of {many(first.n_processes, 'fresh process')}; importing {first.runtime} takes "
        f"{_milliseconds(first.import_ms)} and {size_text(int(first.import_bytes.median))} more"
    )
    return [*table([head, *((label, *_figures(one)) for label, one in measured)]), about]


def _figures(one: ColdStart) -> tuple[str, str, str]:
    return _milliseconds(one.load_ms), _milliseconds(one.first_call_ms), size_text(int(one.session_bytes.median))


def _milliseconds(value: Spread) -> str:
    return f"{value.median:.3g} ms ({value.low:.3g} to {value.high:.3g})"
