"""Which files of a folder are images, with the label and the split that their path implies."""

import os
from dataclasses import dataclass
from pathlib import Path

from engine.data.pool import SplitName
from engine.errors import DataError

IMAGE_SUFFIXES = frozenset(
    (
        ".jpg .jpeg .jpe .jfif .png .apng .gif .bmp .dib .webp .tif .tiff .ppm .pgm .pbm .pnm .pfm .avif .mpo "
        ".jp2 .j2k .jpx .heic .heif"
    ).split()
)
_LITTER = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_SPLIT_FOLDERS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_A_FOLDER_PER_CLASS = (
    "Put the images into one folder per class, go on without labels, or give a label file (data.labels)"
)


@dataclass(frozen=True)
class ImageFile:
    """A file that should be an image; `id` is its path within the folder of images, with forward slashes."""

    path: Path
    id: str
    label: str | None = None
    split: SplitName | None = None


@dataclass(frozen=True)
class Listing:
    """`stray` are images that belong to no class; `classes` are the names of all class folders, also empty ones."""

    files: tuple[ImageFile, ...]
    classes: frozenset[str] = frozenset()
    stray: tuple[str, ...] = ()


def ignored(name: str) -> bool:
    """Whether a file or folder is hidden, or one that operating systems leave behind."""
    return name.startswith(".") or name.casefold() in _LITTER


def by_folder(root: Path) -> Listing:
    """The images of a folder per class; folders train/val/test at the top decide the splits. Raises DataError."""
    root = inner_folder(root)
    splits = split_folders(root)
    top_folders: dict[Path, SplitName | None] = {**splits} or {root: None}
    classes = [(folder, split) for top, split in top_folders.items() for folder in _folders(top)]
    stray = tuple(
        _id(file, root) for top in top_folders for file in _files(top) if file.suffix.lower() in IMAGE_SUFFIXES
    )
    if not classes:
        problem = "has no class folders" if any(map(_files, top_folders)) else "is empty"
        raise DataError(f"'{root.name}' {problem}", _A_FOLDER_PER_CLASS)
    images = [
        ImageFile(file, _id(file, root), text(folder.name), split) for folder, split in classes for file in walk(folder)
    ]
    return Listing(tuple(images), frozenset(text(folder.name) for folder, _ in classes), stray)


def unlabelled(root: Path) -> Listing:
    """Every file below the folder, without labels; folders train/val/test at the top decide the splits."""
    root = inner_folder(root)
    splits = split_folders(root)
    if not splits:
        return Listing(tuple(ImageFile(file, _id(file, root)) for file in walk(root)))
    images = [ImageFile(file, _id(file, root), None, split) for top, split in splits.items() for file in walk(top)]
    return Listing(tuple(images))


def split_folders(root: Path) -> dict[Path, SplitName]:
    """The split of each of the folders train, val and test; empty where the folder has others, or only one.

    train trains (and gives calibration its share), val evaluates, test evaluates where there is no val and is the
    holdout otherwise. Raises DataError where train is missing.
    """
    folders = {folder: _SPLIT_FOLDERS.get(folder.name.casefold()) for folder in _folders(root)}
    kinds = set(folders.values())
    if len(kinds) < 2 or None in kinds:
        return {}
    if "train" not in kinds:
        raise DataError(
            f"'{root.name}' has folders val and test and none named train",
            "Add train, or give one of the two folders alone",
        )
    test: SplitName = "holdout" if "val" in kinds else "evaluation"
    splits: dict[str | None, SplitName] = {"train": "train", "val": "evaluation", "test": test}
    return {folder: splits[kind] for folder, kind in folders.items()}


def inner_folder(root: Path) -> Path:
    """The folder itself, or the only folder in it where that one holds folders (as zips often wrap their content)."""
    while len(folders := _folders(root)) == 1 and _folders(folders[0]) and not _files(root):
        root = folders[0]
    return root


def walk(folder: Path) -> list[Path]:
    """Every file below, sorted; links to folders are not followed. Raises DataError where a folder is unreadable."""
    files: list[Path] = []
    for top, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not ignored(name))
        files += [Path(top, name) for name in sorted(names) if not ignored(name)]
    return files


def text(name: str) -> str:
    """A file name as text, also where its bytes are not UTF-8."""
    return os.fsencode(name).decode(errors="replace")


def _folders(root: Path) -> list[Path]:
    return [path for path in _children(root) if path.is_dir()]


def _files(root: Path) -> list[Path]:
    return [path for path in _children(root) if not path.is_dir()]


def _children(root: Path) -> list[Path]:
    try:
        return sorted(path for path in root.iterdir() if not ignored(path.name))
    except OSError as error:
        _unreadable(error)
        raise


def _unreadable(error: OSError) -> None:
    raise DataError(f"the folder '{error.filename}' cannot be read: {error.strerror}", "Check its permissions")


def _id(path: Path, root: Path) -> str:
    return text(path.relative_to(root).as_posix())
