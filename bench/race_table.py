"""The tables of bench/quantize_race.py in Markdown, and its check."""

from collections.abc import Iterator, Mapping, Sequence

from bench.race_results import FP32, OURS, Entry, Figures, Row, Speed

HEADS = ("network", "method", "speed-up", "ours over it", "SQNR, dB", "agreement", "top-1", "MB", "s", "peak MB")
SUMMARY_HEADS = (
    "network",
    "family",
    "ours",
    "speed-up",
    "SQNR, dB",
    "fastest of at least equal fidelity",
    "speed-up",
    "SQNR, dB",
    "ours over it",
    "fastest of any fidelity",
)


def report(networks: Mapping[str, Entry]) -> tuple[str, bool]:
    """All tables as text, and whether ours was never slower than an alternative of at least equal fidelity."""
    failures = [f"{name}: {text}" for name, entry in networks.items() for text in violations(entry)]
    verdict = ["Slower than an alternative of at least equal fidelity:", "", *(f"- {text}" for text in failures)]
    ok = f"OK: ours is at least as fast as every alternative of at least equal fidelity on {', '.join(networks)}"
    parts = [
        summary(networks),
        table(HEADS, [row for name, entry in networks.items() for row in _rows(name, entry)]),
        "\n".join(_remarks(networks)),
        "\n".join(verdict) if failures else ok if networks else "Nothing was measured",
    ]
    return "\n\n".join(part for part in parts if part), bool(networks) and not failures


def violations(entry: Entry) -> list[str]:
    """Alternatives no less faithful than ours over which the whole interval of our speed-up is below 1."""
    ours = entry.rows[OURS]
    if ours.figures is None:
        return [f"ours failed: {ours.built.error}"]
    return [
        f"ours is {_speed(figures.ours_over)} times as fast as {name}, which has {_sqnr(figures)} dB to our "
        f"{_sqnr(ours.figures)} dB"
        for name, figures in _as_faithful(entry, ours.figures)
        if figures.ours_over is not None and figures.ours_over.high < 1
    ]


def summary(networks: Mapping[str, Entry]) -> str:
    """One line a network."""
    return table(SUMMARY_HEADS, [_line(name, entry) for name, entry in networks.items()])


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _as_faithful(entry: Entry, ours: Figures) -> Iterator[tuple[str, Figures]]:
    for name, row in entry.rows.items():
        if name != OURS and row.figures is not None and row.figures.fidelity >= ours.fidelity:
            yield name, row.figures


def _line(name: str, entry: Entry) -> list[str]:
    ours = entry.rows[OURS]
    if ours.figures is None:
        return [name, entry.kind, f"failed: {ours.built.error}", *[""] * (len(SUMMARY_HEADS) - 3)]
    best_name, best_figures = max(_as_faithful(entry, ours.figures), key=_by_speed)
    others = ((name, row.figures) for name, row in entry.rows.items() if name != OURS and row.figures is not None)
    fastest_name, fastest_figures = max(others, key=_by_speed)
    return [
        name,
        entry.kind,
        ours.built.label or "",
        _speed(ours.figures.speed),
        _sqnr(ours.figures),
        best_name,
        _speed(best_figures.speed),
        _sqnr(best_figures),
        _speed(best_figures.ours_over),
        f"{fastest_name}: {fastest_figures.speed.times:.2f} at {_sqnr(fastest_figures)} dB",
    ]


def _by_speed(pair: tuple[str, Figures]) -> float:
    return pair[1].speed.times


def _rows(name: str, entry: Entry) -> Iterator[list[str]]:
    for method, row in entry.rows.items():
        label = f"**{OURS}**: {row.built.label}" if method == OURS else method
        yield [name, label, *_figures(row), *_costs(method, row)]


def _figures(row: Row) -> list[str]:
    figures = row.figures
    if figures is None:
        return [f"failed: {row.built.error}", "", "", "", ""]
    return [
        _speed(figures.speed),
        _speed(figures.ours_over),
        _sqnr(figures),
        f"{figures.agreement:.1%}",
        f"{figures.top1:.2%}",
    ]


def _costs(method: str, row: Row) -> list[str]:
    built = row.built
    size = "" if built.size_bytes is None else f"{built.size_bytes / 1e6:.2f}"
    if method == FP32:
        return [size, "", ""]
    return [size, f"{built.seconds:.1f}", "" if built.peak_mb is None else f"{built.peak_mb:.0f}"]


def _speed(speed: Speed | None) -> str:
    """The speed-up with its interval. Ends near 1 have three decimals: two would hide on which side they are."""
    if speed is None:
        return ""
    if speed.low == speed.high:
        return f"{speed.times:.2f}"
    return f"{speed.times:.2f} ({_end(speed.low)} to {_end(speed.high)})"


def _end(value: float) -> str:
    return f"{value:.3f}" if abs(value - 1) < 0.02 else f"{value:.2f}"


def _sqnr(figures: Figures) -> str:
    return "∞" if figures.sqnr_db is None else f"{figures.sqnr_db:.1f}"


def _remarks(networks: Mapping[str, Entry]) -> Iterator[str]:
    """The conditions of measurement, once for all networks that share them, and where the machine was busy."""
    bases: dict[str, list[str]] = {}
    for name, entry in networks.items():
        base = f"{entry.machine}; {entry.rounds} rounds, {entry.calibration_images} calibration images"
        bases.setdefault(base, []).append(name)
    yield from (f"{', '.join(names)}: {base}" for base, names in bases.items())
    yield from (f"{name}: {entry.busy}" for name, entry in networks.items() if entry.busy)
