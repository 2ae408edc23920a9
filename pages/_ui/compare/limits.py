"""The limits of the Compare page: what does not meet them is greyed."""

from dataclasses import dataclass

import streamlit as st

from engine import ComparedVariant
from engine.charts import FigureName


@dataclass(frozen=True)
class Limits:
    """The largest loss of quality as a share, the longest call in ms and the largest file in MB; None for no limit."""

    drop: float | None
    p50_ms: float | None
    size_mb: float | None

    @property
    def on_axes(self) -> dict[FigureName, float]:
        """The limits that are places on an axis: that of a loss is another one for each baseline."""
        placed: dict[FigureName, float | None] = {"latency": self.p50_ms, "size": self.size_mb}
        return {name: limit for name, limit in placed.items() if limit is not None}

    def keeps(self, variant: ComparedVariant) -> bool:
        """Whether no figure of the variant is over its limit; a figure that is not there is over none."""
        figures = (
            (variant.drop, self.drop),
            (variant.p50_ms, self.p50_ms),
            (variant.size_bytes / 1e6, self.size_mb),
        )
        return all(figure is None or limit is None or figure <= limit for figure, limit in figures)


def choose() -> Limits:
    """Draws three fields, which the address keeps; an empty one is no limit."""
    with st.container(horizontal=True, key="limits"):
        drop = st.number_input(
            "Loss, at most", value=None, min_value=0.0, max_value=100.0, key="drop", bind="query-params",
            placeholder="points", help="Points of top-1 or of similarity that may be lost.",
        )  # fmt: skip
        milliseconds = st.number_input(
            "Latency, at most", value=None, min_value=0.0, key="ms", bind="query-params", placeholder="ms",
            help="Median of a call.",
        )  # fmt: skip
        size = st.number_input(
            "Size, at most", value=None, min_value=0.0, key="mb", bind="query-params", placeholder="MB",
            help="Of the file, in 10^6 bytes.",
        )  # fmt: skip
    return Limits(None if drop is None else drop / 100, milliseconds, size)
