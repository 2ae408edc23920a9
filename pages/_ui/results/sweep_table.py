"""The cells of a sweep as a matrix, as reasons, and as a CSV."""

import csv
import io

import pandas as pd

from engine import Sweep, SweepCell, option_titles
from engine.wording import many, threads_text
from pages._ui.browser_terms import told
from pages._ui.wording import milliseconds, plain

CORNER = "Images a call"
STATES = {"waiting": "…", "skipped": "skipped", "failed": "no figure"}
COLUMNS = (
    "runtime",
    "precision",
    "threads",
    "streams",
    "in_flight",
    "batch_size",
    "state",
    "p50_ms",
    "low_ms",
    "high_ms",
    "p95_ms",
    "images_per_s",
    "images_per_s_low",
    "images_per_s_high",
    "n_rounds",
    "n_runs",
    "n_disturbed",
    "reason",
    "provider",
    "options",
    "cpu",
    "cores",
)


def as_frame(sweep: Sweep, best: SweepCell | None = None) -> pd.DataFrame:
    """A row for each number of threads and of streams, a column for each batch size; the best cell has a star."""
    return pd.DataFrame(
        [
            {
                CORNER: threads_text(row["threads"], row.get("streams")),
                **{str(size): _text(sweep.cell(**row, batch_size=size), best) for size in sweep.axes["batch_size"]},
            }
            for row in sweep.rows
        ]
    )


def clicked(sweep: Sweep, cells: list[tuple[int, str]]) -> SweepCell | None:
    """The measured cell at the first of these positions of the matrix (row, name of the column); None elsewhere."""
    if not cells or not cells[0][1].isdecimal() or cells[0][0] >= len(sweep.rows):
        return None
    row, column = cells[0]
    cell = sweep.cell(**sweep.rows[row], batch_size=int(column))
    return cell if cell is not None and cell.p50_ms is not None else None


def name(cell: SweepCell) -> str:
    """The cell in a sentence: 8 images a call, 2 threads, 2 streams."""
    target = cell.target
    return f"{many(target.batch_size, 'image')} a call, {threads_text(target.threads, target.streams)}"


def interval(cell: SweepCell) -> str:
    """The latency with its 95 % interval and what it rests on, or that there were too few rounds for one."""
    rounds = many(cell.n_rounds, "round")
    if cell.low_ms is None or cell.high_ms is None:
        return f"about {milliseconds(cell.p50_ms or 0.0)}, from {rounds}: too few for an interval"
    return f"{milliseconds(cell.low_ms)} to {milliseconds(cell.high_ms)} (95 %), from {rounds}"


def reasons(sweep: Sweep) -> list[str]:
    """Why cells have no figure, or no further rounds: a line for each reason, with its cells."""
    by_text: dict[str, list[str]] = {}
    for cell in sweep.cells:
        if cell.note is not None:
            by_text.setdefault(cell.note.text, []).append(name(cell))
    return [f"**{plain('; '.join(names))}**: {told(text)}" for text, names in by_text.items()]


def _text(cell: SweepCell | None, best: SweepCell | None) -> str:
    if cell is None or cell.p50_ms is None:
        return STATES.get(cell.state, "") if cell is not None else ""
    star = "★ " if best is not None and cell.target == best.target else ""
    rough = "" if cell.low_ms is not None else "≈ "
    return f"{star}{rough}{milliseconds(cell.p50_ms)} · {cell.images_per_s:,.0f}/s"


def as_csv(sweep: Sweep) -> str:
    """A line for each cell; an entry is empty where nothing was measured."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for cell in sweep.cells:
        values: dict[str, object] = {
            column: getattr(cell.target, column) if hasattr(cell.target, column) else getattr(cell, column, None)
            for column in COLUMNS
        }
        writer.writerow(
            values
            | {
                "reason": cell.note.text if cell.note is not None else None,
                "options": "; ".join(option_titles(cell.target)),
                "cpu": sweep.environment.cpu,
                "cores": sweep.environment.cores,
            }
        )
    return file.getvalue()
