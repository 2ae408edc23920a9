"""What each file of a source was found to be, kept in the home's cache: the next job reads only what is new or changed.

A file of the user's folder is the same as long as its path, size, time of change and time of its entry's change are. A
file out of an archive or of Parquet files is the same as long as the SHA-256 of these is. About 200 bytes a file.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from engine.data.content import Content
from engine.data.decode import FORMATS, FileCheck, check
from engine.data.listing import ImageFile
from engine.data.pool import digest
from engine.data.reading import ReadProgress, in_threads
from engine.data.tree import relative_id
from engine.store.cache import Cache
from engine.store.uploads import file_sum
from engine.system.machine import versions
from engine.wording import many

Stamp = tuple[int, int, int]
"""Size in bytes, and the times of the last change of content and of entry in ns; both 0 in what was unpacked."""
RECENT_NS = 2_000_000_000
"""Files that changed so shortly before they were read are read again: a later change may have the same time."""
_FILE = "checks.jsonl"


@contextmanager
def checked_files(
    content: Content, files: Sequence[ImageFile], cache: Cache | None, on_progress: ReadProgress
) -> Iterator[list[FileCheck]]:
    """What each file is, from the cache where it holds that; what is new is kept once the images were accepted.

    Raises DataError for an image with too many pixels.
    """
    if cache is None:
        yield list(_checked(files, on_progress))
        return
    is_packed, key = bool(content.packed), _key(content)
    began, stamps = time.time_ns(), [_stamp(file.path, is_packed) for file in files]
    names, known = [_name(file, content) for file in files], _read(cache, key)
    new = [index for index, stamp in enumerate(stamps) if stamp is None or _lookup(known, names[index], stamp) is None]
    checks = dict(zip(new, _checked([files[index] for index in new], on_progress), strict=True))
    results = [checks[index] if index in checks else known[name][1] for index, name in enumerate(names)]
    yield results  # images that are refused within leave nothing behind
    if new:
        rows = (
            (name, stamp, result)
            for name, stamp, result in zip(names, stamps, results, strict=True)
            if stamp is not None and stamp[1] < began - RECENT_NS
        )
        cache.remove(key)
        with suppress(OSError):  # on a full disk the next job reads the files again
            cache.put(key, partial(_write, rows=rows))


def _checked(files: Sequence[ImageFile], on_progress: ReadProgress) -> Iterator[FileCheck]:
    total = many(len(files), "image")
    return in_threads(check, files, lambda n: on_progress(n / len(files), f"{n:,} of {total} read"))


def _key(content: Content) -> str:
    """The key of the index: of an archive's bytes, or of a folder's path; and of what reads the files."""
    packed = [(path.name, file_sum(path)) for path in content.packed]
    return digest(["checks", packed or str(content.root.absolute()), FORMATS, versions()])


def _name(file: ImageFile, content: Content) -> str:
    """The path of a file within what the index is of."""
    inside_scratch = content.scratch is not None and file.path.is_relative_to(content.scratch)
    return relative_id(file.path, content.scratch if inside_scratch and content.scratch else content.root)


def _stamp(path: Path, is_packed: bool) -> Stamp | None:
    """What tells a changed file from the same one; None where it cannot be read."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_size, 0, 0) if is_packed else (status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _lookup(known: Mapping[str, tuple[Stamp, FileCheck]], name: str, stamp: Stamp) -> FileCheck | None:
    before = known.get(name)
    return before[1] if before is not None and before[0] == stamp else None


def _write(folder: Path, rows: Iterable[tuple[str, Stamp, FileCheck]]) -> None:
    with (folder / _FILE).open("w", encoding="ascii") as file:
        for name, stamp, one in rows:
            row = [name, stamp, one.sha256, one.reason, one.transparent, one.height, one.width]
            file.write(f"{json.dumps(row)}\n")


def _read(cache: Cache, key: str) -> dict[str, tuple[Stamp, FileCheck]]:
    """What the cache holds, by the file's name: empty where it holds nothing, or where that was removed meanwhile."""
    entry = cache.get(key)
    if entry is None:
        return {}
    try:
        with (entry / _FILE).open(encoding="ascii") as lines:
            rows = (json.loads(line) for line in lines)
            return {name: ((stamp[0], stamp[1], stamp[2]), FileCheck(*values)) for name, stamp, *values in rows}
    except OSError:
        return {}
