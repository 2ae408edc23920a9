"""Reads, counts and removes what the process of a job left, which may be anything if a hostile file took it over."""

import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from engine.errors import StorageError


def read_whole(path: Path, max_bytes: int) -> bytes | None:
    """The content of a plain file, None where there is nothing of that name.

    Raises StorageError where it is no plain file (a folder, a link) or larger than `max_bytes`, and OSError.
    """
    with _plain_file(path) as file:
        if file is None:
            return None
        if os.fstat(file.fileno()).st_size > max_bytes:
            raise _damaged(path, f"larger than {max_bytes / 1e6:g} MB")
        return file.read(max_bytes)


def read_start(path: Path, n_bytes: int) -> bytes:
    """The first bytes of a plain file; nothing where there is none that can be read."""
    with suppress(OSError, StorageError), _plain_file(path) as file:
        return file.read(n_bytes) if file is not None else b""
    return b""


def read_end(path: Path, n_bytes: int) -> bytes:
    """The last bytes of a plain file; nothing where there is none that can be read."""
    with suppress(OSError, StorageError), _plain_file(path) as file:
        if file is not None:
            file.seek(max(0, file.seek(0, os.SEEK_END) - n_bytes))
            return file.read(n_bytes)
    return b""


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, however deep. What cannot be removed stays."""
    if not path.is_dir() or path.is_symlink():
        with suppress(OSError):
            path.unlink()
        return
    try:
        shutil.rmtree(path, ignore_errors=True)
    except RecursionError:
        with suppress(OSError):
            _remove_level_by_level(path)


def folder_bytes(path: Path) -> int:
    """Bytes of all files below `path`; what vanishes meanwhile or may not be looked at counts nothing."""
    total, folders = 0, [str(path)]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
    return total


@contextmanager
def _plain_file(path: Path) -> Iterator[BinaryIO | None]:
    """The file opened for reading, None where there is nothing of that name. Never follows a link, never waits."""
    try:
        if path.is_symlink():
            raise _damaged(path, "a link")
        # A pipe would wait for a writer; its end as a link that was swapped in meanwhile is an OSError.
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise _damaged(path, "no plain file")
    with open(number, "rb") as file:  # noqa: PTH123 (a descriptor)
        yield file


def _damaged(path: Path, reason: str) -> StorageError:
    return StorageError(
        f"'{path}' is damaged and cannot be read: it is {reason}", "Delete this job and submit it again", code="damaged"
    )


def _remove_level_by_level(path: Path) -> None:
    """Moves what lies in a folder's folders up into it until there is none; paths stay short, and nothing recurses."""
    while folders := [entry for entry in path.iterdir() if entry.is_dir() and not entry.is_symlink()]:
        for folder in folders:
            for entry in folder.iterdir():
                entry.rename(path / uuid.uuid4().hex)
            folder.rmdir()
    shutil.rmtree(path, ignore_errors=True)
