"""The tables of bench/quantize_race.py in Markdown, and its check."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from bench.race_results import FP32, OURS, Entry, Figures, Row, Speed
from bench.rivals import RIVALS

HEADS = ("network", "method", "speed-up", "ours over it", "SQNR, dB", "agreement", "top-1", "MB", "s", "peak MB")
SUMMARY_HEADS = (
    "network",
    "family",
    "ours",
    "speed-up",
    "goal",
    "top-1, points",
    "SQNR, dB",
    "fastest rival within a point",
    "speed-up",
    "ours over it",
    "fastest of any accuracy",
)


def report(
    networks: Mapping[str, Entry], asked: Collection[str] = (), without: Collection[str] = ()
) -> tuple[str, bool]:
    """All tables as text, and whether ours keeps its claim on every network, beside every rival but those `without`.

    `asked` are the networks that were to be raced: one that was not breaks the claim, and so does a rival that failed
    on every network, since nothing was raced beside it.
    """
    failures = [f"{name}: it was not raced" for name in asked if name not in networks]
    failures += [f"{name}: {text}" for name, entry in networks.items() for text in violations(entry, without)]
    failures += _failed_everywhere(networks, without)
    ok = (
        "OK: within a point of top-1, ours is at least as fast as every rival that is, surely faster than FP32, and as "
        f"many times as fast as its goal says, on {', '.join(networks)}"
    )
    parts = [
        summary(networks),
        table(HEADS, [row for name, entry in networks.items() for row in _rows(name, entry)]),
        "\n".join(_remarks(networks)),
        "\n".join(["Missed:", "", *(f"- {text}" for text in failures)])
        if failures
        else ok
        if networks
        else "Nothing was measured",
    ]
    return "\n\n".join(part for part in parts if part), bool(networks) and not failures


def violations(entry: Entry, without: Collection[str] = ()) -> list[str]:
    """What ours misses of its claim: a point of top-1, a rival within that point, or FP32 and the goal over it.

    A rival that was never tried says nothing; one that failed on this network has lost.
    """
    ours = entry.rows[OURS]
    if ours.figures is None:
        return [f"ours failed: {ours.built.error}"]
    lost = (
        [] if entry.loses_little(ours.figures) else [f"ours loses {-_points(entry, ours.figures):.2f} points of top-1"]
    )
    slower = [
        f"ours is {_speed(figures.ours_over)} times as fast as {name}, which is within a point too"
        for name, figures in _competing(entry)
        if figures.ours_over is not None and figures.ours_over.high < 1
    ]
    speed = ours.figures.speed
    beside_fp32 = f"ours is {_speed(speed)} times as fast as FP32, and"
    missed = [f"{beside_fp32} {entry.goal:g} is the goal"] if speed.times < entry.goal else []
    missed += [f"{beside_fp32} may be no faster"] if speed.times >= entry.goal and speed.low <= 1 else []
    untried = [name for name in RIVALS if name not in entry.rows and name not in without]
    alone = [f"{', '.join(untried)} did not race"] if untried else []
    return [*lost, *slower, *missed, *alone]


def _failed_everywhere(networks: Mapping[str, Entry], without: Collection[str]) -> Iterator[str]:
    """What is missed by rivals that failed wherever they were tried, as all do whose environment lacks a package."""
    for name in RIVALS:
        rows = [entry.rows[name] for entry in networks.values() if name in entry.rows]
        if rows and name not in without and all(row.figures is None for row in rows):
            yield f"{name} failed on every network, so it did not race: {rows[0].built.error}"


def summary(networks: Mapping[str, Entry]) -> str:
    """One line a network."""
    return table(SUMMARY_HEADS, [_line(name, entry) for name, entry in networks.items()])


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _competing(entry: Entry) -> Iterator[tuple[str, Figures]]:
    """All but ours that lose at most a point, FP32 first."""
    for name, row in entry.rows.items():
        if name != OURS and row.figures is not None and entry.loses_little(row.figures):
            yield name, row.figures


def _line(name: str, entry: Entry) -> list[str]:
    ours = entry.rows[OURS]
    if ours.figures is None:
        return [name, entry.kind, f"failed: {ours.built.error}", *[""] * (len(SUMMARY_HEADS) - 3)]
    best_name, best_figures = max(_competing(entry), key=_by_speed)
    others = ((name, row.figures) for name, row in entry.rows.items() if name != OURS and row.figures is not None)
    fastest_name, fastest_figures = max(others, key=_by_speed)
    return [
        name,
        entry.kind,
        ours.built.label or "",
        _speed(ours.figures.speed),
        f"{entry.goal:g}",
        f"{_points(entry, ours.figures):+.2f}",
        _sqnr(ours.figures),
        best_name,
        _speed(best_figures.speed),
        _speed(best_figures.ours_over),
        f"{fastest_name}: {fastest_figures.speed.times:.2f}, {_points(entry, fastest_figures):+.2f} points",
    ]


def _points(entry: Entry, figures: Figures) -> float:
    """Points of top-1 above FP32's. Raises ValueError where FP32 was not measured."""
    baseline = entry.rows[FP32].figures
    if baseline is None:
        raise ValueError("FP32 has no figures")
    return 100 * (figures.top1 - baseline.top1)


def _by_speed(pair: tuple[str, Figures]) -> float:
    return pair[1].speed.times


def _rows(name: str, entry: Entry) -> Iterator[list[str]]:
    for method, row in entry.rows.items():
        label = f"**{OURS}**: {row.built.label}" if method == OURS else f"{method}{_runtime(row)}"
        yield [name, label, *_figures(row), *_costs(method, row)]


def _engine(entry: Entry) -> str:
    """The version of the engine that made ours, which says its sources' content too."""
    return entry.rows[OURS].built.source.rpartition(", ")[2]


def _runtime(row: Row) -> str:
    """The runtime of a rival's file where it is not the one of FP32."""
    target = row.built.target
    return "" if target is None or target.runtime == "onnxruntime" else ", in OpenVINO"


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
        base = (
            f"{entry.machine}; {entry.rounds} rounds, {entry.calibration_images} calibration images; {_engine(entry)}"
        )
        bases.setdefault(base, []).append(name)
    yield from (f"{', '.join(names)}: {base}" for base, names in bases.items())
    yield from (f"{name}: {entry.busy}" for name, entry in networks.items() if entry.busy)
