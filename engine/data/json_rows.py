"""The rows in a label file of JSON, in the shapes that people write."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Cells = tuple[str, ...]
SEVERAL = "|"
"""Between the labels of one image that come as a list."""
_COLUMN_SAMPLE = 1000


def line_keys(lines: Sequence[str]) -> Cells | None:
    """The keys of the first of JSON lines, in the order of their first use; None where there are no two objects."""
    try:
        objects = [json.loads(line) for line in lines]
    except ValueError:
        return None
    is_lines = len(objects) > 1 and all(isinstance(one, dict) for one in objects)
    return _keys(objects) if is_lines else None


def line_cells(line: str, keys: Sequence[str]) -> Cells:
    """The values of one line by these keys, empty where it lacks one. Raises ValueError for what is no object."""
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("no object")
    return _cells(value, keys)


def table(text: str) -> tuple[Cells | None, list[Cells]] | None:
    """(names of the columns, rows) of a JSON file; None where it has another shape.

    Rows are a list of objects or of lists, an object of columns, or an object of {file: label} or {class: [files]}. A
    list of objects may be the only list in an object around it. Raises ValueError for text that is no JSON.
    """
    value = json.loads(text)
    if isinstance(value, dict):
        lists = [inner for inner in value.values() if _is_table(inner)]
        if len(lists) != 1:
            return _of_object(value)
        value = lists[0]
    if not isinstance(value, list) or not value:
        return None
    if _is_table(value):
        keys = _keys(value[:_COLUMN_SAMPLE])
        return keys, [_cells(row, keys) for row in value]
    if all(isinstance(row, list) for row in value):
        return None, [tuple(map(_cell, row)) for row in value]
    return None


def _of_object(value: Mapping[str, Any]) -> tuple[Cells | None, list[Cells]] | None:
    entries = list(value.values())
    if not entries:
        return None
    if all(isinstance(entry, list) for entry in entries):
        if len({len(entry) for entry in entries}) == 1 and len(entries) > 1 and not _shares_kind(entries):
            return tuple(value), [tuple(map(_cell, row)) for row in zip(*entries, strict=True)]
        return None, [(_cell(file), name) for name, files in value.items() for file in files]
    if all(isinstance(entry, dict) for entry in entries):
        keys = _keys(entries[:_COLUMN_SAMPLE])
        return ("file", *keys), [(name, *_cells(entry, keys)) for name, entry in value.items()]
    if any(isinstance(entry, dict) for entry in entries):
        return None
    return None, [(name, _cell(entry)) for name, entry in value.items()]


def _shares_kind(columns: Sequence[Sequence[Any]]) -> bool:
    """Whether all lists hold file names alike, as those of an object of {class: [files]} do."""
    return all("." in str(column[0]) for column in columns if column)


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _keys(rows: Iterable[Mapping[str, Any]]) -> Cells:
    return tuple(dict.fromkeys(str(key) for row in rows for key in row))


def _cells(row: Mapping[str, Any], keys: Sequence[str]) -> Cells:
    return tuple(_cell(row.get(key)) for key in keys)


def _cell(value: Any) -> str:
    """A value as text; nothing for null, and labels in a list joined by SEVERAL."""
    if value is None:
        return ""
    if isinstance(value, list):
        return SEVERAL.join(map(_cell, value))
    return str(value).strip() if not isinstance(value, dict) else json.dumps(value)
