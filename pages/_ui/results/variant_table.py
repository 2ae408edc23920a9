"""The variants of a report as a table: texts with units for the page, plain numbers for a CSV.

The candidates of a race are in `race_table`.
"""

import csv
import io

import pandas as pd

from engine import (
    Report,
    Variant,
    example_noun,
    leak_text,
    measure_title,
    quality_name,
    report_measure,
    report_quality,
    similarity_text,
    unfinished_ids,
)
from engine.wording import many, size_text
from pages._ui.results import cold_start_table
from pages._ui.wording import change, count, decibels, milliseconds, plain, points, share

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
    "class_drop_over_budget": ":red-badge[a class over budget]",
    "accuracy_drop_uncertain": ":orange-badge[{quality} unsure]",
    "class_drop_uncertain": ":orange-badge[a class: cannot tell]",
    "latency_uncertain": ":orange-badge[latency unsure]",
    "slower_than_baseline": ":red-badge[slower]",
}
CANNOT_TELL = ":orange-badge[cannot tell whether slower]"
"""In place of slower, where the interval of the speed reaches the baseline's."""
CLASS = "Class that loses most"
CERTAINTY = {
    "surely": ":green-badge[surely within budget]",
    "probably": ":gray-badge[probably within budget]",
    "cannot_tell": ":orange-badge[cannot tell whether within budget]",
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
    "buffers",
    "other_buffers_p50_ms",
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
    "certainty",
    "n_changed",
    "n_worse",
    "n_better",
    "p_value",
    "smallest_drop",
    "class_drop",
    "class_drop_low",
    "class_drop_high",
    "selection_drop",
    "n_selection",
    "agreement",
    "measure",
    "similarity",
    "sqnr_db",
    "within_budget",
    "faster",
    *cold_start_table.COLUMNS,
    "seconds",
    "target",
    "runtime",
    "provider",
    "precision",
    "session_options",
)
ON_REQUEST = ("Parameters", "p95", "Throughput", "SQNR", "Changed answers", CLASS, *cold_start_table.SHOWN)
"""Columns that are shown with all figures only; that of the class is there too where it has a budget."""


def as_frame(report: Report, *, everything: bool = False) -> pd.DataFrame:
    """A row for each variant, as escaped Markdown; each difference from the baseline is green where it is better.

    Without `everything` the columns of ON_REQUEST are left out.
    """
    base = report.baseline
    rows = [
        _row(variant, base if base is not None and base.id != variant.id else None, report)
        for variant in report.main_variants
    ]
    has_class_budget = report.recipe.budget.max_class_drop is not None
    hidden = [] if everything else [name for name in ON_REQUEST if name != CLASS or not has_class_budget]
    frame = pd.DataFrame(rows).drop(columns=hidden)
    frame = frame.loc[:, (frame != "–").any()]
    if everything and "Verdict" in frame:  # so many columns are wider than a page: the verdict is seen first
        frame.insert(1, "Verdict", frame.pop("Verdict"))
    return frame


def _row(variant: Variant, base: Variant | None, report: Report) -> dict[str, str]:
    best = report.recommends(variant)
    good = 0 if _may_guess(variant) else 1
    name = plain(variant.label) + (" :green-badge[recommended]" if best else "")
    late = " :orange-badge[its time was up]" if variant.id in unfinished_ids(report) else ""
    return {
        "Variant": (f"**{name}**" if best else name) + late,
        "Speed": _speed(variant, may_succeed=bool(good)) if base else "–",
        "Size": size_text(variant.size_bytes)
        + _colour(change(variant.size_bytes, base.size_bytes) if base else "", -good),
        "Parameters": count(variant.parameters),
        "Latency p50": milliseconds(variant.latency.p50_ms) if variant.latency else "–",
        "p95": milliseconds(variant.latency.p95_ms) if variant.latency else "–",
        "Throughput": f"{variant.throughput.images_per_s:,.0f} /s" if variant.throughput else "–",
        "Top-1": _accuracy(variant, base, good),
        measure_title(report_measure(report) or "similarity"): similarity_text(variant.fidelity)
        if variant.fidelity
        else "–",
        "SQNR": decibels(variant.fidelity.sqnr_db) if variant.fidelity else "–",
        "Changed answers": _changed(variant),
        CLASS: _class(variant, report),
        **cold_start_table.cells(variant),
        "Verdict": _verdict(variant, base),
    }


def _speed(variant: Variant, *, may_succeed: bool) -> str:
    """Times as fast as the baseline with its interval; red where slower, and green where faster and `may_succeed`."""
    latency = variant.latency
    if latency is None:
        return f":gray[{variant.latency_estimate.cell}]" if variant.latency_estimate else "–"
    colour = "green" if may_succeed and latency.ratio_high < 1 else "red" if latency.ratio_low > 1 else "gray"
    return f"{latency.speedup:.2f}× :{colour}[({latency.speedup_low:.2f} – {latency.speedup_high:.2f})]"


def _accuracy(variant: Variant, base: Variant | None, better: int) -> str:
    if variant.accuracy is None:
        return "–"
    difference = points(variant.accuracy.top1 - base.accuracy.top1) if base and base.accuracy else ""
    return share(variant.accuracy.top1) + _colour(difference, better)


def _changed(variant: Variant) -> str:
    """How many answers changed, for the worse and for the better where there are labels, with McNemar's p-value."""
    comparison = variant.comparison
    if comparison is None or comparison.n_changed is None:
        return "–"
    total = f"{comparison.n_changed:,} of {comparison.n_images:,}"
    if comparison.p_value is None:
        return total
    return (
        f"{total} :gray[({comparison.n_worse:,} worse, {comparison.n_better:,} better, p = {comparison.p_value:.2g})]"
    )


def _class(variant: Variant, report: Report) -> str:
    """The class that loses most, and its loss with the interval of the largest loss of any class."""
    loss = variant.class_loss
    if loss is None:
        return "–"
    classes = report.data.classes if report.data is not None else None
    name = plain(classes[loss.index]) if classes is not None else str(loss.index + 1)
    worst = f"{name}: {points(-loss.drop)}" if loss.drop > 0 else "none"
    return f"{worst} :gray[({points(-loss.high)} to {points(-loss.low)})]"


def _colour(difference: str, better: int) -> str:
    """A difference in green or red; `better` is the sign that is an improvement, 0 where none is."""
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
    quality = "accuracy" if variant.accuracy else quality_name(variant)
    certainty = variant.verdict.certainty
    codes = [code for code in codes if certainty is None or code != "accuracy_drop_uncertain"]
    badges = [CERTAINTY[certainty]] if certainty is not None and not _may_guess(variant) else []
    if "slower_than_baseline" in codes and variant.verdict.faster == "unclear":
        codes = [code for code in codes if code != "slower_than_baseline"]
        badges.append(CANNOT_TELL)
    badges += [CODES.get(code, f":gray-badge[{plain(code.replace('_', ' '))}]") for code in codes]
    is_told = "slower_than_baseline" in variant.verdict.codes or _may_guess(variant)
    speed = [] if is_told else [FASTER[variant.verdict.faster]]
    if variant.latency is None:
        speed = [f":orange-badge[{'not measured: machine busy' if variant.latency_estimate else 'not timed'}]"]
    return " ".join((*speed, *badges)).replace("{quality}", quality)


def _may_guess(variant: Variant) -> bool:
    """Whether the variant may be no better than guessing, so that no figure of it is drawn as a success."""
    return variant.verdict is not None and variant.verdict.reaches_chance


def legend(report: Report, *, everything: bool = False) -> str:
    """What the figures of the table were measured at, and on how many images or other examples."""
    first = next((variant.latency for variant in report.main_variants if variant.latency), None)
    parts = []
    if first:
        runtime = ", ".join((_runtimes(report, first.runtime), *report.recipe.target.option_texts))
        parts.append(
            f"Latency: {runtime}, {many(first.threads, 'thread')}, batch {first.batch_size}, "
            f"{_span(report, 'n_runs')} calls each in {_span(report, 'n_rounds')} interleaved rounds that count"
            f"{_left_out(report)}"
        )
        parts += [plain(text) for text in report.buffers_texts]
    if report.data and (quality := report_quality(report)):
        chosen = f", chosen on {report.data.n_selection:,} others" if report.data.n_selection else ""
        parts.append(f"{measure_title(quality)} on {many(report.data.n_evaluation, example_noun(report))}{chosen}")
    if leak := leak_text(report):
        parts.append(leak)
    if everything and (cold_start := cold_start_table.legend(report)):
        parts.append(cold_start)
    parts.append("MB = 10⁶ bytes")
    return ". ".join(parts) + "."


def _runtimes(report: Report, runtime: str) -> str:
    """What the variants were measured in: a runtime, or all targets that raced and the one that ratios are to."""
    if not report.target_labels:
        return runtime
    labels = ", ".join(report.target_labels)
    return plain(f"each variant in its own of {labels}, its speed against {report.reference}")


def target_columns(report: Report, variant: Variant) -> dict[str, object]:
    """What a variant runs at, for a CSV: its name among those that race, runtime, provider, precision, and options.

    A candidate without a latency has the session options of what was timed at its target, which are the same.
    """
    target = report.target_of(variant)
    names = ("runtime", "provider", "precision")
    equals = (variant, *(one for one in report.main_variants if one.target_label == variant.target_label))
    options: dict[str, str] = next((one.latency.session_options for one in equals if one.latency), {})
    return {
        "target": variant.target_label,
        **{name: getattr(target, name) for name in names},
        "session_options": "; ".join(f"{name}={value}" for name, value in options.items()),
    }


def _span(report: Report, name: str) -> str:
    """A count of the latencies of all variants: a number, or the least and the most."""
    counts = sorted({getattr(variant.latency, name) for variant in report.main_variants if variant.latency})
    return " to ".join(f"{number:,}" for number in (counts[0], counts[-1])[: len(counts)])


def _left_out(report: Report) -> str:
    """How many calls of all variants other programs disturbed, so that they do not count."""
    latencies = [variant.latency for variant in report.main_variants if variant.latency]
    n_disturbed = sum(one.n_disturbed for one in latencies)
    n_calls = n_disturbed + sum(one.n_runs for one in latencies)
    return f"; {n_disturbed:,} of all {n_calls:,} calls were disturbed and left out" if n_disturbed else ""


def as_csv(report: Report) -> str:
    """A line for each variant; an entry is empty where nothing was measured."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_flat(report, variant) for variant in report.main_variants)
    return file.getvalue()


def _flat(report: Report, v: Variant) -> dict[str, object]:
    latency, throughput, accuracy, fidelity, verdict = v.latency, v.throughput, v.accuracy, v.fidelity, v.verdict
    plain_columns = [name for name in COLUMNS if name in type(v).model_fields and name != "target"]
    flat: dict[str, object] = {name: getattr(v, name) for name in plain_columns}
    flat |= target_columns(report, v)
    if latency:
        flat |= {
            "latency_p50_ms": latency.p50_ms,
            "latency_p95_ms": latency.p95_ms,
            "buffers": latency.buffers,
            "other_buffers_p50_ms": latency.other_buffers_p50_ms,
            "threads": latency.threads,
            "latency_ratio": latency.ratio_to_baseline,
            "latency_ratio_low": latency.ratio_low,
            "latency_ratio_high": latency.ratio_high,
            "batch_size": latency.batch_size,
        }
    if throughput:
        flat |= {
            "images_per_s": throughput.images_per_s,
            "images_per_s_low": throughput.low,
            "images_per_s_high": throughput.high,
        }
    if accuracy:
        flat |= {
            "top1": accuracy.top1,
            "top1_low": accuracy.low,
            "top1_high": accuracy.high,
            "top5": accuracy.top5,
        }
    if fidelity:
        names = ("agreement", "measure", "similarity", "sqnr_db")
        flat |= {name: getattr(fidelity, name) for name in names}
    if quality := accuracy or fidelity:
        flat["n_images"] = quality.n_images
    if comparison := v.comparison:
        names = ("n_changed", "n_worse", "n_better", "p_value", "smallest_drop")
        flat |= {name: getattr(comparison, name) for name in names}
    if loss := v.class_loss:
        flat |= {"class_drop": loss.drop, "class_drop_low": loss.low, "class_drop_high": loss.high}
    if selection := v.selection:
        flat |= {"selection_drop": selection.comparison.drop, "n_selection": selection.comparison.n_images}
    if verdict:
        flat |= {
            "certainty": verdict.certainty,
            "within_budget": verdict.within_budget,
            "faster": verdict.faster,
            "drop": verdict.drop,
            "drop_low": verdict.drop_low,
            "drop_high": verdict.drop_high,
        }
    return flat | cold_start_table.numbers(v)
