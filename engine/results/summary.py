"""The few figures of a run that a table of many runs shows."""

from pydantic import model_validator

from engine.results.base import Result, State
from engine.results.measurements import Measure
from engine.results.report import Report
from engine.settings import Recipe


class RunSummary(Result):
    """The summary of a run; its figures are those of the recommended variant, None where there are none.

    `speedup` is against the run's baseline, with its 95 % interval; None where the baseline is what is recommended.
    """

    run_id: str
    state: State
    model: str
    steps: str
    recommended: str | None = None
    compared: bool = False
    """Whether there was anything to compare with the baseline."""
    keeps_baseline: bool = False
    """Whether the baseline is recommended although there was something to compare with it."""
    undecided: bool = False
    """Whether that is so because other programs left no speed to recommend anything by."""
    speedup: float | None = None
    speedup_low: float | None = None
    speedup_high: float | None = None
    size_bytes: int | None = None
    baseline_size_bytes: int | None = None
    top1: float | None = None
    agreement: float | None = None
    measure: Measure = "agreement"
    similarity: float | None = None
    """To the baseline in the sense of `measure`; `agreement` is the same figure where answers can agree."""

    @model_validator(mode="before")
    @classmethod
    def _agreement_is_similarity(cls, values: object) -> object:
        """Summaries of before there were other measures have the agreement alone."""
        if isinstance(values, dict) and "similarity" not in values:
            return {**values, "similarity": values.get("agreement")}
        return values


def summarize_recipe(run_id: str, state: State, recipe: Recipe) -> RunSummary:
    """The summary of a run that has no report yet, from its recipe."""
    titles = [" + ".join(step.title for step in chain) or "Baseline only" for chain in recipe.chains]
    steps = titles[0] if len(titles) == 1 else f"{len(titles)} chains"
    return RunSummary(run_id=run_id, state=state, model=recipe.model.title, steps=steps)


def summarize(report: Report) -> RunSummary:
    """The summary of a report, whatever state its run is in."""
    summary = summarize_recipe(report.run_id, report.state, report.recipe)
    best = report.recommended_variant
    base = report.baseline
    if best is None or base is None or report.recommended is None:
        return summary
    compared, latency = report.compares, best.latency
    keeps_baseline = compared and best.id == base.id
    speed = (
        {}
        if best.id == base.id or latency is None
        else {
            "speedup": latency.speedup,
            "speedup_low": latency.speedup_low,
            "speedup_high": latency.speedup_high,
        }
    )
    fidelity = best.fidelity.model_dump(include={"agreement", "measure", "similarity"}) if best.fidelity else {}
    return summary.model_copy(
        update={
            "recommended": best.label,
            "compared": compared,
            "keeps_baseline": keeps_baseline,
            "undecided": report.is_undecided,
            **speed,
            "size_bytes": best.size_bytes,
            "baseline_size_bytes": base.size_bytes,
            "top1": best.accuracy.top1 if best.accuracy else None,
            **fidelity,
        }
    )
