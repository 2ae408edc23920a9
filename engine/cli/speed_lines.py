"""Sweeps and showdowns as lines of text, for the command line."""

from engine.cli.lines import table
from engine.results import (
    Showdown,
    ShowdownPair,
    Sweep,
    SweepCell,
    copies_text,
    speed_cell,
    target_title,
)
from engine.wording import many, size_text, threads_text

IN_FLIGHT = (
    "with several streams one call is in flight on each: the latency is that of a call among the others, and images/s "
    "are those of all"
)
VERDICTS = {"faster": "faster", "slower": "slower", "cannot_tell": "cannot tell"}


def of_sweep(sweep: Sweep) -> list[str]:
    """Every cell with its figures or the reason why it has none, and the sweet spot."""
    head = ("threads", "streams", "images a call", "latency p50", "95 %", "images/s", "rounds", "")
    rows = [_cell(cell) for cell in sweep.cells]
    state = [] if sweep.complete else ["it was ended before every cell had all of its rounds"]
    notes = [f"{note.code}: {note.text}" for note in sweep.warnings]
    return [
        f"{sweep.file.label}: {target_title(sweep.target)}",
        *table([head, *rows]),
        *([IN_FLIGHT] if any(cell.in_flight > 1 for cell in sweep.cells) else []),
        *state,
        *notes,
        _machine(sweep),
        _best(sweep),
    ]


def _machine(result: Sweep | Showdown) -> str:
    """The machine that the figures belong to."""
    return f"measured on {result.environment.machine}"


def _cell(cell: SweepCell) -> tuple[str, ...]:
    size = (str(cell.target.threads), str(cell.target.streams or "-"), str(cell.target.batch_size))
    note = f"{cell.state}: {cell.note.text}" if cell.note is not None else ""
    if cell.p50_ms is None:
        return (*size, "-", "-", "-", "-", note or cell.state)
    interval = f"{cell.low_ms:.3g} to {cell.high_ms:.3g} ms" if cell.low_ms and cell.high_ms else "too few rounds"
    return (*size, f"{cell.p50_ms:.3g} ms", interval, f"{cell.images_per_s:,.0f}", str(cell.n_rounds), note)


def _best(sweep: Sweep) -> str:
    limit, best = sweep.max_latency_ms, sweep.best_within(sweep.max_latency_ms)
    within = f" within {limit:g} ms" if limit is not None else ""
    if best is None:
        return f"no cell{within} was measured"
    unsure = ", though its interval reaches beyond it" if best.within(limit) == "unclear" else ""
    equal = sweep.quicker_equal(best, limit)
    as_good = f"; within the intervals {_name(equal)} is as good, at {equal.p50_ms:.3g} ms a call" if equal else ""
    return f"most images a second{within}: {best.images_per_s:,.0f} at {_name(best)}{unsure}{as_good}"


def _name(cell: SweepCell) -> str:
    target = cell.target
    return f"{many(target.batch_size, 'image')} a call with {threads_text(target.threads, target.streams)}"


def of_showdown(showdown: Showdown) -> list[str]:
    """Every row beside the first one, then the verdict on every pair."""
    first = showdown.rows[0]
    head = ("row", "file", "target", "size", "latency p50", "times as fast as row 1 (95 %)", "outputs beside row 1")
    rows = [_row(showdown, number) for number in range(len(showdown.rows))]
    inputs = many(showdown.n_examples, "image" if showdown.on_images else "random input")
    threads = "" if showdown.threads_differ else f"{threads_text(first.target.threads)}, "
    size = f"{threads}batch {first.target.batch_size}"
    notes = [f"row {number + 1}: {row.note.text}" for number, row in enumerate(showdown.rows) if row.note is not None]
    warnings = [f"{note.code}: {note.text}" for note in showdown.warnings]
    random = [] if showdown.on_images else ["random inputs are unlike images: quantized files look worse than they are"]
    pairs = [pair for pair in showdown.pairs if pair.row > pair.reference]
    copies = copies_text(showdown)
    return [
        f"{size}, {showdown.rounds_text}, outputs compared on {inputs}",
        *table([head, *rows]),
        *([] if showdown.complete else ["it was ended before all of its rounds were done"]),
        _machine(showdown),
        *([copies] if copies else []),
        *random,
        *notes,
        *map(_pair, pairs),
        *warnings,
    ]


def _row(showdown: Showdown, number: int) -> tuple[str, ...]:
    row = showdown.rows[number]
    speed = speed_cell(row.beside_first) if row.beside_first else row.estimate.cell if row.estimate else "-"
    if row.fidelity is None:
        closeness = "-"
    else:
        closeness = "the same" if row.fidelity.sqnr_db is None else f"{row.fidelity.sqnr_db:.1f} dB"
    return (
        str(number + 1),
        row.file.label,
        showdown.where(number),
        size_text(row.size_bytes),
        f"{row.latency.p50_ms:.3g} ms" if row.latency else "-",
        speed if number else "-",
        closeness,
    )


def _pair(pair: ShowdownPair) -> str:
    more = f": {pair.rounds_text}" if pair.verdict == "cannot_tell" else ""
    verdict = VERDICTS[pair.verdict]
    return (
        f"row {pair.row + 1} beside row {pair.reference + 1}: {verdict}, {speed_cell(pair.speedup)} times as fast{more}"
    )
