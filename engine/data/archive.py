"""A zip of images, unpacked so that no entry can leave its folder, fill the disk or replace another file."""

import re
import shutil
import stat
import unicodedata
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from engine.data.listing import ignored
from engine.errors import DataError

MAX_ENTRIES = 100_000
MAX_BYTES = 8_000_000_000
MAX_RATIO = 200
RATIO_FROM_BYTES = 16_000_000
FREE_BYTES = 200_000_000
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Those that are unpacked. Of bz2 and LZMA a few bytes may become gigabytes in one call, where deflate is bounded."""
_MAX_NAME_BYTES, _MAX_PATH_BYTES = 200, 1000
_CHUNK = 1 << 20
_OTHER_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")
# A damaged zip, or (RuntimeError) one that is encrypted or uses a method that zipfile does not know.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, RuntimeError, OSError)
_MAKE_A_ZIP = "Make a zip of the folder of images, with nothing but folders and images in it"


def unpack(path: Path, folder: Path) -> None:
    """Unpack the zip at `path` into the empty `folder`. Raises DataError, with nothing left in `folder`."""
    _refuse_other_formats(path)
    try:
        with zipfile.ZipFile(path) as archive:
            _extract(archive, folder)
    except BaseException as error:
        _clear(folder)
        if isinstance(error, _UNREADABLE):
            raise DataError(f"'{path.name}' cannot be unpacked: {error}", _MAKE_A_ZIP) from error
        raise


def _refuse_other_formats(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(512)
    magics = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")
    if head[257:262] == b"ustar" or head.startswith(magics):
        raise DataError(f"'{path.name}' is a tar or another archive, images come as a folder or a zip", _MAKE_A_ZIP)
    if not zipfile.is_zipfile(path):
        raise DataError(f"'{path.name}' is no zip, images come as a folder or a zip", _MAKE_A_ZIP)


def _extract(archive: zipfile.ZipFile, folder: Path) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise DataError(f"the zip has {len(entries):,} entries, at most {MAX_ENTRIES:,} are allowed", "Split it up")
    files = _check_entries(entries)
    total_bytes = sum(entry.file_size for entry in files.values())
    if total_bytes > MAX_BYTES:
        raise DataError(
            f"the zip unpacks to {total_bytes / 1e9:.1f} GB, at most {MAX_BYTES / 1e9:.0f} GB are allowed",
            "Use fewer or smaller images",
        )
    if total_bytes + FREE_BYTES > shutil.disk_usage(folder).free:
        raise DataError(
            f"the zip unpacks to {total_bytes / 1e9:.1f} GB, and the disk has not that much left",
            "Free some disk space",
        )
    room = MAX_BYTES
    for name, entry in files.items():
        room -= _write(archive, entry, folder / name, room)


def _check_entries(entries: list[zipfile.ZipInfo]) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """The files to unpack by their relative path. Raises DataError that names the first unsafe entry."""
    files: dict[PurePosixPath, zipfile.ZipInfo] = {}
    paths: dict[str, bool] = {}
    for entry in entries:
        name = _safe_name(entry)
        key = _key(name)
        is_file = not entry.is_dir()
        if key in paths and (is_file or paths[key]):
            raise _entry_error(entry, "is there twice, or differs from another only in case")
        paths[key] = is_file
        if is_file and not any(ignored(part) for part in name.parts):
            files[name] = entry
    for name, entry in files.items():
        if any(paths.get(_key(parent)) for parent in name.parents):
            raise _entry_error(entry, "lies in a folder that is also a file")
    return files


def _safe_name(entry: zipfile.ZipInfo) -> PurePosixPath:
    name = entry.orig_filename.replace("\\", "/")
    mode = stat.S_IFMT(entry.external_attr >> 16)
    if "\0" in name:
        raise _entry_error(entry, "has a NUL character in its name")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise _entry_error(entry, "has an absolute path")
    path = PurePosixPath(name)
    if ".." in path.parts or not (path.parts or entry.is_dir()):
        raise _entry_error(entry, "points outside the archive")
    if entry.compress_type not in METHODS:
        raise _entry_error(entry, "is compressed by another method than deflate")
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _entry_error(entry, "is a link or a device, not a file")
    if len(name.encode(errors="replace")) > _MAX_PATH_BYTES or any(
        len(part.encode(errors="replace")) > _MAX_NAME_BYTES for part in path.parts
    ):
        raise _entry_error(entry, f"has a name longer than {_MAX_NAME_BYTES} bytes")
    if not entry.is_dir() and path.suffix.lower() in _OTHER_ARCHIVES and not any(ignored(part) for part in path.parts):
        raise _entry_error(entry, "is an archive inside the archive")
    return path


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, room: int) -> int:
    """Stream one entry to disk and return its size in bytes, counted since the archive may declare another."""
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with archive.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > room:
                raise _entry_error(entry, f"brings the unpacked size over {MAX_BYTES / 1e9:.0f} GB")
            if size > RATIO_FROM_BYTES and size > MAX_RATIO * max(1, entry.compress_size):
                raise _entry_error(entry, f"unpacks to more than {MAX_RATIO} times its size")
            file.write(chunk)
    if size != entry.file_size:
        raise _entry_error(entry, f"has {size:,} bytes and declares {entry.file_size:,}")
    return size


def _key(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()


def _entry_error(entry: zipfile.ZipInfo, reason: str) -> DataError:
    name = ascii(entry.orig_filename)[1:-1]
    name = name if len(name) <= 80 else f"{name[:77]}..."
    return DataError(f"the zip's entry '{name}' {reason}", _MAKE_A_ZIP)


def _clear(folder: Path) -> None:
    for child in folder.iterdir():
        shutil.rmtree(child) if child.is_dir() else child.unlink()
