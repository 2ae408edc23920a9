"""A label file as rows of cells: CSV and its kin, JSON and JSON lines, whose dialect and encoding are recognised."""

import codecs
import csv
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.data import json_rows
from engine.data.tree import IMAGE_SUFFIXES
from engine.errors import DataError

MAX_BYTES = 100_000_000
SAMPLE_ROWS = 200
"""Rows from which dialect, header and columns are recognised."""
NEXT = "Give a CSV, TSV, JSON or JSON lines file with a row for each image: its path in the folder of images, its class"
DELIMITERS = {
    "\t": "tab-separated",
    ",": "comma-separated",
    ";": "semicolon-separated",
    "|": "separated by vertical bars",
    " ": "separated by spaces",
}
_UTF_8, _LATIN = "UTF-8", "Latin-1"
_BOMS = {
    codecs.BOM_UTF8: ("utf-8-sig", "UTF-8 with a byte order mark"),
    codecs.BOM_UTF16_LE: ("utf-16", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16", "UTF-16"),
}
_OTHER_FILES = {
    b"PK\x03\x04": "a zip or a spreadsheet (.xlsx): save its sheet as CSV",
    b"\xd0\xcf\x11\xe0": "a spreadsheet (.xls): save its sheet as CSV",
    b"PAR1": "a parquet file: save its columns of paths and labels as CSV",
    b"\x1f\x8b": "compressed with gzip: unpack it",
    b"%PDF": "a PDF: save its table as CSV",
    b"version https://git-lfs": "a Git LFS pointer in place of the file: fetch it with git lfs pull",
}
_PAGE = re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE)
_EXCEL_DELIMITER = re.compile(r"sep=(.)", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """The cells of a row, without spaces around them, and the line of the file that it ends on (of JSON, its place)."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """`read()` gives the rows from the first, a header among them; `keys` name the columns where the format does."""

    name: str
    format: str
    encoding: str
    read: Callable[[], Iterator[Row]]
    keys: tuple[str, ...] | None = None
    commented_header: bool = False
    """Whether the first row is a header behind a #, the last of the comments that the file begins with."""

    def rows(self) -> Iterator[Row]:
        """The rows that are not blank. Raises DataError where the text turns out to be broken."""
        try:
            yield from (row for row in self.read() if any(row.cells))
        except (csv.Error, UnicodeError) as error:
            raise DataError(f"the labels file '{self.name}' is no CSV: {error}", NEXT) from error

    def sample(self) -> list[Row]:
        return list(itertools.islice(self.rows(), SAMPLE_ROWS))


def read_table(path: Path) -> Table:
    """The table in a file; its rows are read when they are asked for. Raises DataError where it is none."""
    try:
        size = path.stat().st_size if path.is_file() else None
        if size is None or size > MAX_BYTES:
            reason = "it is not a file" if size is None else f"it is larger than {MAX_BYTES // 10**6} MB"
            raise DataError(f"the labels file '{path.name}' cannot be read: {reason}", NEXT)
        codec, encoding = _encoding(path)
        lines = _first_lines(path, codec)
        return _json_table(path, codec, encoding, lines) or _csv_table(path, codec, encoding, lines)
    except OSError as error:
        raise DataError(f"the labels file '{path.name}' cannot be read: {error.strerror}", NEXT) from error
    except UnicodeError as error:
        raise DataError(f"the labels file '{path.name}' is no text in {encoding}: {error}", NEXT) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"the labels file '{path.name}' cannot be read: it is no whole JSON", NEXT) from error


def _encoding(path: Path) -> tuple[str, str]:
    """Python's name of the encoding, and the usual one. Raises DataError for a file that is no text."""
    with path.open("rb") as file:
        head = file.read(4096)
    other = next((text for magic, text in _OTHER_FILES.items() if head.startswith(magic)), None)
    if other is None and _PAGE.match(head):
        other = "a web page or XML: download the file itself"
    if other is not None:
        raise DataError(f"the labels file '{path.name}' is {other}", NEXT)
    for bom, names in _BOMS.items():
        if head.startswith(bom):
            return names
    zeros = [head[start::2].count(0) for start in (0, 1)]
    if any(zeros):
        if max(zeros) < 4 * (min(zeros) + 1) or max(zeros) * 4 < len(head) // 2:
            raise DataError(f"the labels file '{path.name}' is no text: it holds zero bytes", NEXT)
        return ("utf-16-le", "UTF-16") if zeros[1] > zeros[0] else ("utf-16-be", "UTF-16")
    if _decodes(path, "utf-8"):
        return "utf-8", _UTF_8
    return ("cp1252" if _decodes(path, "cp1252") else "latin-1"), _LATIN


def _decodes(path: Path, codec: str) -> bool:
    try:
        with path.open(encoding=codec) as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _first_lines(path: Path, codec: str) -> list[str]:
    """The first lines that are not blank, each with its end."""
    with path.open(encoding=codec, newline="") as file:
        return list(itertools.islice((line for line in file if line.strip()), SAMPLE_ROWS))


def _json_table(path: Path, codec: str, encoding: str, lines: Sequence[str]) -> Table | None:
    """The table in JSON or JSON lines; None for a file that does not begin as they do. Raises ValueError."""
    if not lines or lines[0].lstrip()[:1] not in ("{", "["):
        return None
    keys = json_rows.line_keys(lines)
    if keys is not None:

        def read_lines() -> Iterator[Row]:
            with path.open(encoding=codec) as file:
                for number, line in enumerate(file, 1):
                    if line.strip():
                        yield Row(number, _json_line(path, line, number, keys))

        return Table(name=path.name, format="JSON lines", encoding=encoding, read=read_lines, keys=keys)
    content = json_rows.table(path.read_text(encoding=codec))
    if content is None:
        raise DataError(f"the labels file '{path.name}' is JSON of another kind than rows of file and label", NEXT)
    names, rows = content
    numbered = [Row(number, cells) for number, cells in enumerate(rows, 1)]
    return Table(name=path.name, format="JSON", encoding=encoding, read=lambda: iter(numbered), keys=names)


def _json_line(path: Path, line: str, number: int, keys: Sequence[str]) -> tuple[str, ...]:
    try:
        return json_rows.line_cells(line, keys)
    except (ValueError, RecursionError) as error:
        raise DataError(f"line {number} of the labels file '{path.name}' is no JSON object", NEXT) from error


def _csv_table(path: Path, codec: str, encoding: str, lines: list[str]) -> Table:
    comments = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    fixed = _EXCEL_DELIMITER.fullmatch(lines[0].strip()) if lines else None
    below = lines[1:] if fixed else lines[len(comments) :]
    delimiter = fixed[1] if fixed else _delimiter(below)
    has_header = bool(comments and below) and _width(comments[-1].lstrip("# "), delimiter) == _width(
        below[0], delimiter
    )
    n_left_out = 1 if fixed else len(comments) - has_header

    def read_rows() -> Iterator[Row]:
        with path.open(encoding=codec, newline="") as file:
            rows = split_rows(file, delimiter)
            yield from itertools.islice((row for row in rows if any(row.cells)), n_left_out, None)

    format = DELIMITERS.get(delimiter, f"separated by '{delimiter}'")
    return Table(name=path.name, format=format, encoding=encoding, read=read_rows, commented_header=has_header)


def _width(line: str, delimiter: str) -> int:
    return len(line.split() if delimiter == " " else line.split(delimiter))


def split_rows(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    """The rows of lines of text; any number of spaces and tabs separates where the delimiter is a space.

    Raises csv.Error.
    """
    if delimiter == " ":
        lines = (line.replace("\t", " ").strip() + "\n" for line in lines)
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    for cells in reader:
        yield Row(reader.line_num, tuple(cell.strip() for cell in cells))


def _delimiter(lines: Sequence[str]) -> str:
    """The delimiter that gives the most rows a cell that names an image, and then the most rows as many cells."""
    scores = {delimiter: _score(lines, delimiter) for delimiter in DELIMITERS}
    return max(scores, key=scores.__getitem__)


def _score(lines: Sequence[str], delimiter: str) -> tuple[float, float]:
    try:
        rows = [row.cells for row in split_rows(lines, delimiter)]
    except csv.Error:  # a quote that does not end before the sample does: the whole file will tell
        rows = [tuple(line.split(delimiter)) for line in lines]
    widths = Counter(len(cells) for cells in rows if len(cells) > 1)
    if not widths:
        return (0.0, 0.0)
    n_with_image = sum(any(is_image_name(cell) for cell in cells) for cells in rows if len(cells) > 1)
    return round(n_with_image / len(rows), 1), max(widths.values()) / len(rows)


def is_image_name(cell: str) -> bool:
    """Whether a cell ends as the name of an image does."""
    stem, dot, ending = cell.rpartition(".")
    return bool(stem and dot) and f".{ending.lower()}" in IMAGE_SUFFIXES
