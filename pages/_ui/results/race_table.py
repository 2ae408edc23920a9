"""The candidates of a race as a table: texts with units for the page, plain numbers for a CSV."""

import csv
import io
from collections.abc import Sequence

import pandas as pd

from engine import Report, Trial, Variant
from engine.charts import stage_reached
from engine.wording import size_text
from pages._ui.browser_terms import told
from pages._ui.results.variant_table import target_columns
from pages._ui.wording import decibels, duration, plain

Candidates = Sequence[tuple[Variant, Trial]]
COLUMNS = (
    "id",
    "name",
    "reason",
    "stage",
    "outcome",
    "outcome_text",
    "ratio",
    "ratio_low",
    "ratio_high",
    "n_rounds",
    "selection_sqnr_db",
    "selection_agreement",
    "selection_measure",
    "selection_similarity",
    "selection_drop",
    "n_selection_images",
    "size_bytes",
    "sha256",
    "seconds",
    "target",
    "runtime",
    "provider",
    "precision",
    "session_options",
)


def rank(candidates: Candidates) -> list[tuple[Variant, Trial]]:
    """The winner first, then the fastest; those without a latency come last."""
    return sorted(
        candidates, key=lambda pair: (pair[1].outcome.code != "winner", pair[1].ratio is None, pair[1].ratio or 0.0)
    )


def as_frame(candidates: Candidates) -> pd.DataFrame:
    """A row for each candidate, as escaped Markdown."""
    return pd.DataFrame([_row(variant, trial) for variant, trial in rank(candidates)])


def _row(variant: Variant, trial: Trial) -> dict[str, str]:
    is_winner, fidelity = trial.outcome.code == "winner", trial.fidelity
    return {
        "Candidate": f"**{plain(trial.name)}** :green-badge[winner]" if is_winner else plain(trial.name),
        "Speed": _speed(trial),
        "SQNR": decibels(fidelity.sqnr_db) if fidelity else "–",
        "Size": size_text(variant.size_bytes),
        "Took": duration(variant.seconds),
        "Came to": stage_reached(trial),
        "What became of it": told(trial.outcome.text),
        "Why it took part": told(trial.reason.text),
    }


def _speed(trial: Trial) -> str:
    if trial.ratio is None or trial.ratio_low is None or trial.ratio_high is None:
        return "–"
    is_interval = trial.stage == "final"  # three rounds of a screening make a range, not an interval
    colour = (
        "gray" if not is_interval else "green" if trial.ratio_high < 1 else "red" if trial.ratio_low > 1 else "gray"
    )
    return f"{1 / trial.ratio:.2f}× :{colour}[({1 / trial.ratio_high:.2f} – {1 / trial.ratio_low:.2f})]"


def as_csv(report: Report, candidates: Candidates) -> str:
    """A line for each candidate of a race of the report; an entry is empty where nothing was measured."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_flat(report, variant, trial) for variant, trial in rank(candidates))
    return file.getvalue()


def _flat(report: Report, variant: Variant, trial: Trial) -> dict[str, object]:
    fidelity = trial.fidelity
    flat: dict[str, object] = {
        "id": variant.id,
        "name": trial.name,
        "reason": trial.reason.text,
        "stage": trial.stage,
        "outcome": trial.outcome.code,
        "outcome_text": trial.outcome.text,
        "ratio": trial.ratio,
        "ratio_low": trial.ratio_low,
        "ratio_high": trial.ratio_high,
        "n_rounds": trial.n_rounds,
        "selection_drop": trial.drop,
        "size_bytes": variant.size_bytes,
        "sha256": variant.sha256,
        "seconds": variant.seconds,
        **target_columns(report, variant),
    }
    if fidelity is not None:
        flat |= {
            "selection_sqnr_db": fidelity.sqnr_db,
            "selection_agreement": fidelity.agreement,
            "selection_measure": fidelity.measure,
            "selection_similarity": fidelity.similarity,
            "n_selection_images": fidelity.n_images,
        }
    return flat
