"""A folder with all that lies below it, scanned once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError

IMAGE_SUFFIXES = frozenset(
    (
        ".jpg .jpeg .jpe .jfif .png .apng .gif .bmp .dib .webp .tif .tiff .ppm .pgm .pbm .pnm .pfm .avif .mpo "
        ".jp2 .j2k .jpx .heic .heif"
    ).split()
)
OTHER_IMAGE_SUFFIXES = frozenset(".svg .jxl .psd .eps .ico .tga .dng .cr2 .nef .arw .raw".split())
"""Of images that are perhaps not read, and then named one by one."""
_ALL_IMAGE_SUFFIXES = IMAGE_SUFFIXES | OTHER_IMAGE_SUFFIXES
ARCHIVE_SUFFIXES = frozenset(".zip .tar .tgz .gz .tbz .tbz2 .bz2 .txz .xz .tzst .zst .7z .rar".split())
_LITTER = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_LINKS_TO_DEPTH = 2
"""Links to folders are followed where folders of splits and classes stand, and not below, where they may go round."""


@dataclass(frozen=True, eq=False)
class Folder:
    """A folder; `files` and `folders` are sorted, without what is hidden. `n_images` counts all that lies below."""

    path: Path
    files: tuple[Path, ...]
    folders: tuple["Folder", ...]
    n_images: int

    @property
    def name(self) -> str:
        return text(self.path.name)

    @property
    def images(self) -> tuple[Path, ...]:
        """The files directly in it that may be images."""
        return tuple(file for file in self.files if may_be_image(file))

    @property
    def with_images(self) -> tuple["Folder", ...]:
        """The folders directly in it that hold what may be images."""
        return tuple(folder for folder in self.folders if folder.n_images)

    def below(self) -> Iterator["Folder"]:
        """The folder itself and every folder below it, in the order of their names."""
        waiting = [self]
        while waiting:
            folder = waiting.pop()
            yield folder
            waiting += reversed(folder.folders)

    def all_files(self) -> Iterator[Path]:
        """Every file below, in the order of the folders' names."""
        return (file for folder in self.below() for file in folder.files)


def scan(root: Path) -> Folder:
    """The folder with all below. Raises DataError where one is unreadable."""
    found: list[tuple[Path, tuple[Path, ...], list[Path]]] = []
    waiting = [(root, 0)]
    while waiting:
        path, depth = waiting.pop()
        folders, files = _content(path, follow_links=depth < _LINKS_TO_DEPTH)
        found.append((path, files, folders))
        waiting += [(folder, depth + 1) for folder in folders]
    scanned: dict[Path, Folder] = {}
    for path, files, names in reversed(found):
        folders_in_it = tuple(scanned.pop(folder) for folder in names)
        n_images = sum(map(may_be_image, files)) + sum(folder.n_images for folder in folders_in_it)
        scanned[path] = Folder(path, files, folders_in_it, n_images)
    return scanned[root]


def may_be_image(path: Path) -> bool:
    """Whether a file has the ending of an image, or none."""
    return not path.suffix or has_image_ending(path)


def has_image_ending(path: Path) -> bool:
    """Whether a file has the ending of an image, read or not."""
    return path.suffix.lower() in _ALL_IMAGE_SUFFIXES


def ignored(name: str) -> bool:
    """Whether a file or folder is hidden, or one that operating systems leave behind."""
    return name.startswith(".") or name.casefold() in _LITTER


def text(name: str) -> str:
    """A file name as text, also where its bytes are not UTF-8."""
    return os.fsencode(name).decode(errors="replace")


def relative_id(path: Path, root: Path) -> str:
    """The path of a file within a folder, with forward slashes."""
    return text(path.relative_to(root).as_posix())


def unreadable(error: OSError) -> DataError:
    """The error for a folder that cannot be read."""
    return DataError(f"the folder '{error.filename}' cannot be read: {error.strerror}", "Check its permissions")


def _content(path: Path, *, follow_links: bool) -> tuple[list[Path], tuple[Path, ...]]:
    """The folders and the files in a folder, both sorted; links to folders are neither unless they are followed."""
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if ignored(entry.name) or (entry.is_dir() and entry.is_symlink() and not follow_links):
                    continue
                (folders if entry.is_dir() else files).append(entry.name)
    except OSError as error:
        raise unreadable(error) from error
    return [path / name for name in sorted(folders)], tuple(path / name for name in sorted(files))
