"""The variants of a report as a table: with words for the page, with plain numbers for a CSV.

The candidates of a race are left to the race's own table.
"""

import csv
import io

import pandas as pd

from engine import Report, Variant
from engine.wording import many
from pages._ui.wording import change, count, decibels, megabytes, milliseconds, plain, points, share

FASTER = {
    "yes": ":green-badge[faster]",
    "no": ":gray-badge[not faster]",
    "unclear": ":gray-badge[as fast, within the interval]",
}
CODES = {
    "accuracy_drop_over_budget": ":red-badge[{quality} over budget]",
    "latency_over_budget": ":red-badge[latency over budget]",
    "size_over_budget": ":red-badge[size over budget]",
    "no_better_than_chance": ":red-badge[no better than guessing]",
    "chance_uncertain": ":orange-badge[not surely better than guessing]",
    "accuracy_drop_uncertain": ":orange-badge[{quality} unsure]",
    "latency_uncertain": ":orange-badge[latency unsure]",
    "slower_than_baseline": ":red-badge[slower]",
}
COLUMNS = (
    "id",
    "parent_id",
    "branch",
    "step",
    "technique",
    "role",
    "label",
    "file",
    "sha256",
    "size_bytes",
    "parameters",
    "macs",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_ratio",
    "latency_ratio_low",
    "latency_ratio_high",
    "threads",
    "batch_size",
    "images_per_s",
    "images_per_s_low",
    "images_per_s_high",
    "top1",
    "top1_low",
    "top1_high",
    "top5",
    "n_images",
    "drop",
    "drop_low",
    "drop_high",
    "agreement",
    "sqnr_db",
    "within_budget",
    "faster",
    "seconds",
)


ON_REQUEST = ("Parameters", "p95", "Throughput", "SQNR")


def shown(report: Report, *, everything: bool = False) -> pd.DataFrame:
    """A row a variant; a difference stands beside its figure, green where it is better. Markdown, escaped.

    Without `everything` the figures of ON_REQUEST are left out.
    """
    base = report.baseline
    rows = [
        _row(variant, base if base is not None and base.id != variant.id else None, report)
        for variant in report.main_variants
    ]
    frame = pd.DataFrame(rows).drop(columns=[] if everything else list(ON_REQUEST))
    return frame.loc[:, (frame != "–").any()]


def _row(variant: Variant, base: Variant | None, report: Report) -> dict[str, str]:
    best = report.recommended is not None and report.recommended.id == variant.id
    good = 0 if _guesses(variant) else 1
    name = plain(variant.label) + (" :green-badge[recommended]" if best else "")
    return {
        "Variant": f"**{name}**" if best else name,
        "Speed": _speed(variant, sure=bool(good)) if base else "–",
        "Size": megabytes(variant.size_bytes)
        + _beside(change(variant.size_bytes, base.size_bytes) if base else "", -good),
        "Parameters": count(variant.parameters),
        "Latency p50": milliseconds(variant.latency.p50_ms) if variant.latency else "–",
        "p95": milliseconds(variant.latency.p95_ms) if variant.latency else "–",
        "Throughput": f"{variant.throughput.images_per_s:,.0f} /s" if variant.throughput else "–",
        "Top-1": _accuracy(variant, base, good),
        "Agreement": share(variant.fidelity.agreement) if variant.fidelity else "–",
        "SQNR": decibels(variant.fidelity.sqnr_db) if variant.fidelity else "–",
        "Verdict": _verdict(variant, base),
    }


def _speed(variant: Variant, *, sure: bool) -> str:
    """Times as fast as the baseline with its interval; green or red where that is `sure` and means something."""
    latency = variant.latency
    if latency is None:
        return "–"
    colour = "green" if sure and latency.ratio_high < 1 else "red" if latency.ratio_low > 1 else "gray"
    return f"{latency.speedup:.2f}× :{colour}[({latency.speedup_low:.2f} – {latency.speedup_high:.2f})]"


def _accuracy(variant: Variant, base: Variant | None, better: int) -> str:
    if variant.accuracy is None:
        return "–"
    difference = points(variant.accuracy.top1 - base.accuracy.top1) if base and base.accuracy else ""
    return share(variant.accuracy.top1) + _beside(difference, better)


def _beside(difference: str, better: int) -> str:
    """A difference in the colour of what it means; `better` is the sign that is good, 0 where nothing is."""
    if not difference:
        return ""
    if not better or not difference.strip("±+−.0 %pt"):
        return f" :gray[{difference}]"
    good = difference.startswith("+") == (better > 0)
    return f" :{'green' if good else 'red'}[{difference}]"


def _verdict(variant: Variant, base: Variant | None) -> str:
    if base is None or variant.verdict is None:
        return "–"
    codes = variant.verdict.codes
    quality = "accuracy" if variant.accuracy else "agreement"
    badges = [CODES.get(code, f":gray-badge[{plain(code.replace('_', ' '))}]") for code in codes]
    speed = [] if "slower_than_baseline" in codes or _guesses(variant) else [FASTER[variant.verdict.faster]]
    return " ".join((*speed, *badges)).replace("{quality}", quality)


def _guesses(variant: Variant) -> bool:
    """Whether it may answer no better than guessing, so that nothing about it is a success."""
    return variant.verdict is not None and variant.verdict.reaches_chance


def legend(report: Report) -> str:
    """What the figures of the table were measured at and on."""
    first = next((variant.latency for variant in report.main_variants if variant.latency), None)
    parts = []
    if first:
        parts.append(
            f"Latency: {first.runtime}, {many(first.threads, 'thread')}, batch {first.batch_size}, "
            f"{first.n_runs:,} calls in {first.n_rounds} interleaved rounds"
        )
    if report.data:
        labelled = any(variant.accuracy for variant in report.main_variants)
        parts.append(f"{'Accuracy' if labelled else 'Agreement'} on {report.data.n_evaluation:,} images")
    parts.append("MB = 10⁶ bytes")
    return ". ".join(parts) + "."


def as_csv(report: Report) -> str:
    """One line a variant, numbers as numbers, empty where nothing was measured."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_flat(variant) for variant in report.main_variants)
    return out.getvalue()


def _flat(v: Variant) -> dict[str, object]:
    latency, rate, right, close, verdict = v.latency, v.throughput, v.accuracy, v.fidelity, v.verdict
    flat: dict[str, object] = {name: getattr(v, name) for name in COLUMNS if name in type(v).model_fields}
    if latency:
        flat |= {
            "latency_p50_ms": latency.p50_ms,
            "latency_p95_ms": latency.p95_ms,
            "threads": latency.threads,
            "latency_ratio": latency.ratio_to_baseline,
            "latency_ratio_low": latency.ratio_low,
            "latency_ratio_high": latency.ratio_high,
            "batch_size": latency.batch_size,
        }
    if rate:
        flat |= {"images_per_s": rate.images_per_s, "images_per_s_low": rate.low, "images_per_s_high": rate.high}
    if right:
        flat |= {"top1": right.top1, "top1_low": right.low, "top1_high": right.high, "top5": right.top5}
    if close:
        flat |= {"agreement": close.agreement, "sqnr_db": close.sqnr_db}
    if right or close:
        flat["n_images"] = (right or close).n_images  # type: ignore[union-attr]
    if verdict:
        flat |= {
            "within_budget": verdict.within_budget,
            "faster": verdict.faster,
            "drop": verdict.drop,
            "drop_low": verdict.drop_low,
            "drop_high": verdict.drop_high,
        }
    return flat
