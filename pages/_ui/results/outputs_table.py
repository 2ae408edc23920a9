"""How far each output of the variants is from the baseline's, for models with several."""

import pandas as pd

from engine import OutputFidelity, Report
from pages._ui.wording import decibels, plain

LEGEND = (
    "SQNR: how many dB an output stands above its error, so more is closer to the baseline. There is none where "
    "nothing differs, or where the baseline's output is zero throughout."
)


def as_frame(report: Report) -> pd.DataFrame:
    """A row for each output and a column for each variant, as escaped Markdown; empty where a model has one output."""
    by_variant = {
        plain(f"{variant.label} · {variant.id[:4]}" if _is_twice(report, variant.label) else variant.label): {
            plain(one.name): _cell(one) for one in variant.fidelity.outputs
        }
        for variant in report.main_variants
        if variant.fidelity is not None and len(variant.fidelity.outputs) > 1
    }
    names = list(dict.fromkeys(name for cells in by_variant.values() for name in cells))
    rows = [{"Output": name} | {label: cells.get(name, "–") for label, cells in by_variant.items()} for name in names]
    return pd.DataFrame(rows)


def _is_twice(report: Report, label: str) -> bool:
    return [variant.label for variant in report.main_variants].count(label) > 1


def _cell(output: OutputFidelity) -> str:
    return "–" if output.sqnr_db is None else decibels(output.sqnr_db)
