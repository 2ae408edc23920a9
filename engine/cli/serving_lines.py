"""What a bundle's server did under load, as lines of text."""

from engine.cli.lines import table
from engine.results import ServeBench, ServeCell
from engine.wording import many, percent

HEADS = tuple("setting|cache|answers/s|images a call|at/s|p50 ms|p95 ms|p99 ms|hits|simulation off".split("|"))


def of_serve_bench(result: ServeBench) -> list[str]:
    """A line a load, then the best setting with and without the cache."""
    rows = [row for cell in result.cells for row in _rows(cell)]
    state = [] if result.complete else ["it was ended before every setting had its turn"]
    notes = [f"{note.code}: {note.text}" for note in result.warnings]
    about = f"{result.label}: {many(result.n_clients, 'client')}, {many(result.n_images, 'different image')}"
    return [about, *table([HEADS, *rows]), *state, *notes, _best(result, cached=False), _best(result, cached=True)]


def _rows(cell: ServeCell) -> list[tuple[str, ...]]:
    size = cell.max_batch_size
    name = "1" if size == 1 else f"{size}, {cell.batch_timeout_ms:g} ms"
    cache = "on" if cell.cached else "off"
    if cell.state != "measured":
        return [(name, cache, cell.note.text if cell.note is not None else cell.state, *("",) * (len(HEADS) - 3))]
    most = f"{cell.per_s:.1f} ({cell.per_s_low:.1f} to {cell.per_s_high:.1f})"
    off = {point.rate: percent(point.off) for point in cell.simulated}
    mean = f"{cell.mean_batch:.1f}" if cell.mean_batch is not None else ""
    return [
        (
            *((name, cache, most, mean) if number == 0 else ("",) * 4),
            f"{point.rate:.1f}",
            f"{point.p50_ms:.1f}",
            f"{point.p95_ms:.1f}",
            f"{point.p99_ms:.1f}",
            percent(point.hit_rate),
            off.get(point.rate, ""),
        )
        for number, point in enumerate(cell.points)
    ]


def _best(result: ServeBench, *, cached: bool) -> str:
    limit, which = result.max_p99_ms, "with" if cached else "without"
    cell = result.best_within(limit, cached=cached)
    within = f" within {limit:g} ms" if limit is not None else ""
    if cell is None or (point := cell.within(limit)) is None:
        return f"{which} its cache no setting has its p99{within}"
    return (
        f"best {which} its cache{within}: up to {many(cell.max_batch_size, 'image')} a call, "
        f"{point.per_s:.1f} answers/s with p99 {point.p99_ms:.1f} ms"
    )
