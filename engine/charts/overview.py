"""The charts that a result is shown with: which ones there are figures for, and the question that each answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import plotly.graph_objects as go

from engine.charts.accuracy import accuracy, similarity
from engine.charts.cold_start import cold_start, memory
from engine.charts.latency import latency, speed
from engine.charts.size import size
from engine.charts.tradeoff import tradeoff
from engine.results import MEASURES, Report, Variant, report_measure


@dataclass(frozen=True)
class OverviewChart:
    """A chart of a report: its name, the question that it answers, and the function that draws it."""

    name: str
    question: str
    draw: Callable[[Report], go.Figure]


def overview_charts(report: Report) -> tuple[OverviewChart, ...]:
    """The charts that the report has figures for, the trade-off last."""
    return tuple(_charts(report)) if report.main_variants else ()


def _charts(report: Report) -> Iterator[OverviewChart]:
    variants, measure = report.main_variants, report_measure(report)
    yield OverviewChart("size", "How large is the file?", size)
    if any(one.latency for one in report.variants):
        yield OverviewChart("latency", "How long does a call take?", latency)
    if len(variants) > 1 and any(_has_speed(one) for one in report.variants):
        yield OverviewChart("speed", "How many times as fast, and how sure is that?", speed)
    if any(one.accuracy for one in variants):
        yield OverviewChart("accuracy", "How often is it right?", accuracy)
    elif len(variants) > 1:
        question = MEASURES[measure].question if measure is not None else "Still the same outputs?"
        yield OverviewChart("similarity", question, similarity)
    if any(one.cold_start for one in variants):
        yield OverviewChart("cold-start", "How soon is a fresh process ready?", cold_start)
        yield OverviewChart("memory", "How much memory does that take?", memory)
    if len(variants) > 1 and sum(_is_placed(one) for one in variants) > 1:  # a point alone is no trade-off
        yield OverviewChart("tradeoff", "What is gained, and what it costs: up and left is better", tradeoff)


def _has_speed(variant: Variant) -> bool:
    """Whether a variant has a speed beside the baseline's, or an estimate of one."""
    return variant.role != "baseline" and (variant.latency or variant.latency_estimate) is not None


def _is_placed(variant: Variant) -> bool:
    """Whether a variant has both a latency and what its answers are worth."""
    is_judged = variant.role == "baseline" or (variant.accuracy or variant.fidelity) is not None
    return variant.latency is not None and is_judged
