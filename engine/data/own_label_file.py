"""A label file that lies in the folder or archive of images itself, beside them or above them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.data.file_index import FileIndex
from engine.data.folder_roles import assign_roles
from engine.data.label_columns import quoted, recognise
from engine.data.listing import inner_folder
from engine.data.table import read_table
from engine.data.tree import Folder, relative_id, scan
from engine.errors import DataError
from engine.results import Note, codes
from engine.settings import NO_LABEL_FILE, ImagesData

_ENDINGS = frozenset(".csv .tsv .txt .json .jsonl .ndjson".split())
_MOST_OF_AN_ENDING = 20
"""Of a folder with more tables of one ending, each is taken to be about one image, as in YOLO's layout."""
_NEXT = "Name the one that holds the labels (data.label_file), or go on without labels (data.labels)"


@dataclass(frozen=True)
class OwnLabelFile:
    """The label file that is to be read, None where folders are the classes; and notes on the choice."""

    path: Path | None
    notes: tuple[Note, ...] = ()


def own_label_file(root: Path, source: ImagesData) -> OwnLabelFile:
    """The label file of `source` in its own folder: the one that it names, or where no folders are classes, the only
    one that names images and their labels.

    Raises DataError where there is none of that name, and where several may be meant (codes.LABEL_FILES_OPEN).
    """
    if source.label_file == NO_LABEL_FILE:
        return OwnLabelFile(None)
    tree = scan(root)
    tables = {relative_id(file, inner_folder(root)): file for file in _tables(tree)}
    if source.label_file is not None:
        return OwnLabelFile(_named(tree, source.label_file, tuple(tables)))
    sure, uncertain = _with_labels(tree, tables, source) if tables else ([], [])
    names = sure or uncertain
    if _has_class_folders(tree, source):
        return OwnLabelFile(None, _unused_notes(names))
    if len(names) > 1:
        raise DataError(
            f"{len(names)} files beside the images may hold their labels: {quoted(names)}",
            _NEXT,
            code=codes.LABEL_FILES_OPEN,
        )
    if not names:
        return OwnLabelFile(None)
    note = Note(
        code=codes.LABEL_FILE_FOUND,
        text=f"The labels are those of '{names[0]}', which lies with the images; no folders there are classes",
    )
    return OwnLabelFile(tables[names[0]], (note,))


def _tables(tree: Folder) -> Iterator[Path]:
    """The files that may be label files: in the folder, in those that wrap the images, and a level below these."""
    folders = [tree]
    while len(folders[-1].folders) == 1 and not folders[-1].images:
        folders.append(folders[-1].folders[0])
    for folder in (*folders, *folders[-1].folders):
        by_ending: dict[str, list[Path]] = {}
        for file in folder.files:
            by_ending.setdefault(file.suffix.lower(), []).append(file)
        for ending, files in by_ending.items():
            if ending in _ENDINGS and len(files) <= _MOST_OF_AN_ENDING:
                yield from files


def _named(tree: Folder, name: str, tables: tuple[str, ...]) -> Path:
    """The file that the settings name by its path, or by its end where that is one file's. Raises DataError."""
    wanted = "/" + name.replace("\\", "/").strip("/")
    files = [file for file in tree.all_files() if f"/{relative_id(file, tree.path)}".endswith(wanted)]
    exact = [file for file in files if f"/{relative_id(file, tree.path)}" == wanted]
    found = exact or files
    if len(found) != 1:
        number = "no file" if not found else f"{len(found)} files"
        raise DataError(
            f"there is {number} '{name[:200]}' (data.label_file) with the images",
            f"Files that may hold labels are {quoted(tables)}" if tables else "Give it apart from them (data.labels)",
        )
    return found[0]


def _with_labels(tree: Folder, tables: dict[str, Path], source: ImagesData) -> tuple[list[str], list[str]]:
    """The tables that name images with labels, and those of which the column of labels is open."""
    index = FileIndex({relative_id(file, tree.path): file for file in tree.all_files()})
    sure: list[str] = []
    uncertain: list[str] = []
    for name, path in tables.items():
        try:
            table = read_table(path)
            if not _names_images(index, [row.cells for row in table.sample()]):
                continue
            recognise(table, lambda cell: index.find(cell) is not None, source.file_column, source.label_column)
        except DataError as error:
            if error.code == codes.LABEL_COLUMN_OPEN:
                uncertain.append(name)
            continue
        sure.append(name)
    return sure, uncertain


def _names_images(index: FileIndex, rows: list[tuple[str, ...]]) -> bool:
    """Whether half of the first rows name a file that is there, beside another cell."""
    n_named = sum(len(cells) > 1 and any(index.find(cell) is not None for cell in cells if cell) for cells in rows)
    return n_named > 0 and 2 * n_named >= len(rows)


def _has_class_folders(tree: Folder, source: ImagesData) -> bool:
    """Whether two folders at least stand where classes do, in any split."""
    if source.folders:
        return True
    roles = assign_roles(tree, {}, labelled=False)
    folders = [inner for folder, _ in roles.splits for inner in folder.with_images] or list(roles.classes)
    return len({folder.name for folder in folders}) > 1


def _unused_notes(names: list[str]) -> tuple[Note, ...]:
    if not names:
        return ()
    text = (
        f"Beside the folders, which were read as classes, lies {quoted(names, 3)}, which names the images and labels: "
        "it was not used. To take the labels from there, name it as the label file among the images"
    )
    return (Note(code=codes.LABEL_FILE_UNUSED, text=text),)
