"""Profiles of time and saved graphs as lines of text, for the command line."""

from engine.cli.lines import table
from engine.results import Spread, times_as_fast
from engine.results.optimized_graph import OptimizedGraph
from engine.results.time_profile import TimeProfile, parts_text
from engine.wording import size_text

MOST_NODES = 20


def of_time_profile(profile: TimeProfile) -> list[str]:
    """The times by operator, then the heaviest nodes, and how the parts stand to the whole."""
    operators = [
        (
            one.family,
            _ms(one.baseline_ms),
            _ms(one.model_ms),
            f"{', '.join(one.baseline_operators) or '-'} | {', '.join(one.model_operators) or '-'}",
        )
        for one in profile.operators
    ]
    nodes = [
        (
            row.name,
            _ms(row.baseline_ms) if row.baseline else "no match",
            _ms(row.model_ms) if row.model else "no match",
        )
        for row in profile.rows[:MOST_NODES]
    ]
    return [
        *table([("operator", "baseline", "variant", "as the runtime calls it"), *operators]),
        "",
        *table([("node", "baseline", "variant"), *nodes]),
        "",
        f"baseline: {parts_text(profile.baseline_parts_ms, profile.baseline_latency)}",
        f"variant: {parts_text(profile.model_parts_ms, profile.model_latency)}",
        *(f"warning: {note.text}" for note in profile.warnings),
    ]


def of_optimized_graph(graph: OptimizedGraph) -> list[str]:
    """What the saved graph saves, whether it answers alike, and what it is bound to."""
    lines = [
        ("opens in", f"{_range(graph.optimized_load_ms)}, the file in {_range(graph.load_ms)}"),
        (
            "outputs",
            "equal" if graph.worst_difference == 0 else f"differ by {graph.worst_difference:.1g} of the largest",
        ),
        ("calls", times_as_fast(graph.latency, "those of the file") if graph.latency else "not measured"),
        ("size", size_text(graph.size_bytes)),
        ("bound to", graph.bound_to),
    ]
    return table(lines)


def _ms(value: float) -> str:
    return f"{value:.3g} ms" if value else "-"


def _range(value: Spread) -> str:
    return f"{value.median:.3g} ms ({value.low:.3g} to {value.high:.3g})"
