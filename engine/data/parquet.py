"""Images in Parquet files, as Hugging Face's datasets write them: a column of images and one of labels."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.data.extraction import FREE_BYTES, MAX_BYTES, MAX_ENTRIES
from engine.data.folder_roles import named_splits
from engine.data.imagefolder import LABEL_COLUMNS
from engine.data.listing import ImageFile, Listing, split_names
from engine.data.reading import ReadProgress, within
from engine.data.tree import text
from engine.errors import DataError
from engine.results import FolderReading, Note, codes
from engine.settings import FolderRole
from engine.wording import many

IMAGE_COLUMNS = ("image", "img", "jpg", "jpeg", "png", "picture", "photo")
_BATCH_ROWS = 64
_NEXT = "Give Parquet files with a column image (bytes, or a struct of bytes and path) and a column label"
_SUFFIXES = {
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG": ".png",
    b"GIF8": ".gif",
    b"RIFF": ".webp",
    b"BM": ".bmp",
    b"II": ".tif",
}
"""By the first bytes, for the name of a file alone: what it is, is found out when it is read."""


@dataclass(frozen=True)
class Columns:
    """Where images and labels are in a file; `classes` are the names of labels that are numbers."""

    image: str
    is_struct: bool
    label: str | None
    classes: tuple[str, ...] = ()


def by_parquet(
    files: tuple[Path, ...], root: Path, folder: Path, on_progress: ReadProgress, *, labelled: bool
) -> Listing:
    """The images of Parquet files, written into `folder`, with the split that a file's name or folder says.

    A split without labels is left out where others have them. Raises DataError.
    """
    images: list[ImageFile] = []
    classes: tuple[str, ...] = ()
    room = _Room(MAX_BYTES, MAX_ENTRIES)
    roles = {file: _split_role(file, root) for file in files}
    for number, file in enumerate(files):
        target = folder / f"{number:03d}-{text(file.stem)[:100]}"
        target.mkdir()
        report = within(on_progress, number / len(files), (number + 1) / len(files))
        columns, found = _extract(file, target, room, report, labelled=labelled)
        classes = columns.classes or classes
        images += [ImageFile(path, path.relative_to(folder).as_posix(), label) for path, label in found]
    role_of = {f"{number:03d}-{text(file.stem)[:100]}": roles[file] for number, file in enumerate(files)}
    return _listing(images, role_of, classes, labelled=labelled)


@dataclass(eq=False)
class _Room:
    """What may still be written."""

    n_bytes: int
    n_images: int

    def take(self, size: int, folder: Path) -> None:
        """Raises DataError where an image of `size` bytes is more than may be written."""
        self.n_bytes, self.n_images = self.n_bytes - size, self.n_images - 1
        if self.n_bytes < 0 or self.n_images < 0:
            limit = f"{MAX_ENTRIES:,} images and {MAX_BYTES / 1e9:.0f} GB are allowed"
            raise DataError(f"the Parquet files hold more than {limit}", "Use fewer of them")
        if shutil.disk_usage(folder).free < size + FREE_BYTES:
            raise DataError("the disk has no room for the images of the Parquet files", "Free some disk space")


def _extract(
    file: Path, folder: Path, room: _Room, on_progress: ReadProgress, *, labelled: bool
) -> tuple[Columns, list[tuple[Path, str | None]]]:
    """The columns of a file, and the path and label of every image, written into `folder`."""
    try:
        # pyarrow would otherwise read whole columns ahead, and memory would grow with the file.
        with pq.ParquetFile(file, memory_map=False, buffer_size=1 << 20, pre_buffer=False) as table:
            columns = _columns(table.schema_arrow, file.name, labelled=labelled)
            return columns, list(_images(table, columns, folder, room, on_progress))
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise DataError(f"'{file.name}' cannot be read as Parquet: {str(error)[:200]}", _NEXT) from error


def _images(
    table: pq.ParquetFile, columns: Columns, folder: Path, room: _Room, on_progress: ReadProgress
) -> Iterator[tuple[Path, str | None]]:
    names = [columns.image, *([columns.label] if columns.label else [])]
    row, n_rows = 0, table.metadata.num_rows
    for batch in table.iter_batches(batch_size=_BATCH_ROWS, columns=names, use_threads=False):
        values = batch.to_pydict()
        labels = values[columns.label] if columns.label else [None] * batch.num_rows
        for value, label in zip(values[columns.image], labels, strict=True):
            content = (value or {}).get("bytes") if columns.is_struct else value
            content = content or b""
            room.take(len(content), folder)
            suffix = next((suffix for magic, suffix in _SUFFIXES.items() if content.startswith(magic)), ".png")
            path = folder / f"{row:07d}{suffix}"
            path.write_bytes(content)
            yield path, _label(label, columns.classes)
            row += 1
            n_rows = max(row, n_rows)  # which the file only declares
            on_progress(row / n_rows, f"{row:,} of {many(n_rows, 'image')} unpacked")


def _columns(schema: pa.Schema, name: str, *, labelled: bool) -> Columns:
    """Where images and labels are. Raises DataError where there are none."""
    features = _features(schema)
    typed = [column for column in schema.names if features.get(column, {}).get("_type") == "Image"]
    images = [column for column in (*typed, *IMAGE_COLUMNS) if column in schema.names]
    if not images:
        raise DataError(f"'{name}' has no column of images: its columns are {', '.join(schema.names)[:200]}", _NEXT)
    image = schema.field(images[0]).type
    is_struct = pa.types.is_struct(image) and image.get_field_index("bytes") >= 0
    if not (is_struct or pa.types.is_binary(image) or pa.types.is_large_binary(image)):
        raise DataError(f"the column {images[0]} of '{name}' holds {image}, not the bytes of images", _NEXT)
    if not labelled:
        return Columns(images[0], is_struct, None)
    named = [column for column in schema.names if features.get(column, {}).get("_type") == "ClassLabel"]
    labels = [column for column in (*LABEL_COLUMNS, "fine_label", *named) if column in schema.names]
    if not labels:
        raise DataError(
            f"'{name}' has no column of labels: its columns are {', '.join(schema.names)[:200]}",
            "Name it label, or go on without labels (data.labels: none)",
        )
    label = schema.field(labels[0]).type
    if not (pa.types.is_integer(label) or pa.types.is_string(label) or pa.types.is_large_string(label)):
        raise DataError(f"the column {labels[0]} of '{name}' holds {label}, not one class an image", _NEXT)
    return Columns(images[0], is_struct, labels[0], _class_names(features.get(labels[0], {})))


def _features(schema: pa.Schema) -> Mapping[str, Mapping[str, Any]]:
    """Hugging Face's own description of the columns; empty where there is none that can be read."""
    try:
        described = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError, RecursionError):
        return {}
    features = described.items() if isinstance(described, dict) else ()
    return {name: feature for name, feature in features if isinstance(feature, dict)}


def _class_names(feature: Mapping[str, Any]) -> tuple[str, ...]:
    names = feature.get("names")
    is_list = feature.get("_type") == "ClassLabel" and isinstance(names, list)
    return tuple(map(str, names)) if is_list and names and len(set(map(str, names))) == len(names) else ()


def _label(value: int | str | None, classes: tuple[str, ...]) -> str | None:
    """A label by name; None where there is none, which a ClassLabel writes as -1."""
    if value is None or isinstance(value, str):
        return value or None
    if not classes:
        return str(value)
    return classes[value] if 0 <= value < len(classes) else None


def _split_role(file: Path, root: Path) -> FolderRole | None:
    """The split that a file's name begins with (train-00000-of-00002), else that of its folder."""
    names = [file.stem.split("-")[0], file.stem] + ([file.parent.name] if file.parent != root else [])
    return next((role for name in names for role in named_splits([name]).values()), None)


def _listing(
    images: list[ImageFile], role_of: Mapping[str, FolderRole | None], classes: tuple[str, ...], *, labelled: bool
) -> Listing:
    """The listing of all images; those without a label are stray, and where a whole split has none, it is left out."""
    used = [image for image in images if image.label is not None or not labelled]
    roles = [role_of[image.id.split("/")[0]] for image in used]
    split_of = split_names({role for role in roles if role is not None}) if None not in roles else {}
    files = [
        ImageFile(image.path, image.id, image.label, split_of.get(role))
        for image, role in zip(used, roles, strict=True)
    ]
    labels = frozenset(image.label for image in files if image.label is not None)
    unlabelled = [image for image in images if labelled and image.label is None]
    what = many(len(labels), "class", "classes") if labelled else "no labels"
    counts = ", ".join(f"{role}: {many(roles.count(role), 'image')}" for role in split_of if role in roles)
    sentence = f"Read from Parquet as {what}, {many(len(files), 'image')}" + (f" ({counts})" if counts else "")
    without = {folder for folder in role_of if not any(image.id.startswith(f"{folder}/") for image in files)}
    if unlabelled:
        sentence += f"; left out: {many(len(unlabelled), 'image')} without a label"
    note = Note(code=codes.FOLDERS_READ, text=sentence)
    stray = tuple(image.id for image in unlabelled if image.id.split("/")[0] not in without)
    return Listing(
        tuple(files), labels, stray, FolderReading(note=note), (note,), classes if set(classes) >= labels else ()
    )
