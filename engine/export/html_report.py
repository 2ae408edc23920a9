"""The report to hand over: one HTML file with the finding, the charts and how it was measured, that works offline."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from plotly.offline import get_plotlyjs

from engine import charts
from engine.results import (
    MEASURES,
    Latency,
    Report,
    Variant,
    caveats,
    example_noun,
    finding,
    how_to_start,
    losses_text,
    measure_title,
    report_measure,
    selection_text,
    similarity_text,
)
from engine.results.verification import KnownVerification
from engine.settings import dump_recipe
from engine.wording import many, percent, size_text

TEMPLATES = Environment(
    loader=PackageLoader("engine.export", "templates"),
    autoescape=select_autoescape(["html", "html.j2"], default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Tile:
    """A large figure: its name, its value, and the baseline's beside it."""

    name: str
    value: str
    beside: str


@dataclass(frozen=True)
class Picture:
    """A chart as Plotly reads it, with its title and its text for who does not see it."""

    title: str
    figure: str
    alt: str
    height: int


def html_report(report: Report, name: str, verifications: Sequence[KnownVerification] = ()) -> str:
    """The report of a finished run as one HTML page, `name` its title.

    `verifications` are what its bundles found on other machines, which stand apart from what the run measured.
    It loads nothing from anywhere: styles, Plotly and data are in it, and its own policy forbids more.
    """
    sentences = finding(report)
    return TEMPLATES.get_template("report.html.j2").render(
        name=name,
        report=report,
        finding=[text for text in sentences if text],
        tiles=list(_tiles(report)),
        pictures=list(_pictures(report)),
        caveats=caveats(report),
        columns=_columns(report),
        rows=[_row(report, variant) for variant in report.main_variants],
        losses=[(one.label, text) for one in report.main_variants[1:] if (text := losses_text(one, report))],
        races=[race.reason.text for race in report.races if race.reason],
        notes=[(variant.label, variant.notes) for variant in report.main_variants if variant.notes],
        method=list(_method(report)),
        files=[(one.label, one.file, one.sha256, size_text(one.size_bytes)) for one in report.main_variants],
        verified=[_verified(known) for known in verifications],
        recipe=dump_recipe(report.recipe),
        plotly=get_plotlyjs(),
    )


def _tiles(report: Report) -> Iterator[Tile]:
    best = report.variant(report.recommended.id) if report.recommended else None
    base = report.baseline
    if best is None or base is None:
        return
    differs = best.id != base.id
    if best.latency is not None:
        if differs:
            interval = f"{best.latency.speedup_low:.2f} to {best.latency.speedup_high:.2f}"
            yield Tile("Times as fast", f"{best.latency.speedup:.2f}×", interval)
        beside = f"from {base.latency.p50_ms:.3g} ms" if differs and base.latency else ""
        yield Tile("Latency of a call", f"{best.latency.p50_ms:.3g} ms", beside)
    yield Tile("File size", size_text(best.size_bytes), f"from {size_text(base.size_bytes)}" if differs else "")
    if best.accuracy is not None:
        beside = f"from {percent(base.accuracy.top1, 1)}" if differs and base.accuracy else ""
        yield Tile("Right answers (top-1)", percent(best.accuracy.top1, 1), beside)
    elif best.fidelity is not None:
        yield Tile(MEASURES[best.fidelity.measure].title, similarity_text(best.fidelity), "")


def _pictures(report: Report) -> Iterator[Picture]:
    """The charts of the overview that the report has figures for."""
    variants = report.main_variants
    has_labels = any(one.accuracy for one in variants)
    has_speed = any(one.role != "baseline" and one.latency for one in variants)
    is_placed = [one for one in variants if one.latency and (one.role == "baseline" or one.accuracy or one.fidelity)]
    measure = report_measure(report)
    rows: Sequence[tuple[bool, str, Callable[[Report], go.Figure]]] = (
        (bool(variants), "How large is the file?", charts.size),
        (has_speed, "How many times as fast, and how sure is that?", charts.speed),
        (has_labels, "How often is it right?", charts.accuracy),
        (not has_labels and measure is not None, MEASURES[measure].question if measure else "", charts.similarity),
        (len(is_placed) > 1, "What is gained, and what it costs: up and left is better", charts.tradeoff),
    )
    for applies, title, draw in rows:
        if applies:
            figure = draw(report)
            height = int(figure.layout.height or 360)
            # A name in the figure must not end the script that holds it.
            yield Picture(title, figure.to_json().replace("<", "\\u003c"), charts.alt_text(figure), height)


def _columns(report: Report) -> tuple[str, ...]:
    measure = measure_title(report_measure(report) or "similarity")
    return ("Variant", "Times as fast", "Latency p50", "Size", "Top-1", measure, "Verdict")


def _row(report: Report, variant: Variant) -> tuple[str, ...]:
    latency = variant.latency
    is_baseline = variant.role == "baseline"
    speed = "1" if is_baseline else "–"
    if latency is not None and not is_baseline:
        speed = f"{latency.speedup:.2f} ({latency.speedup_low:.2f} to {latency.speedup_high:.2f})"
    accuracy = variant.accuracy
    return (
        variant.label,
        speed,
        f"{latency.p50_ms:.3g} ms" if latency else "–",
        size_text(variant.size_bytes),
        f"{percent(accuracy.top1, 1)} ({percent(accuracy.low, 1)} to {percent(accuracy.high, 1)})" if accuracy else "–",
        similarity_text(variant.fidelity) if variant.fidelity else "–",
        _verdict(report, variant),
    )


def _verified(known: KnownVerification) -> tuple[str, ...]:
    found, latency = known.verification, known.verification.latency
    interval = f" ({latency.low_ms:.3g} to {latency.high_ms:.3g})" if latency else ""
    failed = [check.text for check in found.checks if not check.passed]
    return (
        known.label,
        known.where,
        f"{latency.p50_ms:.3g} ms{interval}" if latency else "–",
        many(latency.threads, "thread") if latency else "–",
        "verified" if found.passed else "; ".join(failed),
    )


def _verdict(report: Report, variant: Variant) -> str:
    if report.recommends(variant):
        return "recommended"
    if variant.role == "baseline":
        return "the baseline"
    verdict = variant.verdict
    if verdict is None:
        return "not compared"
    if not verdict.within_budget:
        return "over the budget"
    return {"yes": "faster, within the budget", "no": "not faster", "unclear": "not surely faster"}[verdict.faster]


def _method(report: Report) -> Iterator[tuple[str, str]]:
    """How the recommended variant is started and how all was measured, as pairs of a name and a sentence."""
    machine, base = report.environment, report.baseline
    best = report.variant(report.recommended.id) if report.recommended else None
    if best is not None and not report.is_undecided:
        yield "How to start it", f"Start {best.label} in {how_to_start(report, best)}, as it was measured"
    yield "Machine", f"{report.latency_cpu}, {many(machine.cores, 'core')}, {size_text(machine.memory_bytes)} of memory"
    if base is not None and base.latency is not None:
        latency = base.latency
        yield (
            "Latency",
            f"{_timed_in(report, latency)} with {many(latency.threads, 'thread')} and batch size "
            f"{latency.batch_size}; all files by turns in {many(latency.n_rounds, 'round')}, so that all meet the same "
            "machine, and the ratio within a round counts. The median of a call; intervals are 95 %",
        )
    if report.data is not None:
        data, noun = report.data, example_noun(report)
        counts = f"{data.n_train:,} train, {data.n_calibration:,} calibrate, {data.n_evaluation:,} report"
        yield f"{noun[0].upper()}{noun[1:]}s", f"{counts}. {selection_text(data, noun)}".strip()
        yield "Evaluation set", f"SHA-256 {data.evaluation_sha256}"
    yield "Versions", ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    yield "Run", f"{report.run_id}, {report.created}, {report.seconds:.0f} s"


def _timed_in(report: Report, baseline: Latency) -> str:
    """What the files were timed in: that of the baseline, or each in its own of the targets that raced."""
    if report.target_labels:
        return f"Each file in its own of {', '.join(report.target_labels)}, its speed against {report.reference},"
    return f"{baseline.runtime} ({baseline.provider})"
