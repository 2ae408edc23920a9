"""The images that a label file names, with their labels and splits."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.data.file_index import FileIndex
from engine.data.label_columns import LabelColumns, fitted, mark, quoted, recognise, split_of
from engine.data.listing import ImageFile, Listing, inner_folder, split_names, walk
from engine.data.pool import SkippedFile, SplitName
from engine.data.table import NEXT, Row, Table, read_table
from engine.data.tree import IMAGE_SUFFIXES, text
from engine.errors import DataError
from engine.results import LabelFile, Note, codes
from engine.results.label_file import N_ROWS
from engine.settings import FolderRole, ImagesData
from engine.wording import many

MOST_MISSING = 0.1
"""The largest share of the rows without an image or a label; with more, the file is taken to be another's."""
_SEPARATORS = "|;,/+ "
_SURE_SEPARATORS = "|;"
_WHOLE_NUMBER = re.compile(r"(\d+)\.0+")
_ONE_LABEL = (
    "An image has one class here, and no accuracy is measured for several. Keep one label per image or go on without "
    "labels (data.labels); where such a text is the name of one class, say so (data.whole_labels)"
)
_N_COLUMNS, _N_LETTERS = 30, 80


@dataclass(frozen=True, kw_only=True)
class LabelledFiles:
    """The images of a label file; `skipped` are rows that were left out."""

    listing: Listing
    label_file: LabelFile
    skipped: tuple[SkippedFile, ...]
    notes: tuple[Note, ...]


@dataclass
class _Matched:
    """The rows that have an image and a label, by the image's id, and counts of the others."""

    labels: dict[str, tuple[str, FolderRole | None, int]] = field(default_factory=dict)
    """(label, split, line)"""
    n_rows: int = 0
    n_repeated: int = 0
    missing: list[str] = field(default_factory=list)
    unlabelled: list[tuple[str, int]] = field(default_factory=list)
    """(name, line)"""


def by_label_file(root: Path, source: ImagesData, path: Path | None = None) -> LabelledFiles:
    """The images below `root` that the label file of `source` names, or this one at `path`. Raises DataError."""
    root = inner_folder(root)
    files = {text(file.relative_to(root).as_posix()): file for file in walk(root)}
    index, table = FileIndex(files), read_table(path or Path(source.labels))
    columns = recognise(table, lambda name: index.find(name) is not None, source.file_column, source.label_column)
    matched = _match(table, columns, index)
    if len(matched.missing) == matched.n_rows:
        matched = _match(table, columns, index, index.common_folder(matched.missing))
    _refuse_missing(table, matched, root, next(iter(files), None))
    labels = _plain_numbers({id: label for id, (label, _, _) in matched.labels.items()})
    if not source.whole_labels:
        _refuse_several(table, labels)
    roles, notes = _splits(matched, columns)
    images = tuple(
        ImageFile(files[id], id, labels[id], roles.get(split))
        for id, (_, split, _) in matched.labels.items()
        if not roles or split in roles
    )
    named = matched.labels.keys()
    stray = tuple(id for id, file in files.items() if id not in named and file.suffix.lower() in IMAGE_SUFFIXES)
    label_file = _summary(table, columns, matched.n_rows)
    without_split = [id for id, (_, split, _) in matched.labels.items() if roles and split not in roles]
    skipped = (
        *(SkippedFile(name, "it is in the labels file, and not in the folder of images") for name in matched.missing),
        *(SkippedFile(name, f"it has no label in line {line} of the labels file") for name, line in matched.unlabelled),
        *(SkippedFile(id, "its split in the labels file is neither train, val nor test") for id in without_split),
    )
    return LabelledFiles(
        listing=Listing(images, frozenset(str(image.label) for image in images), stray),
        label_file=label_file,
        skipped=skipped,
        notes=(_read_note(label_file), *_left_out_notes(matched), *notes),
    )


def _match(table: Table, columns: LabelColumns, index: FileIndex, folder: str = "") -> _Matched:
    """Every row with its image, whose name is taken without the leading `folder`. Raises DataError."""
    matched = _Matched()
    names: dict[str, str] = {}
    for row in _data_rows(table, columns):
        cells = fitted(row, columns.width, table)
        name, label = cells[columns.file], _label(cells, columns, row, table)
        matched.n_rows += 1
        id = index.find(name, without=folder)
        if id is None:
            matched.missing.append(name)
        elif not label:
            matched.unlabelled.append((name, row.line))
        elif id in matched.labels:
            first, _, line = matched.labels[id]
            _refuse_conflict(table, (names.get(id, id), first, line), (name, label, row.line))
            matched.n_repeated += 1
        else:
            split = split_of(cells[columns.split]) if columns.split is not None else None
            matched.labels[id] = (label, split, row.line)
            if name != id:
                names[id] = name
    return matched


def _data_rows(table: Table, columns: LabelColumns) -> Iterator[Row]:
    rows = table.rows()
    if columns.has_header and table.keys is None:
        next(rows)
    return rows


def _label(cells: Sequence[str], columns: LabelColumns, row: Row, table: Table) -> str:
    """The label of a row, empty where it has none. Raises DataError where one-hot columns mark several."""
    if columns.label is not None:
        return cells[columns.label]
    marks = [mark(cells[index]) for index in columns.one_hot]
    if None in marks:
        wrong = cells[columns.one_hot[marks.index(None)]]
        raise DataError(
            f"line {row.line} of the labels file '{table.name}' has {wrong[:30]!r} in a column that marks a class",
            "Write 1 in the column of its class and 0 in the others",
        )
    marked = [columns.names[index] for index, is_marked in zip(columns.one_hot, marks, strict=True) if is_marked]
    if len(marked) > 1:
        raise DataError(
            f"line {row.line} of the labels file '{table.name}' marks several classes: {quoted(marked)}",
            "An image has one class here, and no accuracy is measured for several: mark one class per image, or go on "
            "without labels (data.labels)",
            code=codes.SEVERAL_LABELS,
        )
    return marked[0] if marked else ""


def _refuse_conflict(table: Table, first: tuple[str, str, int], second: tuple[str, str, int]) -> None:
    """Raises DataError where two rows of one image have other labels."""
    if first[1] == second[1]:
        return
    name = f"'{second[0]}'" if first[0] == second[0] else f"'{second[0]}', which is '{first[0]}' too,"
    raise DataError(
        f"line {second[2]} of the labels file '{table.name}' gives {name} the label '{second[1]}', and line {first[2]} "
        f"the label '{first[1]}'",
        "Give every image one label; no accuracy is measured for several labels",
    )


def _refuse_missing(table: Table, matched: _Matched, root: Path, example: str | None) -> None:
    """Raises DataError where too many rows have no image or no label, or where no row is left."""
    if matched.n_rows == 0:
        raise DataError(f"the labels file '{table.name}' has no line of file,label below its header", NEXT)
    if len(matched.missing) > MOST_MISSING * matched.n_rows:
        compared = f", such as '{example}'" if example is not None else ", which holds no file"
        raise DataError(
            f"the labels file names {len(matched.missing)} of {matched.n_rows} images that are not there: "
            f"{quoted(matched.missing, 3)}. They were compared with the paths within '{root.name}'{compared}",
            "Give paths relative to the folder of images; case, slashes and a missing ending do not matter, and "
            "leading folders that are not there are passed over",
        )
    if len(matched.unlabelled) > MOST_MISSING * matched.n_rows:
        name, line = matched.unlabelled[0]
        raise DataError(
            f"line {line} of the labels file '{table.name}' is not file,label: '{name[:60]}' has no label, as "
            f"{len(matched.unlabelled)} of {matched.n_rows} rows",
            "Name another column of labels (data.label_column), or leave rows without a label out",
        )


def _plain_numbers(labels: dict[str, str]) -> dict[str, str]:
    """The labels; numbers that all end in .0, as tables with gaps write whole ones, without it."""
    if not all(_WHOLE_NUMBER.fullmatch(label) for label in set(labels.values())):
        return labels
    return {id: label.split(".")[0] for id, label in labels.items()}


def _refuse_several(table: Table, labels: dict[str, str]) -> None:
    """Raises DataError that asks whether labels are several, where their parts are labels too or are shared."""
    counts = Counter(labels.values())
    for separator in _SEPARATORS:
        joined = {label: _parts(label, separator) for label in counts if separator in label}
        joined = {label: parts for label, parts in joined.items() if len(parts) > 1}
        shared = Counter(part for parts in joined.values() for part in set(parts))
        is_grid = len(joined) == len(counts) and all(count > 1 for count in shared.values())
        for label, parts in joined.items():
            is_shared = separator in _SURE_SEPARATORS and any(shared[part] > 1 for part in parts)
            if is_shared or is_grid or all(part in counts for part in parts):
                raise DataError(
                    f"the labels file '{table.name}' has the label '{label[:60]}' of {many(counts[label], 'image')}: "
                    f"is it one class, or are these several labels: {quoted(parts)}",
                    _ONE_LABEL,
                    code=codes.SEVERAL_LABELS,
                )


def _parts(label: str, separator: str) -> list[str]:
    return [part for part in (part.strip() for part in label.split(separator)) if part]


def _splits(matched: _Matched, columns: LabelColumns) -> tuple[dict[FolderRole | None, SplitName], tuple[Note, ...]]:
    """The split that each of train, val and test is, none where the column has but one of them; and a note on that.

    val evaluates, and test where there is no val. Without train, val is for training and calibration in its place.
    """
    if columns.split is None:
        return {}, ()
    present = {split for _, split, _ in matched.labels.values() if split is not None}
    if len(present) < 2:
        text = (
            f"The column '{columns.names[columns.split]}' says {quoted(sorted(present)) or 'no split'} of all images, "
            "which were split by shares"
        )
        return {}, (Note(code="split_column_ignored", text=text),)
    if "train" not in present:
        return split_names(present), (
            Note(
                code="val_for_train",
                text="No image is for training: those of val are for training and calibration, those of test evaluate",
            ),
        )
    return split_names(present), ()


def _summary(table: Table, columns: LabelColumns, n_rows: int) -> LabelFile:
    def short(cells: Sequence[str]) -> tuple[str, ...]:
        return tuple(cell[:_N_LETTERS] for cell in cells[:_N_COLUMNS])

    first_rows = []
    for row, _ in zip(_data_rows(table, columns), range(N_ROWS), strict=False):
        first_rows.append(short(fitted(row, columns.width, table)))
    return LabelFile(
        name=table.name,
        format=table.format,
        encoding=table.encoding,
        has_header=columns.has_header,
        columns=short(columns.names),
        file_column=columns.names[columns.file],
        label_column=None if columns.label is None else columns.names[columns.label],
        one_hot=short([columns.names[index] for index in columns.one_hot]),
        split_column=None if columns.split is None else columns.names[columns.split],
        n_rows=n_rows,
        rows=tuple(first_rows),
    )


def _read_note(label_file: LabelFile) -> Note:
    header = "with a header" if label_file.has_header else "without a header"
    label = f"label column '{label_file.label_column}'" if label_file.label_column else "a column for each class"
    split = f", split column '{label_file.split_column}'" if label_file.split_column else ""
    text = (
        f"The labels file '{label_file.name}' was read as {label_file.format}, {label_file.encoding}, {header}; file "
        f"column '{label_file.file_column}', {label}{split}; {many(label_file.n_rows, 'row')}"
    )
    return Note(code=codes.LABEL_FILE_READ, text=text)


def _left_out_notes(matched: _Matched) -> Iterator[Note]:
    if matched.missing:
        text = (
            f"{many(len(matched.missing), 'row')} of the labels file name images that are not there, and were left "
            f"out: {quoted(matched.missing, 3)}"
        )
        yield Note(code="labelled_images_missing", text=text)
    if matched.unlabelled:
        text = f"{many(len(matched.unlabelled), 'row')} of the labels file have no label, and were left out"
        yield Note(code="labels_missing", text=text)
    if matched.n_repeated:
        rows = many(matched.n_repeated, "row")
        text = f"{rows} of the labels file repeat an image with the same label, and count once"
        yield Note(code="labels_repeated", text=text)
