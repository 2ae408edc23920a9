"""A CSV of file,label."""

import csv
import re
from pathlib import Path

from engine.errors import DataError

MAX_BYTES = 100_000_000
_HEADERS = frozenset({"file", "filename", "file_name", "image", "image_path", "path", "name"})
_NEXT = "Give a CSV with one line per image: its path in the folder of images, a comma, its class"


def read_labels(path: Path) -> tuple[tuple[str, str], ...]:
    """(file, label) of every line, an optional header left out. Raises DataError that names the line."""
    try:
        size = path.stat().st_size if path.is_file() else None
        if size is None or size > MAX_BYTES:
            reason = "it is not a file" if size is None else f"it is larger than {MAX_BYTES // 10**6} MB"
            raise DataError(f"the labels file '{path.name}' cannot be read: {reason}", _NEXT)
        rows = _rows(path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the labels file '{path.name}' is no CSV in UTF-8: {error}", _NEXT) from error
    except OSError as error:
        raise DataError(f"the labels file '{path.name}' cannot be read: {error.strerror}", _NEXT) from error
    if not rows:
        raise DataError(f"the labels file '{path.name}' has no line of file,label", _NEXT)
    return tuple(rows.items())


def _rows(path: Path) -> dict[str, str]:
    rows: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells) or (not rows and reader.line_num == 1 and cells[0].casefold() in _HEADERS):
                continue
            if len(cells) != 2 or not all(cells):
                raise DataError(
                    f"line {reader.line_num} of the labels file '{path.name}' is not file,label: "
                    f"{','.join(row)[:60]!r}",
                    _NEXT,
                )
            name = re.sub(r"^(\./)+", "", cells[0].replace("\\", "/"))
            if name in rows:
                raise DataError(
                    f"line {reader.line_num} of the labels file '{path.name}' names '{name}' again",
                    "Name every image once",
                )
            rows[name] = cells[1]
    return rows
