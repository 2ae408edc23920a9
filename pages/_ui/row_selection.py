"""A row that a person points at in a table, by its box or by any of its cells."""

from typing import Any

MODES = ("single-row", "single-cell")


def picked(event: Any, n_rows: int) -> int | None:
    """The row's position, or None; a selection that outlived its rows counts for nothing."""
    rows = [*event.selection.rows, *(row for row, _ in event.selection.cells)]
    return rows[0] if rows and rows[0] < n_rows else None
