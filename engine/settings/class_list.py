"""A list of class names in the order of a model's outputs, from a file as people have it."""

import codecs
import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import DataError

MAX_CLASS_LIST_BYTES = 1_000_000
MAX_CLASSES = 100_000
_NEXT = (
    "Give a text of one name a line, a JSON list of names or object of output: name, or a CSV of output,name; outputs "
    "are counted from 0"
)
_NUMBERED = re.compile(r"(\d{1,6})\s*[,;:\t ]\s*(\S.*)")
_KEYS = ("id2label", "label2id", "names", "classes", "class_names", "labels")
"""Keys of an object that hold the list or the numbers, as in a config.json of Hugging Face."""
_HEADERS = frozenset(
    "index idx id class class_id class_index output label name class_name classname label_name".split()
)


def read_class_list(path: Path) -> tuple[str, ...]:
    """The class names in a file. Raises DataError where it cannot be read or is no such list."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CLASS_LIST_BYTES + 1)
    except OSError as error:
        raise DataError(f"the class list '{path.name}' cannot be read: {error.strerror}", "Check the path") from error
    return parse_class_list(content, path.name)


def parse_class_list(content: bytes, name: str) -> tuple[str, ...]:
    """The class names in the bytes of a file of this name, in the order of the outputs.

    A text of a name a line, which may have numbers before the names; a JSON list, an object of outputs and names either
    way round, or one that holds such a list; a CSV or TSV of names, or of outputs and names, with or without a header.
    Raises DataError where a name is there twice or empty, and where the outputs are not numbered 0, 1, 2 and so on.
    """
    what = f"the class list '{name[:150]}'"
    if len(content) > MAX_CLASS_LIST_BYTES:
        raise DataError(f"{what} is larger than {MAX_CLASS_LIST_BYTES // 10**6} MB", _NEXT)
    text = _text(content, what)
    if text.lstrip()[:1] in ("{", "["):
        names = _of_json(text, what)
    else:
        names = _of_lines(text, what, is_table=name.lower().endswith((".csv", ".tsv")))
    _check(names, what)
    return names


def _text(content: bytes, what: str) -> str:
    codec = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        raise DataError(f"{what} is no text in UTF-8 or UTF-16", "Save it as UTF-8") from error
    if "\0" in text:
        raise DataError(f"{what} is no text: it holds zero bytes", _NEXT)
    return text


def _of_json(text: str, what: str) -> tuple[str, ...]:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{what} begins as JSON does and is none: {str(error)[:100]}", _NEXT) from error
    if isinstance(value, dict):
        value = next((value[key] for key in _KEYS if isinstance(value.get(key), dict | list)), value)
    if isinstance(value, list):
        return tuple(_name(one, what) for one in value)
    if value and all(isinstance(output, int) and not isinstance(output, bool) for output in value.values()):
        return _in_order([(output, name) for name, output in value.items()], what)
    wrong = next((key for key in value if not (key.isascii() and key.isdigit() and len(key) < 7)), None)
    if wrong is not None:
        raise DataError(f"{what} has the key '{wrong[:60]}', which is no number of an output", _NEXT)
    return _in_order([(int(key), _name(one, what)) for key, one in value.items()], what)


def _name(value: object, what: str) -> str:
    """A name, of a pair of WordNet id and name the name, as Keras writes ImageNet's. Raises DataError."""
    if isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value):
        value = value[1]
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DataError(f"{what} has {json.dumps(value)[:60]} in place of a name", _NEXT)
    return str(value).strip()


def _of_lines(text: str, what: str, *, is_table: bool) -> tuple[str, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if is_table:
        return _of_rows(_rows(lines, what), what)
    pairs = [_NUMBERED.fullmatch(line) for line in lines]
    if all(pairs):
        return _in_order([(int(pair[1]), pair[2].strip()) for pair in pairs if pair], what)
    return tuple(lines)


def _rows(lines: Sequence[str], what: str) -> list[list[str]]:
    """The cells of each line of a table, by the first delimiter that makes two of every line; else by commas.

    Raises DataError.
    """
    tables = [_cells(lines, delimiter) for delimiter in "\t;,"]
    rows = next((rows for rows in tables if {len(row) for row in rows} == {2}), tables[-1])
    if lines and not rows:
        raise DataError(f"{what} is no CSV: a quote does not end", _NEXT)
    return rows


def _cells(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The cells of each line; none where one is no CSV of this delimiter."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True))
    except csv.Error:
        return []
    return [[cell.strip() for cell in row] for row in rows]


def _of_rows(rows: Sequence[Sequence[str]], what: str) -> tuple[str, ...]:
    if rows and all(cell.lower().replace(" ", "_") in _HEADERS for cell in rows[0]):
        rows = rows[1:]
    widths = {len(row) for row in rows}
    if widths <= {1}:
        return tuple(row[0] for row in rows)
    if widths != {2}:
        number = ", ".join(map(str, sorted(widths)))
        raise DataError(f"{what} has rows of {number} cells, and output,name are two", _NEXT)
    columns = [[row[index] for row in rows] for index in (0, 1)]
    numbered = [all(cell.isascii() and cell.isdigit() and len(cell) < 7 for cell in column) for column in columns]
    if not any(numbered):
        raise DataError(f"{what} has no column of whole numbers, the outputs: {','.join(rows[0])[:60]!r}", _NEXT)
    outputs, names = columns if numbered[0] else reversed(columns)
    return _in_order(list(zip(map(int, outputs), names, strict=True)), what)


def _in_order(pairs: Sequence[tuple[int, str]], what: str) -> tuple[str, ...]:
    """The names by their outputs. Raises DataError where these are not 0, 1, 2 and so on, each once."""
    by_output: dict[int, str] = {}
    for output, name in pairs:
        if by_output.setdefault(output, name) != name:
            raise DataError(
                f"{what} gives the output {output} to '{by_output[output][:60]}' and to '{name[:60]}'", _NEXT
            )
    missing = next((output for output in range(len(by_output)) if output not in by_output), None)
    if missing is not None or len(by_output) < len(pairs):
        problem = f"no name for output {missing}" if missing is not None else "an output twice"
        raise DataError(f"{what} has {problem}: its outputs go from {min(by_output)} to {max(by_output)}", _NEXT)
    return tuple(by_output[output] for output in range(len(by_output)))


def _check(names: Sequence[str], what: str) -> None:
    if len(names) < 2 or len(names) > MAX_CLASSES:
        number = f"{len(names):,} names" if len(names) != 1 else f"one name, '{names[0][:60]}'"
        raise DataError(f"{what} has {number}; 2 to {MAX_CLASSES:,} are allowed", _NEXT)
    first: dict[str, int] = {}
    for output, name in enumerate(names):
        if not name:
            raise DataError(f"{what} has no name for output {output}", _NEXT)
        if first.setdefault(name, output) != output:
            raise DataError(
                f"{what} has the name '{name[:60]}' twice, for the outputs {first[name]} and {output}",
                "Give every output a name of its own",
            )
