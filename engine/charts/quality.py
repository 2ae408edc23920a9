"""The axis of quality: top-1, or without labels how close the answers are to the baseline's."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.charts.scales import MOST_TICKS, ROOM, Scale, shares
from engine.results import MEASURES, Measure, QualityKind, Report, report_measure


@dataclass(frozen=True, kw_only=True)
class QualityAxis:
    """An axis of percentages, or of figures up to 1; `least` is the lowest value that there can be on it."""

    name: str
    is_percent: bool = True
    least: float = 0.0

    @property
    def title(self) -> str:
        """The name with the unit."""
        return f"{self.name}, {'%' if self.is_percent else 'at most 1'}"

    @property
    def whole(self) -> float:
        """The value of perfect answers."""
        return 100.0 if self.is_percent else 1.0

    def text(self, value: float) -> str:
        """A value on the axis: 99.20 %, or 0.9920 where it is no percentage."""
        return (f"{value:.2f} %" if self.is_percent else f"{value:.4f}").replace("-", "−")

    def scale(self, values: Iterable[float], *, room: float = ROOM, most: int = MOST_TICKS) -> Scale:
        """The scale that shows these values."""
        return shares(values, self.whole, least=self.least, room=room, most=most)


TOP1 = QualityAxis(name="Top-1 accuracy")
UNKNOWN = QualityAxis(name="Similarity to the baseline")
"""Before anything was compared."""


def similarity_axis(report: Report) -> QualityAxis:
    """The axis of the report's measure."""
    measure = report_measure(report)
    return UNKNOWN if measure is None else _axis_of_measure(measure)


def quality_axis(report: Report) -> QualityAxis:
    """That of top-1 where a variant has it, else that of the report's measure."""
    return TOP1 if any(variant.accuracy for variant in report.main_variants) else similarity_axis(report)


def quality_axis_of(kind: QualityKind | None) -> QualityAxis:
    """The axis of what a comparison of runs has for quality; that of top-1 where nothing is known of it."""
    return TOP1 if kind is None or kind == "accuracy" else _axis_of_measure(kind)


def _axis_of_measure(measure: Measure) -> QualityAxis:
    texts = MEASURES[measure]
    least = 100 * texts.least if texts.is_percent else texts.least
    return QualityAxis(name=texts.title, is_percent=texts.is_percent, least=least)
