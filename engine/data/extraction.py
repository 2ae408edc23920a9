"""Entries of an archive -> files in a folder: no entry leaves it, fills the disk or replaces another."""

import re
import shutil
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from engine.data.tree import ARCHIVE_SUFFIXES, ignored
from engine.errors import DataError

MAX_ENTRIES = 300_000
MAX_BYTES = 8_000_000_000
MAX_RATIO = 200
RATIO_FROM_BYTES = 16_000_000
FREE_BYTES = 200_000_000
MAKE_A_ZIP = "Make a zip of the folder of images, with nothing but folders and images in it"
_MAX_NAME_BYTES, _MAX_PATH_BYTES = 200, 1000
_CHUNK = 1 << 20


class Readable(Protocol):
    """The content of one entry."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(eq=False)
class Quota:
    """What may still be unpacked: one for an archive and all archives in it. Both numbers fall."""

    entries: int
    n_bytes: int

    @classmethod
    def full(cls) -> "Quota":
        """The quota of a new archive."""
        return cls(MAX_ENTRIES, MAX_BYTES)

    def take_entries(self, count: int, noun: str) -> None:
        """Raises DataError where there are more entries than are left."""
        self.entries -= count
        if self.entries < 0:
            raise DataError(
                f"the {noun} has {MAX_ENTRIES - self.entries:,} entries or more, at most {MAX_ENTRIES:,} are allowed",
                "Split it up",
            )


class Extraction:
    """The files of one archive, a `noun` for the user, on their way into `folder`.

    With `may_hold_archives` its entries may be archives, which are then files like others.
    """

    def __init__(self, folder: Path, quota: Quota, noun: str, *, may_hold_archives: bool) -> None:
        self.quota = quota
        self._folder, self._noun, self._may_hold_archives = folder, noun, may_hold_archives
        self._is_file: dict[str, bool] = {}

    def accept(self, name: str, *, is_folder: bool) -> PurePosixPath | None:
        """Where an entry belongs, None where it is no file to unpack. Raises DataError for a name that is unsafe."""
        path = self._safe_path(name, is_folder=is_folder)
        key = _key(path)
        if key in self._is_file and (not is_folder or self._is_file[key]):
            problem = "is there twice, or differs from another only in case"
            raise self.error(name, problem if is_folder != self._is_file[key] else "is a folder that is also a file")
        parents = [_key(parent) for parent in path.parents if parent.parts]
        if any(self._is_file.setdefault(parent, False) for parent in parents):
            raise self.error(name, "lies in a folder that is also a file")
        self._is_file[key] = not is_folder
        return None if is_folder or any(ignored(part) for part in path.parts) else path

    def write(self, name: str, path: PurePosixPath, source: Readable, declared: int, compressed: int | None) -> None:
        """Stream one entry to disk; its bytes are counted, since the archive may declare another size.

        `compressed` is its size in the archive, None where the archive is compressed as a whole.
        """
        if declared + FREE_BYTES > shutil.disk_usage(self._folder).free:
            raise self.error(name, f"has {declared / 1e9:.1f} GB, and the disk has not that much left")
        target, size = self._folder / path, 0
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                self.quota.n_bytes -= len(chunk)
                if self.quota.n_bytes < 0:
                    raise self.error(name, f"brings the unpacked size over {MAX_BYTES / 1e9:.0f} GB")
                if compressed is not None and size > max(RATIO_FROM_BYTES, MAX_RATIO * compressed):
                    raise self.error(name, f"unpacks to more than {MAX_RATIO} times its size")
                file.write(chunk)
        if size != declared:
            raise self.error(name, f"has {size:,} bytes and declares {declared:,}")

    def error(self, name: str, reason: str) -> DataError:
        """The error that names an entry."""
        shown = ascii(name)[1:-1]
        shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
        return DataError(f"the {self._noun}'s entry '{shown}' {reason}", MAKE_A_ZIP)

    def _safe_path(self, name: str, *, is_folder: bool) -> PurePosixPath:
        slashed = name.replace("\\", "/")
        if "\0" in name:
            raise self.error(name, "has a NUL character in its name")
        if slashed.startswith("/") or re.match(r"[A-Za-z]:", slashed):
            raise self.error(name, "has an absolute path")
        path = PurePosixPath(slashed)
        if ".." in path.parts or not (path.parts or is_folder):
            raise self.error(name, "points outside the archive")
        if len(slashed.encode(errors="replace")) > _MAX_PATH_BYTES or any(
            len(part.encode(errors="replace")) > _MAX_NAME_BYTES for part in path.parts
        ):
            raise self.error(name, f"has a name longer than {_MAX_NAME_BYTES} bytes")
        is_litter = any(ignored(part) for part in path.parts)
        if not (is_folder or is_litter or self._may_hold_archives) and path.suffix.lower() in ARCHIVE_SUFFIXES:
            raise self.error(name, "is an archive inside the archive")
        return path


def _key(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()
