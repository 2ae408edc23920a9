"""A zip, unpacked: its names are checked before anything is written, its sizes while it streams."""

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from engine.data.extraction import FREE_BYTES, MAX_BYTES, Extraction
from engine.data.reading import ReadProgress
from engine.errors import DataError
from engine.wording import many

METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Those that are unpacked. Of bz2 and LZMA a few bytes may become gigabytes in one call, where deflate is bounded."""
# A damaged zip, or (RuntimeError) one that is encrypted or uses a method that zipfile does not know.
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, RuntimeError, OSError)


def extract_zip(path: Path, extraction: Extraction, free_bytes: int, on_progress: ReadProgress) -> None:
    """Unpack a zip onto a disk with so many free bytes. Raises DataError, and one of UNREADABLE for a damaged one."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        extraction.quota.take_entries(len(entries), "zip")
        files = _check_entries(entries, extraction)
        total_bytes = sum(entry.file_size for entry in files.values())
        if total_bytes > extraction.quota.n_bytes:
            raise DataError(
                f"the zip unpacks to {total_bytes / 1e9:.1f} GB, at most {MAX_BYTES / 1e9:.0f} GB are allowed in all",
                "Use fewer or smaller images",
            )
        if total_bytes + FREE_BYTES > free_bytes:
            raise DataError(
                f"the zip unpacks to {total_bytes / 1e9:.1f} GB, and the disk has not that much left",
                "Free some disk space",
            )
        for number, (name, entry) in enumerate(files.items(), 1):
            with archive.open(entry) as source:
                extraction.write(entry.orig_filename, name, source, entry.file_size, entry.compress_size)
            on_progress(number / len(files), f"{number:,} of {many(len(files), 'file')} unpacked")


def _check_entries(entries: list[zipfile.ZipInfo], extraction: Extraction) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """The files to unpack by their relative path. Raises DataError that names the first unsafe entry."""
    files: dict[PurePosixPath, zipfile.ZipInfo] = {}
    for entry in entries:
        name, mode = entry.orig_filename, stat.S_IFMT(entry.external_attr >> 16)
        path = extraction.accept(name, is_folder=entry.is_dir())
        if entry.compress_type not in METHODS:
            raise extraction.error(name, "is compressed by another method than deflate")
        if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise extraction.error(name, "is a link or a device, not a file")
        if path is not None:
            files[path] = entry
    return files
