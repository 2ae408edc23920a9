"""The report to hand over: one HTML file with the finding, the charts and how it was measured, that works offline."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from plotly.offline import get_plotlyjs

from engine import charts
from engine.export.report_examples import ExampleCard, compared_variant
from engine.results import (
    Latency,
    Report,
    Variant,
    caveats,
    example_noun,
    finding,
    headline_figures,
    how_to_start,
    losses_text,
    measure_title,
    report_measure,
    selection_text,
    similarity_text,
)
from engine.results.verification import KnownVerification
from engine.settings import ArraysData, dump_recipe
from engine.wording import many, milliseconds, percent, size_text

TEMPLATES = Environment(
    loader=PackageLoader("engine.export", "templates"),
    autoescape=select_autoescape(["html", "html.j2"], default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Picture:
    """A chart as Plotly reads it, with its title and its text for who does not see it."""

    title: str
    figure: str
    alt: str
    height: int


def html_report(
    report: Report,
    name: str,
    cards: Sequence[ExampleCard] = (),
    verifications: Sequence[KnownVerification] = (),
    *,
    with_images: bool = True,
) -> str:
    """The report of a finished run as one HTML page, `name` its title and `cards` its images.

    `verifications` are what its bundles found on other machines, which stand apart from what the run measured.
    It loads nothing from anywhere: styles, Plotly and data are in it, and its own policy forbids more. Without
    `with_images` it says that they were left out.
    """
    columns, rows = _table(report)
    return TEMPLATES.get_template("report.html.j2").render(
        name=name,
        report=report,
        story=list(_story(report)),
        finding=[text for text in finding(report) if text],
        figures=headline_figures(report),
        pictures=list(_pictures(report)),
        has_estimates=any(one.latency_estimate for one in report.main_variants),
        cards=cards,
        images_text=_images_text(report, cards, with_images=with_images),
        caveats=caveats(report),
        columns=columns,
        rows=rows,
        losses=[(one.label, text) for one in report.main_variants[1:] if (text := losses_text(one, report))],
        races=[race.reason.text for race in report.races if race.reason],
        notes=[(variant.label, variant.notes) for variant in report.main_variants if variant.notes],
        method=list(_method(report)),
        files=[(one.label, one.file, one.sha256, size_text(one.size_bytes)) for one in report.main_variants],
        verified=[_verified(known) for known in verifications],
        recipe=dump_recipe(report.recipe),
        plotly=get_plotlyjs(),
    )


def _story(report: Report) -> Iterator[str]:
    """What the reader looks at, in sentences for somebody who was not there."""
    recipe, base = report.recipe, report.baseline
    chains = [" + ".join(step.title for step in chain) or "Baseline only" for chain in recipe.chains]
    on = f", the data {recipe.data.title}" if recipe.data is not None else ", without any data"
    machine = _machine(report)
    was = "was" if len(chains) == 1 else "were"
    if not report.compares:
        yield f"The model is {recipe.model.title}{on}. It was measured as it is, {machine}."
        return
    yield (
        f"The model is {recipe.model.title}{on}. {many(len(chains), 'way')} to make it smaller and faster {was} tried: "
        f"{'; '.join(chains)}."
    )
    if base is not None:
        yield f"Every file was measured beside the model as it was, which is called the baseline, {machine}."


def _machine(report: Report) -> str:
    """Where and when the run was, and where and when its latencies were measured if that was on other hardware."""
    standing, own = report.standing_measurement, f"on {report.run_hardware}, on {_date(report.created)}"
    if standing is None or report.latency_hardware == report.run_hardware:
        return own
    return f"{own}; the latencies are from {report.latency_hardware}, on {_date(standing.created)}"


def _date(moment: str) -> str:
    """27 November 2026."""
    day = datetime.fromisoformat(moment)
    return f"{day.day} {day:%B %Y}"


def _images_text(report: Report, cards: Sequence[ExampleCard], *, with_images: bool) -> str:
    """What stands above the images, or in their place; empty where the run had none that could be shown."""
    variant, data = compared_variant(report), report.recipe.data
    on_images = data is not None and not isinstance(data, ArraysData)
    if variant is None or not on_images or report_measure(report) not in (None, "agreement"):
        return ""
    if not with_images:
        return "The images were left out of this report."
    if not cards:
        return (
            "No pictures are at hand: the run has kept none, or its folder came without them. Open the run under "
            "Results, Images, and press “Look at the images”; a report that is made after that has them."
        )
    comparison = variant.comparison
    changed = sum(card.changed for card in cards)
    start = "Each image is shown with the answer of the model as it was (before) and of"
    name = variant.label if report.recommends(variant) else f"{variant.label}, which is not recommended,"
    how_many = ""
    if comparison is not None and comparison.n_changed is not None:
        images = many(comparison.n_images, "image")
        shown = f", the {changed} shown first lose most" if changed < comparison.n_changed else ""
        how_many = f" In all, {comparison.n_changed:,} of {images} {_have(comparison.n_changed)} another answer{shown}."
    return f"{start} {name} (after), and how sure each of them is.{how_many}"


def _have(number: int) -> str:
    return "has" if number == 1 else "have"


def _pictures(report: Report) -> Iterator[Picture]:
    """The charts of the overview."""
    for chart in charts.overview_charts(report):
        figure = chart.draw(report)
        height = int(figure.layout.height or 360)
        # A name in the figure must not end the script that holds it.
        yield Picture(chart.question, figure.to_json().replace("<", "\\u003c"), charts.alt_text(figure), height)


def _table(report: Report) -> tuple[list[str], list[list[str]]]:
    """The columns that have anything to say, and a row a variant."""
    measure = measure_title(report_measure(report) or "similarity")
    columns = ("Variant", "Times as fast", "Latency, median", "Size", "Top-1", measure, "Verdict")
    rows = [_row(report, variant) for variant in report.main_variants]
    filled = [index for index in range(len(columns)) if any(row[index] != "–" for row in rows)]
    return [columns[index] for index in filled], [[row[index] for index in filled] for row in rows]


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
        milliseconds(latency.p50_ms) if latency else "–",
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
    best = report.recommended_variant
    if best is not None and not report.is_undecided:
        yield "How to start it", f"Start {best.label} in {how_to_start(report, best)}, as it was measured"
    memory = size_text(machine.memory_bytes)
    yield "Machine", f"{report.run_hardware}, {many(machine.cores, 'core')}, {memory} of memory"
    if report.latency_hardware != report.run_hardware:
        yield "Machine of the latencies", f"{report.latency_hardware}, where they were measured again"
    if base is not None and base.latency is not None:
        latency = base.latency
        yield (
            "Latency",
            f"{_timed_in(report, latency)} with {many(latency.threads, 'thread')} and batch size "
            f"{latency.batch_size}; all files by turns in {many(latency.n_rounds, 'round')}, so that all meet the same "
            "machine, and the ratio within a round counts. The median of a call; intervals are 95 %",
        )
    if report.buffers_texts:
        yield "Buffers", ". ".join(report.buffers_texts)
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
    return ", ".join((f"{baseline.runtime} ({baseline.provider})", *report.recipe.target.option_texts))
