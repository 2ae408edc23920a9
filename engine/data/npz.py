"""An .npz as numpy's savez writes it: checked before it is read, unpacked, and mapped from disk."""

import shutil
import stat
import tempfile
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.extraction import FREE_BYTES
from engine.data.zip_file import METHODS
from engine.errors import DataError

MAX_ARRAYS = 1000
MAX_BYTES = 4_000_000_000
_CHUNK = 1 << 20
_MAX_LETTERS = 80
_SAVE = "Save the arrays with numpy.savez(path, name=array), one for each input of the model"
_NUMBERS = "Save an array of numbers; Python objects (pickles) are never loaded, since they can run code"
# A damaged zip, or (RuntimeError) an encrypted one.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError)
# What numpy raises, beside ValueError, for a header that is no header of an array.
_NO_HEADER = (TypeError, LookupError, SyntaxError, tokenize.TokenError, ArithmeticError, RecursionError, MemoryError)


def open_arrays(path: Path, work: Path | None) -> dict[str, NDArray[np.generic]]:
    """The arrays of an .npz by name, read-only and mapped from a copy on disk that goes with them.

    The copy is made below `work` (None: the system's temporary folder). No pickle is read. Raises DataError.
    """
    _check_file(path)
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory(prefix="arrays-", dir=work) as folder:
            entries = _check_entries(archive, Path(folder))
            files = {name: Path(folder, f"{number}.npy") for number, name in enumerate(entries)}
            for name, entry in entries.items():
                with archive.open(entry) as source, files[name].open("xb") as file:
                    shutil.copyfileobj(source, file, _CHUNK)
            # A mapped file stays readable after its name is gone, and its bytes are freed with the last array.
            return {name: _map(name, file) for name, file in files.items()}
    except _UNREADABLE as error:
        raise DataError(f"'{path.name}' cannot be read: {error}", _SAVE) from error


def shown(name: str) -> str:
    """The name of an array for messages: printable, and not too long."""
    printable = name if name.isprintable() else ascii(name)[1:-1]
    return printable if len(printable) <= _MAX_LETTERS else f"{printable[: _MAX_LETTERS - 3]}..."


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise DataError(f"'{path.name}' is no file", _SAVE)
        with path.open("rb") as file:
            head = file.read(6)
    except (OSError, ValueError) as error:
        raise DataError(f"the arrays '{str(path)[:200]}' cannot be read: {error}", "Check the path") from error
    if head == np.lib.format.MAGIC_PREFIX:
        raise DataError(f"'{path.name}' is one array without the name of an input", _SAVE)
    if not zipfile.is_zipfile(path):
        raise DataError(f"'{path.name}' is no .npz file", _SAVE)


def _check_entries(archive: zipfile.ZipFile, folder: Path) -> dict[str, zipfile.ZipInfo]:
    """The entries by the names of their arrays. What an entry declares is the most that zipfile reads of it."""
    infos = archive.infolist()
    if len(infos) > MAX_ARRAYS:
        raise DataError(f"the file has {len(infos):,} arrays, at most {MAX_ARRAYS:,} are allowed", _SAVE)
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.filename.removesuffix(".npy")
        if name == info.filename:
            raise DataError(f"the file holds '{shown(name)}', which is no array of numpy (.npy)", _SAVE)
        if name in entries:
            raise DataError(f"the file holds the array '{shown(name)}' twice", _SAVE)
        if info.compress_type not in METHODS:
            raise DataError(f"the array '{shown(name)}' is compressed in a way that numpy never uses", _SAVE)
        entries[name] = info
    n_bytes = sum(info.file_size for info in infos)
    if n_bytes > MAX_BYTES:
        raise DataError(
            f"the arrays have {n_bytes / 1e9:.1f} GB, at most {MAX_BYTES / 1e9:.0f} GB are allowed",
            "Use fewer examples",
        )
    if n_bytes + FREE_BYTES > shutil.disk_usage(folder).free:
        raise DataError(
            f"the arrays unpack to {n_bytes / 1e9:.1f} GB, and the disk has not that much left",
            "Free some disk space",
        )
    return entries


def _map(name: str, file: Path) -> NDArray[np.generic]:
    """The array in a .npy file. Raises DataError for one of Python objects, and for what is no array."""
    try:
        # Unlike numpy.load, it looks for nothing but an array, and refuses Python objects, which are pickles.
        with np.errstate(over="ignore"):  # of a size that numpy compares with the file afterwards
            array: NDArray[np.generic] = np.lib.format.open_memmap(file, mode="r")
    except (*_NO_HEADER, ValueError) as error:
        raise DataError(f"the array '{shown(name)}' cannot be read: {error}", _NUMBERS) from error
    return array
