"""Which columns of a label file hold the file names, the labels and the split: recognised by names and by content."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from engine.data.table import NEXT, Row, Table, is_image_name
from engine.errors import DataError
from engine.results import codes
from engine.settings import FolderRole

FILE_NAMES = (
    "file filename file_name files filenames image images img imgs image_path img_path image_file img_file "
    "image_filename image_file_name path paths filepath file_path relative_path rel_path image_name img_name name "
    "fname photo photos picture pictures pic frame image_id img_id photo_id id uuid key"
).split()
"""Names that people give to the column of the files, the surest first, as `_key` writes them."""
LABEL_NAMES = (
    "label labels class class_name classname class_label category category_name target y tag label_name labelname "
    "target_name ground_truth groundtruth gt annotation species breed diagnosis class_id classid class_index "
    "class_idx category_id label_id label_idx label_index target_id"
).split()
SPLIT_NAMES = "split subset set partition data_split dataset_split data_set phase fold usage".split()
_INDEX_NAMES = "unnamed_0 index idx row row_id nr number".split()
_FURTHER_NAMES = (
    "width height w h size channels depth bytes url source md5 sha1 sha256 hash date time timestamp author license "
    "xmin ymin xmax ymax x1 y1 x2 y2 left top right bottom bbox box area confidence score probability weight mask "
    "caption text description comment notes"
).split()
_MARKS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True, "": False, "x": True}
"""What the cells of one-hot columns hold."""
_DISTINCT_FROM = 10
_SPLIT_WORDS: dict[FolderRole, str] = {
    "train": "train training trainval",
    "val": "val valid validation validate dev eval evaluation",
    "test": "test testing holdout",
}
SPLIT_OF = {name: split for split, names in _SPLIT_WORDS.items() for name in names.split()}
"""The words of a column of splits."""


@dataclass(frozen=True, kw_only=True)
class LabelColumns:
    """Indices of the columns in use; `label` is None where `one_hot` columns mark the class, or where both are empty.

    `names` are those of the header, and "column 1" and so on where there is none.
    """

    names: tuple[str, ...]
    has_header: bool
    file: int
    label: int | None = None
    one_hot: tuple[int, ...] = ()
    split: int | None = None

    @property
    def width(self) -> int:
        return len(self.names)


@dataclass
class _Sample:
    """The first rows without the header, and what is in each column."""

    table: Table
    names: tuple[str, ...]
    rows: list[tuple[str, ...]]
    has_header: bool
    keys: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = tuple(_key(name) for name in self.names) if self.has_header else ("",) * len(self.names)

    def column(self, index: int) -> list[str]:
        return [cells[index] for cells in self.rows]

    def named(self, name: str, setting: str) -> int:
        """The column that the settings name. Raises DataError where there is none, or two."""
        matches = [index for index, one in enumerate(self.names) if one == name]
        matches = matches or [index for index, one in enumerate(self.names) if one.casefold() == name.casefold()]
        if len(matches) != 1:
            number = "no column" if not matches else f"{len(matches)} columns"
            raise DataError(
                f"the labels file '{self.table.name}' has {number} '{name}' ({setting}); it has {quoted(self.names)}",
                "Name one of these columns, or leave it empty to have it recognised",
            )
        return matches[0]


def recognise(
    table: Table, is_file: Callable[[str], bool], file_column: str | None, label_column: str | None
) -> LabelColumns:
    """The columns of a label file, from its first rows; `is_file` tells whether a cell names a file that is there.

    A column that the settings name is taken as it is. Raises DataError where the file has no row, and where the column
    of the labels is open (codes.LABEL_COLUMN_OPEN).
    """
    sample = _sample(table, is_file, [name for name in (file_column, label_column) if name is not None])
    file = sample.named(file_column, "data.file_column") if file_column is not None else _file_column(sample, is_file)
    others = [index for index in range(len(sample.names)) if index != file]
    if label_column is not None:
        label: int | None = sample.named(label_column, "data.label_column")
        split = _named_split(sample, [index for index in others if index != label])
        return LabelColumns(names=sample.names, has_header=sample.has_header, file=file, label=label, split=split)
    split = _named_split(sample, others)
    candidates = _label_candidates(sample, [index for index in others if index != split])
    one_hot: tuple[int, ...] = ()
    if len(candidates) > 1 and sample.has_header and all(_is_mark(sample.column(index)) for index in candidates):
        one_hot = tuple(candidates)
    elif len(candidates) > 1 and split is None:
        splits = [index for index in candidates if _all_splits(sample.column(index))]
        split = splits[0] if splits else None
        candidates = [index for index in candidates if index != split]
    if len(candidates) != 1 and not one_hot:
        raise _open(sample, candidates)
    label = None if one_hot else candidates[0]
    return LabelColumns(
        names=sample.names, has_header=sample.has_header, file=file, label=label, one_hot=one_hot, split=split
    )


def _sample(table: Table, is_file: Callable[[str], bool], requested: Collection[str]) -> _Sample:
    rows = table.sample()
    if table.keys is not None:
        return _Sample(table, table.keys, [row.cells for row in rows], has_header=True)
    if not rows:
        raise DataError(f"the labels file '{table.name}' has no line of file,label", NEXT)
    first = list(rows[0].cells)
    if table.commented_header:
        first[0] = first[0].lstrip("# ")
        first = first if first[0] else first[1:]
    has_header = table.commented_header or _is_header(first, rows[1:], is_file, requested)
    if len(rows) == has_header:
        raise DataError(f"the labels file '{table.name}' has no line of file,label below its header", NEXT)
    width = max(len(first), 1)
    names = tuple(name or f"column {index}" for index, name in enumerate(first, 1))
    if not has_header:
        names = tuple(f"column {index}" for index in range(1, width + 1))
    return _Sample(table, names, [fitted(row, width, table) for row in rows[has_header:]], has_header)


def fitted(row: Row, width: int, table: Table) -> tuple[str, ...]:
    """The cells of a row in this many columns. Raises DataError where it has other than the first row has."""
    cells = row.cells
    while len(cells) > width and not cells[-1]:
        cells = cells[:-1]
    if len(cells) != width or width < 2:
        raise DataError(
            f"line {row.line} of the labels file '{table.name}' is not file,label: it has {len(cells)} "
            f"cell{'s' * (len(cells) != 1)} and the first has {width} ({table.format}): {','.join(row.cells)[:60]!r}",
            f"{NEXT}. Put a cell with a delimiter in it into quotes",
        )
    return cells


def _is_header(
    first: Sequence[str], rows: Sequence[Row], is_file: Callable[[str], bool], requested: Collection[str]
) -> bool:
    """Whether the first row names the columns: by names that people use, or since rows below it are of another kind."""
    keys = {_key(cell) for cell in first}
    if any(name in first for name in requested) or (keys & {*FILE_NAMES} and keys & {*LABEL_NAMES}):
        return True
    if any(is_image_name(cell) or is_file(cell) for cell in first):
        return False
    if keys & {*FILE_NAMES, *LABEL_NAMES}:
        return True
    below = [{row.cells[index] for row in rows if index < len(row.cells)} for index in range(len(first))]
    is_repeated = any(cell in column for cell, column in zip(first, below, strict=True) if cell)
    return not is_repeated and any(is_image_name(cell) or is_file(cell) for column in below for cell in column)


def _file_column(sample: _Sample, is_file: Callable[[str], bool]) -> int:
    """The column of which the most cells name files that are there; else by its name, else by its cells' endings."""

    def score(index: int) -> tuple[float, float, int, int]:
        column = sample.column(index)
        rank = FILE_NAMES.index(sample.keys[index]) if sample.keys[index] in FILE_NAMES else len(FILE_NAMES)
        n_found = sum(map(is_file, column))
        return round(n_found / len(column), 2), sum(map(is_image_name, column)) / len(column), -rank, -index

    best = max(range(len(sample.names)), key=score)
    found, ending, rank, _ = score(best)
    if not found and not ending and rank == -len(FILE_NAMES):
        example = ",".join(sample.rows[0])[:60]
        raise DataError(
            f"no column of the labels file '{sample.table.name}' names the images that are here, nor files with the "
            f"ending of an image; its first row is {example!r}",
            "Name the column of the files (data.file_column), and give paths relative to the folder of images",
        )
    return best


def _named_split(sample: _Sample, indices: Sequence[int]) -> int | None:
    """The column that is named as splits are, and holds the names of splits."""
    return next(
        (
            index
            for index in indices
            if sample.keys[index] in SPLIT_NAMES and any(split_of(cell) for cell in sample.column(index))
        ),
        None,
    )


def _label_candidates(sample: _Sample, indices: Sequence[int]) -> list[int]:
    """The column that is named as labels are, or a single one; else those whose content and name allow it."""
    named = [index for index in indices if sample.keys[index] in LABEL_NAMES]
    if named:
        return [min(named, key=lambda index: LABEL_NAMES.index(sample.keys[index]))]
    rules: tuple[Callable[[int], bool], ...] = (
        lambda index: sample.keys[index] not in (*_INDEX_NAMES, *_FURTHER_NAMES, *FILE_NAMES),
        lambda index: any(sample.column(index)),
        lambda index: not _is_count(sample.column(index)),
        lambda index: not any(map(is_image_name, sample.column(index))),
        lambda index: not _is_different(sample.column(index)),
    )
    candidates = list(indices)
    for rule in rules:
        candidates = candidates if len(candidates) < 2 else [index for index in candidates if rule(index)]
    return candidates


def _is_count(column: Sequence[str]) -> bool:
    """Whether the cells are numbers that go up by one, as an index does."""
    if len(column) < 3 or not all(cell.isascii() and cell.isdigit() and len(cell) < 10 for cell in column):
        return False
    numbers = list(map(int, column))
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _is_different(column: Sequence[str]) -> bool:
    """Whether every cell is another one, which labels are not, or a number with a fraction."""
    if len(column) >= _DISTINCT_FROM and len(set(column)) == len(column):
        return True
    return all(re.fullmatch(r"-?\d*\.\d*[1-9]\d*", cell) for cell in column if cell)


def _is_mark(column: Sequence[str]) -> bool:
    return all(cell.casefold() in _MARKS for cell in column)


def mark(cell: str) -> bool | None:
    """Whether a cell of a one-hot column marks its class; None where it is another kind of cell."""
    return _MARKS.get(cell.casefold())


def _all_splits(column: Sequence[str]) -> bool:
    return all(split_of(cell) for cell in column) and len(set(column)) > 1


def split_of(cell: str) -> FolderRole | None:
    """train, val or test as people write them, or None."""
    return SPLIT_OF.get(cell.casefold())


def _open(sample: _Sample, candidates: Sequence[int]) -> DataError:
    if not candidates:
        return DataError(
            f"the labels file '{sample.table.name}' has no column of labels: its columns are {quoted(sample.names)}",
            "Add a column of labels, name it (data.label_column), or go on without labels",
            code=codes.LABEL_COLUMN_OPEN,
        )
    examples = ", ".join(f"'{sample.names[index]}' ('{sample.rows[0][index][:30]}', …)" for index in candidates[:6])
    return DataError(
        f"several columns of the labels file '{sample.table.name}' may hold the labels: {examples}",
        "Name the one that does (data.label_column)",
        code=codes.LABEL_COLUMN_OPEN,
    )


def quoted(names: Sequence[str], most: int = 8) -> str:
    """Names in quotes, the first of them where they are many."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(f"'{name[:60]}'" for name in names[:most]) + more


def _key(name: str) -> str:
    """A column's name in lower case with underscores between its words: "# Image Name" is image_name."""
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")
