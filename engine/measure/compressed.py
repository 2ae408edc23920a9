"""The bytes of a file after compression, as for a download; not its size on disk."""

from pathlib import Path

import zstandard

LEVEL = 10


def compressed_bytes(path: Path) -> int:
    """Bytes of the file compressed with zstd, in flat memory."""
    compressor = zstandard.ZstdCompressor(level=LEVEL).compressobj()
    with path.open("rb") as stream:
        total = sum(len(compressor.compress(part)) for part in iter(lambda: stream.read(1 << 20), b""))
    return total + len(compressor.flush())
