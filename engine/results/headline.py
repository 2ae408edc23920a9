"""The few figures that stand first in a result: speed, latency, size, and what the answers are worth."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.results.measures import MEASURES, similarity_text
from engine.results.report import Report, Variant
from engine.wording import milliseconds, percent, size_text


@dataclass(frozen=True)
class HeadlineFigure:
    """A figure of the recommended variant: its name, its value, what stands beside it, and what it means."""

    name: str
    value: str
    beside: str
    """The interval, or the baseline's figure; empty where there is neither."""
    meaning: str


def headline_figures(report: Report) -> tuple[HeadlineFigure, ...]:
    """The figures of the recommended variant; none where nothing was compared."""
    best = report.recommended_variant
    return tuple(_figures(report, best, report.baseline)) if best is not None and report.baseline is not None else ()


def _figures(report: Report, best: Variant, base: Variant) -> Iterator[HeadlineFigure]:
    differs = best.id != base.id
    latency = best.latency
    if latency is not None and differs:
        yield HeadlineFigure(
            "Times as fast",
            f"{latency.speedup:.2f}×",
            f"{latency.speedup_low:.2f} to {latency.speedup_high:.2f}",
            f"Against {report.reference}, with the 95 % interval.",
        )
    if latency is not None:
        beside = f"from {milliseconds(base.latency.p50_ms)}" if differs and base.latency else ""
        yield HeadlineFigure("Latency, median", milliseconds(latency.p50_ms), beside, "Half of all calls take less.")
    yield HeadlineFigure(
        "File size",
        size_text(best.size_bytes),
        f"from {size_text(base.size_bytes)}" if differs else "",
        "The bytes of the ONNX file.",
    )
    if best.accuracy is not None:
        beside = f"from {percent(base.accuracy.top1, 1)}" if differs and base.accuracy else ""
        yield HeadlineFigure(
            "Top-1 accuracy", percent(best.accuracy.top1, 1), beside, "How often the first answer is right."
        )
    elif best.fidelity is not None:
        texts = MEASURES[best.fidelity.measure]
        yield HeadlineFigure(texts.title, similarity_text(best.fidelity), "", "Beside the baseline's answers.")
