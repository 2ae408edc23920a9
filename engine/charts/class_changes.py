"""What a variant changes by class: the largest changes with their intervals, and the confusion difference."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from engine.charts.key import add_key
from engine.charts.rows import Row, add_point, add_reference, add_rows
from engine.charts.scales import Scale, show_x
from engine.charts.style import BASELINE, FOOT, OVER, RECOMMENDED, canvas, label, shortened
from engine.results.class_changes import ClassChange, ClassChanges
from engine.wording import many

MOST_ROWS, MOST_CLASSES = 20, 20
CELL, NAME = 26, 14
"""Pixels of a cell of the heat map, and the most letters of a class beside it."""
UPRIGHT = 2
"""Letters of names that stand side by side below the cells on a phone."""
NO_CHANGE = "rgba(120,130,126,0.10)"
"""The colour of a cell that does not differ, on the light and the dark page."""
MOST_IN_CELL = 3
"""Figures that fit into a cell on a phone."""


def class_changes(changes: ClassChanges) -> go.Figure:
    """The 20 largest changes, points of accuracy (of agreement without labels), with their joint 95 % intervals.

    Grey where the interval holds no change, and hollow where the class has too few images for a statement.
    """
    rows = changes.rows[:MOST_ROWS]
    what = "top-1" if changes.labelled else "agreement"
    texts = ", ".join(f"{row.name} {_points(row.change)} of {row.n_images}" for row in rows)
    figure = canvas(
        f"Change of {what} by class, points: {texts}",
        x_title=f"Change of {what}, points",
    )
    middles = add_rows(
        figure,
        [Row(name=label(row.name), text=f"{_points(row.change)} of {row.n_images:,}") for row in rows],
    )
    scale = _scale(rows)
    for row, y in zip(rows, middles, strict=True):
        add_point(
            figure,
            y,
            100 * row.change,
            100 * row.low,
            100 * row.high,
            colour=_colour(row),
            hover=_hover(row),
            hollow=row.has_few,
        )
    show_x(figure, scale)
    add_reference(figure, scale, 0.0, "no change", middles)
    return figure


def confusion_difference(changes: ClassChanges) -> go.Figure:
    """The confusion matrix of the variant minus the baseline's, images, of the classes that move the most images.

    A row a label, a column an answer; where there are no labels, a row an answer of the baseline. Red are more wrong
    or fewer right answers, green fewer wrong or more right ones.
    """
    classes = moved_classes(changes)
    place = {index: number for number, index in enumerate(classes)}
    cells = [cell for cell in changes.cells if cell.label in place and cell.answer in place]
    largest = max((abs(cell.difference) for cell in cells), default=1)
    values = [[0.0] * len(classes) for _ in classes]
    texts = [[""] * len(classes) for _ in classes]
    hovers = [[_cell_hover(changes, row, column, 0, 0) for column in classes] for row in classes]
    for cell in cells:
        row, column = place[cell.label], place[cell.answer]
        worse = cell.difference if cell.label != cell.answer else -cell.difference
        values[row][column] = worse / largest
        text = f"{cell.difference:+,}".replace("-", "−")
        texts[row][column] = text if len(text) <= MOST_IN_CELL else ""
        hovers[row][column] = _cell_hover(changes, cell.label, cell.answer, cell.n_baseline, cell.n_images)
    figure = canvas(_alt(changes, classes), height=CELL * max(len(classes), 3) + 2 * FOOT, x_title="Answer")
    names = [html.escape(shortened(changes.names[index], NAME)) for index in classes]
    positions = list(range(len(classes)))
    figure.add_heatmap(
        x=positions,
        y=positions,
        z=values,
        zmin=-1,
        zmax=1,
        colorscale=[[0.0, RECOMMENDED], [0.5, NO_CHANGE], [1.0, OVER]],
        showscale=False,
        text=texts,
        texttemplate="%{text}",
        hovertext=hovers,
        hovertemplate="%{hovertext}<extra></extra>",
        xgap=2,
        ygap=2,
    )
    end = len(classes) - 0.5
    figure.update_xaxes(
        range=[-0.5, end],
        tickvals=positions,
        ticktext=names,
        showgrid=False,
        automargin=True,
        tickangle=-90 if max(map(len, names), default=0) > UPRIGHT else 0,
    )
    figure.update_yaxes(
        tickvals=positions,
        ticktext=names,
        showgrid=False,
        range=[end, -0.5],
        title={"text": "Label" if changes.labelled else "Baseline's answer"},
    )
    add_key(figure, [("■", OVER, "worse"), ("■", RECOMMENDED, "better")])
    return figure


def moved_classes(changes: ClassChanges) -> list[int]:
    """The classes of the heat map, in their own order: of many, those that the largest moves are about."""
    found: dict[int, None] = {}
    for move in changes.moves:
        new = dict.fromkeys((move.label, move.baseline_answer, move.answer))
        if len({**found, **new}) > MOST_CLASSES:
            break
        found |= new
    return sorted(found)


def _alt(changes: ClassChanges, classes: Sequence[int]) -> str:
    moves = ", ".join(
        f"{move.n_images} of {changes.names[move.label]} from {changes.names[move.baseline_answer]} to "
        f"{changes.names[move.answer]}"
        for move in changes.moves[:5]
    )
    return f"Confusion of the variant minus the baseline's, {len(classes)} classes: {moves or 'nothing moves'}"


def _colour(row: ClassChange) -> str:
    if not row.is_sure:
        return BASELINE
    return RECOMMENDED if row.change > 0 else OVER


def _points(change: float) -> str:
    return f"{100 * change:+.1f}".replace("-", "−") if round(change, 4) else "±0"


def _hover(row: ClassChange) -> str:
    few = "too few images for a statement" if row.has_few else ""
    parts = [
        row.name,
        f"{_points(row.change)} points, {_points(row.low)} to {_points(row.high)} (95 %, of all classes together)",
        f"{row.n_baseline_right:,} of {row.n_images:,} right before, {row.n_right:,} now",
        f"{row.n_lost:,} lost, {row.n_won:,} won",
        few,
    ]
    return "<br>".join(html.escape(part) for part in parts if part)


def _cell_hover(changes: ClassChanges, label_index: int, answer: int, before: int, after: int) -> str:
    label_name, answer_name = html.escape(changes.names[label_index]), html.escape(changes.names[answer])
    counts = f"{many(before, 'image')} before, {after:,} now" if before or after else "no difference"
    return f"{label_name} answered {answer_name}<br>{counts}"


def _scale(rows: Sequence[ClassChange]) -> Scale:
    """Around the intervals and zero, at least a point."""
    ends = [100 * end for row in rows for end in (row.low, row.high, row.change)] or [0.0]
    low, high = min(*ends, 0.0), max(*ends, 0.0)
    beyond = max(0.06 * (high - low), 0.5)
    return Scale(low - beyond, high + beyond)
