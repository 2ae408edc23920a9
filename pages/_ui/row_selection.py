"""The row that is selected in a table, by its box or by any of its cells."""

from typing import Any

MODES = ("single-row", "single-cell")


def selected_row(event: Any, n_rows: int) -> int | None:
    """The position of the selected row, or None where no row is, or where the table has fewer rows by now."""
    rows = [*event.selection.rows, *(row for row, _ in event.selection.cells)]
    return rows[0] if rows and rows[0] < n_rows else None
