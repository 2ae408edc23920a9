"""Top-1 of a model under the preprocessings that were tried."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from engine.charts.quality import TOP1
from engine.charts.rows import Row, add_point, add_reference, add_rows
from engine.charts.scales import show_x
from engine.charts.style import BASELINE, CANDIDATE, RECOMMENDED, canvas, label
from engine.results import PreprocessingDetection, PreprocessingTrial, preprocessing_text
from engine.wording import many, percent

MOST = 10
"""At most so many rows, of which the declared preprocessing and the better one are two."""


def preprocessing(detection: PreprocessingDetection) -> go.Figure:
    """A row a preprocessing with its top-1 and the 95 % interval, the best first; the declared one is dotted.

    Raises ValueError for a detection without labels, whose trials have no top-1.
    """
    if not detection.labelled:
        raise ValueError("without labels there is no top-1 to draw")
    rows = [(preprocessing_text(one.preprocess, detection.declared.preprocess), one) for one in _shown(detection)]
    spans = [_span(trial) for _, trial in rows]
    figure = canvas(_alt(detection, rows), x_title=TOP1.title)
    middles = add_rows(
        figure,
        [
            Row(name=label(name), text=f"{span[0]:.1f} %", bold=trial == detection.winner)
            for (name, trial), span in zip(rows, spans, strict=True)
        ],
    )
    scale = TOP1.scale(end for span in spans for end in span)
    show_x(figure, scale)
    declared, _, _ = _span(detection.declared)
    add_reference(figure, scale, declared, f"declared {declared:.1f} %", middles)
    for (name, trial), (value, low, high), y in zip(rows, spans, middles, strict=True):
        interval = f"95 % interval {low:.1f} to {high:.1f} %, {many(trial.n_images, 'image')}"
        hover = f"{html.escape(name)}<br>{value:.1f} %, {interval}<extra></extra>"
        add_point(figure, y, value, low, high, colour=_colour(detection, trial), hover=hover)
    return figure


def _shown(detection: PreprocessingDetection) -> list[PreprocessingTrial]:
    """The best trials, with the declared one and the better one among them."""
    always = {0, detection.better}
    ranked = sorted(
        range(len(detection.trials)),
        key=lambda index: (index in always, detection.trials[index].top1 or 0.0),
        reverse=True,
    )
    best = sorted(ranked[:MOST], key=lambda index: detection.trials[index].top1 or 0.0, reverse=True)
    return [detection.trials[index] for index in best]


def _span(trial: PreprocessingTrial) -> tuple[float, float, float]:
    """Top-1 with the ends of its interval, in percent."""
    top1 = trial.top1 or 0.0
    low, high = (top1 if end is None else end for end in (trial.low, trial.high))
    return 100 * top1, 100 * low, 100 * high


def _colour(detection: PreprocessingDetection, trial: PreprocessingTrial) -> str:
    if trial == detection.winner:
        return RECOMMENDED
    return BASELINE if trial == detection.declared else CANDIDATE


def _alt(detection: PreprocessingDetection, rows: Sequence[tuple[str, PreprocessingTrial]]) -> str:
    texts = ", ".join(f"{name} {percent(trial.top1 or 0.0, 1)}" for name, trial in rows)
    more = f", the best of {len(detection.trials)}" if len(detection.trials) > len(rows) else ""
    return f"Top-1 accuracy under every preprocessing{more}: {texts}"
