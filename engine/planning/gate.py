"""Whether a variant of a finished run keeps rules, by figures and their intervals: a check for scripts."""

from collections.abc import Iterator

from engine.errors import RequestError, StateError
from engine.results import Gate, GateAnswer, GateRule, Report, Variant, codes, leak_text, points, report_quality
from engine.wording import many

NOTHING = "the run recommends nothing, since other programs disturbed what it timed"


def judge_gate(
    report: Report,
    *,
    max_drop: float | None = None,
    min_speedup: float | None = None,
    max_size_mb: float | None = None,
    variant_id: str | None = None,
) -> Gate:
    """The rules that are given, on this variant, or on the recommended one.

    `max_drop` is in points of top-1 (of agreement, or of what else the run compares by), `min_speedup` is how many
    times as fast as the baseline, `max_size_mb` is in 10^6 bytes. A rule holds where the whole interval keeps it, is
    broken where the figure itself does not, and cannot be told in between, or where there is no figure.

    Raises RequestError where no rule is given, one is out of range, or the run has no such variant, and StateError
    where the run ended before its variants were compared.
    """
    _check(max_drop, min_speedup, max_size_mb)
    if report.recommended is None:
        raise StateError(
            f"the run '{report.run_id}' ended before its variants were compared",
            "Wait until it has ended, or run its recipe again",
        )
    variant = report.variant(variant_id or report.recommended.id)
    if variant is None:
        ids = ", ".join(one.id for one in report.variants)
        raise RequestError(f"the run has no variant '{variant_id}'", f"It has {ids}")
    undecided = variant_id is None and report.is_undecided
    rules = (
        *([] if max_drop is None else [_drop(report, variant, max_drop)]),
        *([] if min_speedup is None else [_speedup(variant, min_speedup)]),
        *([] if max_size_mb is None else [_size(variant, max_size_mb)]),
    )
    if undecided:
        rules = tuple(rule.model_copy(update={"holds": "cannot tell", "text": NOTHING}) for rule in rules)
    return Gate(
        run_id=report.run_id,
        variant_id=None if undecided else variant.id,
        label="no variant" if undecided else variant.label,
        rules=rules,
    )


def _check(max_drop: float | None, min_speedup: float | None, max_size_mb: float | None) -> None:
    if max_drop is None and min_speedup is None and max_size_mb is None:
        raise RequestError(
            "there is no rule to check", "Give the largest drop, the smallest speed-up or the largest size"
        )
    if max_drop is not None and not 0 <= max_drop <= 100:
        raise RequestError(f"the largest drop is {max_drop:g} points", "Give 0 to 100 points")
    for name, value, unit in (("smallest speed-up", min_speedup, " times"), ("largest size", max_size_mb, " MB")):
        if value is not None and not 0 < value < float("inf"):
            raise RequestError(f"the {name} is {value:g}{unit}", "Give a number above 0")


def _drop(report: Report, variant: Variant, limit: float) -> GateRule:
    comparison = variant.comparison
    if variant.role == "baseline":
        return GateRule(name="max_drop", limit=limit, figure=0.0, holds="yes", text="it is the baseline itself")
    if comparison is None:
        return _unknown("max_drop", limit, "it was not compared with the baseline")
    figure, low, high = (100 * share for share in (comparison.drop, comparison.low, comparison.high))
    doubts = list(_doubts(report))
    quality = report_quality(report)
    measure = "top-1" if quality == "accuracy" else quality
    text = f"{points(comparison.drop, 2)} of {measure} lost ({low:.2f} to {high:.2f})".replace("-", "−")
    return GateRule(
        name="max_drop",
        limit=limit,
        figure=figure,
        low=low,
        high=high,
        holds="cannot tell" if doubts else _at_most(figure, high, limit),
        text="; but ".join([text, *doubts]),
    )


def _doubts(report: Report) -> Iterator[str]:
    """Why no statement on accuracy can rest on this report."""
    if leak := leak_text(report):
        yield leak
    if any(warning.code == codes.BASELINE_LOOKS_BROKEN for warning in report.warnings):
        yield "the baseline looks broken"


def _speedup(variant: Variant, limit: float) -> GateRule:
    latency = variant.latency
    if variant.role == "baseline":
        holds: GateAnswer = "yes" if limit <= 1 else "no"
        return GateRule(name="min_speedup", limit=limit, figure=1.0, holds=holds, text="it is the baseline itself")
    if latency is None:
        return _unknown(
            "min_speedup", limit, "it has no latency: other programs disturbed the calls, or it did not run"
        )
    figure, low, high = (1 / ratio for ratio in (latency.ratio_to_baseline, latency.ratio_high, latency.ratio_low))
    return GateRule(
        name="min_speedup",
        limit=limit,
        figure=figure,
        low=low,
        high=high,
        holds="no" if figure < limit else "yes" if low >= limit else "cannot tell",
        text=f"{figure:.2f} times as fast ({low:.2f} to {high:.2f}) in {many(latency.n_rounds, 'round')}",
    )


def _size(variant: Variant, limit: float) -> GateRule:
    figure = variant.size_bytes / 1e6
    return GateRule(
        name="max_size", limit=limit, figure=figure, holds=_at_most(figure, figure, limit), text=f"{figure:.2f} MB"
    )


def _at_most(figure: float, high: float, limit: float) -> GateAnswer:
    return "no" if figure > limit else "yes" if high <= limit else "cannot tell"


def _unknown(name: str, limit: float, why: str) -> GateRule:
    return GateRule.model_validate({"name": name, "limit": limit, "figure": None, "holds": "cannot tell", "text": why})
