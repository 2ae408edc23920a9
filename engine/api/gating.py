"""The verb that checks a finished run against rules."""

from pathlib import Path

from engine.planning.gate import judge_gate
from engine.planning.remeasurable import existing_report
from engine.planning.variant_files import run_folder
from engine.results import Gate
from engine.store.home import Home


def gate(
    run: str | Path,
    *,
    max_drop: float | None = None,
    min_speedup: float | None = None,
    max_size_mb: float | None = None,
    variant_id: str | None = None,
) -> Gate:
    """Whether a variant of a run, by its id or its folder, keeps these rules; `judge_gate` has their meaning.

    Raises RequestError where there is no such run, report, variant or rule, StateError where the run has not compared
    its variants, and StorageError where the report is damaged.
    """
    report = existing_report(run_folder(run, Home.default()))
    return judge_gate(
        report, max_drop=max_drop, min_speedup=min_speedup, max_size_mb=max_size_mb, variant_id=variant_id
    )
