"""The rows and the pairs of a showdown as tables, and as a CSV."""

import csv
import io

import pandas as pd

from engine import Fidelity, Showdown, ShowdownPair, ShowdownRow, option_titles
from engine.wording import percent, size_text
from pages._ui.wording import decibels, milliseconds, plain

COLUMNS = (
    "row",
    "file",
    "run",
    "variant",
    "runtime",
    "precision",
    "threads",
    "batch_size",
    "size_bytes",
    "p50_ms",
    "p95_ms",
    "images_per_s",
    "ratio_to_row_1",
    "ratio_low",
    "ratio_high",
    "sqnr_db",
    "similarity",
    "verdict",
    "provider",
    "options",
    "buffers",
    "cpu",
    "cores",
)


def as_frame(showdown: Showdown) -> pd.DataFrame:
    """A row for each row, as escaped Markdown."""
    return pd.DataFrame(
        [
            {
                "": str(number + 1),
                "File": plain(row.file.label),
                "Target": plain(showdown.where(number)),
                "Speed": _speed(showdown, number, row),
                "Latency p50": milliseconds(row.latency.p50_ms) if row.latency else "–",
                "Images a second": f"{row.throughput.images_per_s:,.0f}" if row.throughput else "–",
                "Outputs": _closeness(row.fidelity, on_images=showdown.on_images),
                "Size": size_text(row.size_bytes),
            }
            for number, row in enumerate(showdown.rows)
        ]
    )


def _speed(showdown: Showdown, number: int, row: ShowdownRow) -> str:
    latency = row.beside_first
    if latency is None and row.estimate is not None:  # it runs, whatever its note says of its outputs
        return f":gray[{row.estimate.cell}]"
    if latency is None:
        return ":red-badge[does not run]" if row.note is not None else "–"
    if number == 0:
        return "1"
    colour = "green" if latency.ratio_high < 1 else "red" if latency.ratio_low > 1 else "gray"
    return f"{latency.speedup:.2f}× :{colour}[({latency.speedup_low:.2f} – {latency.speedup_high:.2f})]"


def _closeness(fidelity: Fidelity | None, *, on_images: bool) -> str:
    if fidelity is None:
        return "–"
    answers = f" :gray[({percent(fidelity.similarity, 1)} {fidelity.measure})]" if on_images else ""
    return decibels(fidelity.sqnr_db) + answers


def pairs_frame(showdown: Showdown) -> pd.DataFrame:
    """What every row is beside every other one, which are the columns."""
    timed = sorted({pair.row for pair in showdown.pairs})
    return pd.DataFrame(
        [
            {
                "Row": f"**{row + 1}** {plain(showdown.title(row))}",
                **{f"beside {other + 1}": _verdict(showdown.pair(row, other)) for other in timed},
            }
            for row in timed
        ]
    )


def _verdict(pair: ShowdownPair | None) -> str:
    if pair is None:
        return "–"
    times = f"{pair.speedup.times:.2f}×"
    if pair.verdict != "cannot_tell":
        colour = "green" if pair.verdict == "faster" else "red"
        return f":{colour}-badge[{pair.verdict}] {times}"
    return f":gray-badge[cannot tell] {times} :gray[{pair.rounds_text}]"


def as_csv(showdown: Showdown) -> str:
    """A line for each row; an entry is empty where nothing was measured."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for number, row in enumerate(showdown.rows):
        pair, latency, beside, target = showdown.pair(number, 0), row.latency, row.beside_first, row.target
        writer.writerow(
            {
                "row": number + 1,
                "file": row.file.label,
                "run": row.file.run,
                "variant": row.file.variant,
                "runtime": target.runtime,
                "precision": row.precision,
                "threads": target.threads,
                "batch_size": target.batch_size,
                "size_bytes": row.size_bytes,
                "p50_ms": latency.p50_ms if latency else None,
                "p95_ms": latency.p95_ms if latency else None,
                "images_per_s": row.throughput.images_per_s if row.throughput else None,
                "ratio_to_row_1": beside.ratio_to_baseline if beside else None,
                "ratio_low": beside.ratio_low if beside else None,
                "ratio_high": beside.ratio_high if beside else None,
                "sqnr_db": row.fidelity.sqnr_db if row.fidelity else None,
                "similarity": row.fidelity.similarity if row.fidelity else None,
                "verdict": pair.verdict if pair else None,
                "provider": target.provider,
                "options": "; ".join(option_titles(target)),
                "buffers": latency.buffers if latency else None,
                "cpu": showdown.environment.cpu,
                "cores": showdown.environment.cores,
            }
        )
    return file.getvalue()
