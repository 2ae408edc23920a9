"""A tar, plain or compressed by gzip or zstd, unpacked while it streams, each entry checked before it is written."""

import gzip
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Self

import zstandard

from engine.data.extraction import MAX_BYTES, MAX_RATIO, RATIO_FROM_BYTES, Extraction, Readable
from engine.data.reading import ReadProgress
from engine.errors import DataError
from engine.wording import many

UNREADABLE = (
    tarfile.TarError,
    zlib.error,
    zstandard.ZstdError,
    EOFError,
    ValueError,
    OverflowError,
    RuntimeError,
    OSError,
)
_MAX_HEADER_BYTES = 1_000_000
"""Of a long name or a set of attributes, which tarfile reads into memory as a whole."""
_MAX_WINDOW = 1 << 27
_HEADER_TYPES = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_BUFFER = 1 << 18


def _gunzip(file: BinaryIO) -> Readable:
    return gzip.GzipFile(fileobj=file)


def _unzstd(file: BinaryIO) -> Readable:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
    return decompressor.stream_reader(file, read_across_frames=True)


def _as_it_is(file: BinaryIO) -> Readable:
    return file


DECOMPRESSORS: dict[bytes, Callable[[BinaryIO], Readable]] = {b"\x1f\x8b": _gunzip, b"\x28\xb5\x2f\xfd": _unzstd}
"""By the first bytes of a compressed tar."""


def extract_tar(path: Path, extraction: Extraction, on_progress: ReadProgress) -> None:
    """Unpack a tar, whose number of entries is known at its end only. Raises DataError, and one of UNREADABLE."""
    n_entries, size = 0, path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        openers = [opener for magic, opener in DECOMPRESSORS.items() if head.startswith(magic)]
        stream = _Metered((openers or [_as_it_is])[0](file), size)
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_BUFFER, tarinfo=_CheckedHeader) as archive:  # type: ignore[call-overload]
            while (entry := archive.next()) is not None:
                extraction.quota.take_entries(1, "tar")
                _extract(archive, entry, extraction)
                archive.members.clear()  # it would remember every entry
                n_entries += 1
                on_progress(min(1.0, file.tell() / size), f"{many(n_entries, 'entry', 'entries')} unpacked")


def _extract(archive: tarfile.TarFile, entry: tarfile.TarInfo, extraction: Extraction) -> None:
    if not (entry.isdir() or entry.isreg()):
        raise extraction.error(entry.name, "is a link or a device, not a file")
    if entry.issparse():
        raise extraction.error(entry.name, "is stored as a sparse file")
    path = extraction.accept(entry.name, is_folder=entry.isdir())
    source = None if path is None else archive.extractfile(entry)
    if path is not None and source is not None:
        extraction.write(entry.name, path, source, entry.size, None)


class _CheckedHeader(tarfile.TarInfo):
    """A header of a tar, refused where tarfile would end there without a word, or read too much into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if isinstance(error, tarfile.EOFHeaderError):  # type: ignore[attr-defined]
                raise
            raise tarfile.ReadError(f"it is damaged or incomplete ({error})") from error
        if header.size < 0 or (header.type in _HEADER_TYPES and header.size > _MAX_HEADER_BYTES):
            raise tarfile.ReadError(f"an entry's header declares {header.size:,} bytes")
        return header


class _Metered:
    """The bytes of a tar, counted as they come out of a compressed file of `compressed` bytes."""

    def __init__(self, source: Readable, compressed: int) -> None:
        self._source, self._compressed, self._size = source, compressed, 0

    def read(self, size: int = -1, /) -> bytes:
        """Raises DataError where more comes out than may."""
        content = self._source.read(size)
        self._size += len(content)
        if self._size > max(RATIO_FROM_BYTES, MAX_RATIO * self._compressed):
            raise DataError(
                f"the tar unpacks to more than {MAX_RATIO} times its size",
                "Make a tar of the folder of images, with nothing but folders and images in it",
            )
        if self._size > 2 * MAX_BYTES:
            raise DataError(f"the tar holds over {2 * MAX_BYTES / 1e9:.0f} GB", "Use fewer or smaller images")
        return content
