"""The layers and the classes of a variant as lines of text, for the command line."""

from engine.cli.lines import table
from engine.results.class_changes import ClassChanges, move_text
from engine.results.layer_errors import LayerError, LayerErrors
from engine.wording import many, size_text

MOST_CLASSES, MOST_MOVES = 20, 10


def of_layer_errors(errors: LayerErrors) -> list[str]:
    """Every layer, the largest error first, and what is not compared."""
    heads = ("layer", "operator", "SQNR", "on the worst image", "weights", "size", "output in float, estimated")
    rows = [
        (
            row.name,
            row.operator,
            _decibels(row.sqnr_db),
            "-" if row.worst_image is None else f"{_decibels(row.worst_sqnr_db)} ({row.worst_image})",
            row.stored,
            size_text(row.size_bytes),
            _estimate(errors, row),
        )
        for row in errors.worst_first
    ]
    source = "evaluation image" if errors.on_images else "random input"
    estimated = f", and {_decibels(errors.estimated_from_db)} on the {errors.n_estimated_on} of the estimates"
    return [
        *table([heads, *rows]),
        "",
        f"output: {_decibels(errors.output_sqnr_db)} beside {errors.reference_id} on {many(errors.n_images, source)}"
        + (estimated if errors.n_estimated_on else ""),
        *(f"not compared: {layer.name} ({layer.operator}), {layer.reason.text}" for layer in errors.unmatched),
        *(f"warning: {note.text}" for note in errors.warnings),
    ]


def of_class_changes(changes: ClassChanges) -> list[str]:
    """The largest changes with their intervals, and the largest moves."""
    what = "right" if changes.labelled else "as the baseline"
    rows = [
        (
            row.name,
            f"{row.n_images:,}",
            f"{row.n_baseline_right:,} -> {row.n_right:,}",
            f"{_points(row.change)} ({_points(row.low)} to {_points(row.high)})",
            "too few images" if row.has_few else "surely" if row.is_sure else "",
        )
        for row in changes.rows[:MOST_CLASSES]
    ]
    more = len(changes.rows) - len(rows)
    missing = ["warning: the run stored no labels, so that this is agreement with the baseline; run its recipe again"]
    return [
        *table([("class", "images", what, "points (95 %, all classes together)", ""), *rows]),
        *([f"and {many(more, 'class')} with smaller changes"] if more else []),
        "",
        f"{changes.n_changed:,} of {many(changes.n_images, 'image')} have another answer than the baseline's",
        *(move_text(changes, move) for move in changes.moves[:MOST_MOVES]),
        *(missing if changes.labels_missing else []),
    ]


def _decibels(value: float | None) -> str:
    return "exact" if value is None else f"{value:.1f} dB"


def _estimate(errors: LayerErrors, row: LayerError) -> str:
    if not row.estimated:
        return "-"
    gain = errors.gain_db(row)
    return _decibels(row.output_sqnr_in_float_db) + ("" if gain is None else f" ({gain:+.1f})")


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"
