"""Labels in a file `metadata.csv` or `metadata.jsonl` beside the images, as Hugging Face's imagefolder has them.

https://huggingface.co/docs/datasets/image_dataset: `file_name` is relative to the folder of the metadata.
"""

import csv
import json
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.data.folder_reading import Unused, folder_reading
from engine.data.folder_roles import Roles, assign_roles
from engine.data.listing import ImageFile, Listing, split_names
from engine.data.tree import Folder, has_image_ending, relative_id, scan, text
from engine.errors import DataError
from engine.results import Note
from engine.settings import FolderRole

METADATA = ("metadata.csv", "metadata.jsonl")
LABEL_COLUMNS = ("label", "labels", "class", "class_name", "category", "target")
"""The first of these that a file has holds its labels."""
_MAX_BYTES = 100_000_000
_FILE_COLUMN = "file_name"
_NEXT = "Name the column of the classes label, or give a CSV of file,label (data.labels)"


def has_metadata(root: Path) -> bool:
    """Whether a metadata file lies anywhere below."""
    return any(file.name in METADATA for file in scan(root).all_files())


def by_metadata(root: Path, requested: Mapping[str, FolderRole] | None = None) -> Listing | None:
    """The images that metadata files label, where folders that are named as splits decide the splits.

    None where there is no such file, or none with labels beside class folders. Raises DataError.
    """
    tree = scan(root)
    files = [file for folder in tree.below() for file in folder.files if file.name in METADATA]
    if not files:
        return None
    roles = assign_roles(tree, requested or {}, labelled=False)
    labels = _labels(files, roles)
    if labels is None:
        return None
    unused = [Unused(folder.name, folder) for folder in (*roles.left_out, *roles.beside)]
    folders: list[tuple[FolderRole | None, Folder]] = [(role, folder) for folder, role in roles.splits]
    folders = folders or [(None, folder) for folder in roles.level.folders if folder not in roles.left_out]
    role_of = {file: role for role, folder in folders for file in folder.all_files()}
    role_of |= dict.fromkeys(roles.level.files if not roles.splits else (), None)
    split_of = split_names({role for file, role in role_of.items() if role is not None and file in labels})
    top = roles.level.path
    images = [
        ImageFile(file, relative_id(file, top), labels[file], split_of.get(role))
        for file, role in role_of.items()
        if file in labels
    ]
    stray = [relative_id(file, top) for file in role_of if file not in labels and has_image_ending(file)]
    classes = frozenset(image.label for image in images if image.label is not None)
    reading, notes = folder_reading(roles, folders, len(classes), unused)
    missing = _missing_note(labels, [file for folder in tree.below() for file in folder.files], root)
    source = Note(code="labels_from_metadata", text=f"The labels are those of {_names(files, root)}")
    return Listing(tuple(images), classes, tuple(stray), reading, (source, *missing, *notes))


def _labels(files: list[Path], roles: Roles) -> dict[Path, str] | None:
    """The label of every file that the metadata names; None where no metadata has labels and folders may."""
    labels: dict[Path, str] = {}
    columns: list[str] = []
    for file in files:
        for number, row in enumerate(_rows(file), 1):
            columns = columns or list(row)
            column = next((name for name in LABEL_COLUMNS if name in row), None)
            if column is None:
                break
            if _FILE_COLUMN not in row:
                raise DataError(f"row {number} of '{file.name}' has no {_FILE_COLUMN}", "Add the path of its image")
            label = _label(row[column], file.name, number)
            path = file.parent / posixpath.normpath(str(row[_FILE_COLUMN]).replace("\\", "/"))
            if label and labels.setdefault(path, label) != label:
                raise DataError(
                    f"row {number} of '{file.name}' gives '{row[_FILE_COLUMN]}' a second label", "Keep one of them"
                )
    if labels:
        return labels
    inside = [folder for folder, _ in roles.splits] or [roles.level]
    if any(folder.with_images for folder in inside):
        return None
    raise DataError(f"'{files[0].name}' has no column of labels: its columns are {', '.join(columns) or 'none'}", _NEXT)


def _label(value: object, file: str, number: int) -> str:
    """A label as text, empty for none. Raises DataError for what is no single label."""
    if isinstance(value, list | dict | bool):
        raise DataError(f"row {number} of '{file}' has the label {str(value)[:60]}, which is not one class", _NEXT)
    return "" if value is None else str(value).strip()


def _rows(file: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a metadata file by column. Raises DataError."""
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise DataError(f"'{file.name}' is larger than {_MAX_BYTES // 10**6} MB", "Take columns away")
        with file.open(encoding="utf-8-sig", newline="") as lines:
            if file.suffix == ".csv":
                for cells in csv.DictReader(lines, strict=True):
                    yield {name: value for name, value in cells.items() if isinstance(name, str)}
                return
            for number, line in enumerate(lines, 1):
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise DataError(f"line {number} of '{file.name}' is no JSON object", _NEXT)
                    yield row
    except (OSError, UnicodeDecodeError, csv.Error, json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"'{file.name}' cannot be read: {error}", "Write it anew in UTF-8") from error


def _missing_note(labels: Mapping[Path, str], files: list[Path], root: Path) -> tuple[Note, ...]:
    """A note on images that the metadata names and that are not there. Raises DataError where most are not."""
    missing = sorted(labels.keys() - set(files))
    if not missing:
        return ()
    examples = _names(missing[:3], root)
    sentence = f"the metadata names {len(missing):,} of {len(labels):,} images that are not there: {examples}"
    if 2 * len(missing) > len(labels):
        raise DataError(sentence, "Give file_name relative to the folder of the metadata, with forward slashes")
    return (Note(code="images_missing", text=sentence[0].upper() + sentence[1:]),)


def _names(files: list[Path], root: Path) -> str:
    return ", ".join(f"'{text(posixpath.relpath(file, root))}'" for file in files[:3])
