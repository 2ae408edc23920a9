"""How a label file was read."""

from engine.results.base import Result

N_ROWS = 5
"""How many of its rows the result has."""


class LabelFile(Result):
    """A label file as it was read: `rows` are its first below a header, each with as many cells as `columns`.

    `label_column` is null where `one_hot` columns mark the class. Names, cells and columns are bounded in number and
    length.
    """

    name: str
    format: str
    encoding: str
    has_header: bool
    columns: tuple[str, ...]
    file_column: str
    label_column: str | None
    one_hot: tuple[str, ...] = ()
    split_column: str | None = None
    n_rows: int
    rows: tuple[tuple[str, ...], ...]
