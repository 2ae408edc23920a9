"""How many images or other examples of each class are in each split."""

import html

import plotly.graph_objects as go

from engine.charts.key import add_key
from engine.charts.rows import BAR
from engine.charts.scales import counts, show_x
from engine.charts.style import FOOT, SERIES, canvas, shortened
from engine.results import ClassCount, DataPreview

SPLITS = ("train", "calibration", "evaluation", "holdout", "selection")
NAMES = {"selection": "selection alone"}
"""What a split is called where its examples are not all that its name says: others that choose are in their splits."""
MOST = 24
ROW = 22
"""Pixels of the row of a class."""
GLYPH, LETTERS = "■", 30
"""The glyph of the key, and its letters in a line, fewer since the names of classes are beside it."""
NAME = 16
"""The most letters of a name; the whole name is in the hover text of its bar."""


def class_counts(preview: DataPreview) -> go.Figure:
    """A stacked bar a class, a colour a split; of more than 24 classes the largest are shown."""
    largest = sorted(preview.counts, key=lambda c: -_total(c))[:MOST]
    classes = [count for count in preview.counts if count in largest]
    totals = {split: sum(getattr(count, split) for count in preview.counts) for split in SPLITS}
    totals_text = ", ".join(f"{total} {NAMES.get(split, split)}" for split, total in totals.items() if total)
    noun = "Examples" if preview.arrays else "Images"
    figure = canvas(
        f"{noun} of {len(preview.counts)} classes: {totals_text}",
        x_title=f"{noun}, count",
        height=ROW * max(len(classes), 1) + FOOT,
    )
    for split, colour in zip(SPLITS, SERIES, strict=False):
        if totals[split]:
            figure.add_bar(
                x=[getattr(count, split) for count in classes],
                y=list(range(len(classes))),
                name=split,
                orientation="h",
                marker={"color": colour},
                width=BAR / ROW,
                customdata=[html.escape(count.name) for count in classes],
                hovertemplate=f"%{{customdata}}<br>%{{x:,}} {NAMES.get(split, split)}<extra></extra>",
            )
    figure.update_layout(barmode="stack")
    add_key(
        figure,
        (
            (GLYPH, colour, NAMES.get(split, split))
            for split, colour in zip(SPLITS, SERIES, strict=False)
            if totals[split]
        ),
        letters=LETTERS,
    )
    figure.update_yaxes(
        range=[len(classes) - 0.5, -0.5],
        tickvals=list(range(len(classes))),
        showgrid=False,
        ticktext=[html.escape(shortened(count.name, NAME)) for count in classes],
    )
    show_x(figure, counts(_total(count) for count in classes))
    return figure


def _total(count: ClassCount) -> int:
    return sum(getattr(count, split) for split in SPLITS)
