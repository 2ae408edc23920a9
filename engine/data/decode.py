"""Image files, opened with a fixed list of formats and a cap on their pixels."""

import hashlib
import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from engine.data.listing import ImageFile
from engine.data.preprocess import MAX_PIXELS, resized_size
from engine.errors import DataError

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "AVIF")
MAX_FILE_BYTES = 200_000_000
# What Pillow's decoders raise on damaged files.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    RuntimeError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class FileCheck:
    """Whether a file is a usable image: the SHA-256 of its bytes, or None and the reason."""

    sha256: str | None
    reason: str = ""


def check(file: ImageFile, settings: Mapping[str, Any]) -> FileCheck:
    """Read, hash and decode one file. Raises DataError where its header declares more than MAX_PIXELS.

    A JPEG is decoded at an eighth of its size, which finds damage as well and takes a third of the time.
    """
    try:
        if not file.path.is_file():
            return FileCheck(None, "it is no regular file")
        if file.path.stat().st_size > MAX_FILE_BYTES:
            return FileCheck(None, f"it is larger than {MAX_FILE_BYTES // 10**6} MB")
        content = file.path.read_bytes()
        _decode(content, file.id, settings)
    except UnidentifiedImageError:
        return FileCheck(None, "it is empty" if not content else "it is no image of a known format")
    except _BROKEN as error:
        return FileCheck(None, str(error) or type(error).__name__)
    return FileCheck(hashlib.sha256(content).hexdigest())


def open_image(path: Path) -> Image.Image:
    """The decoded image. Raises DataError where the file is gone or was changed since it was checked."""
    try:
        with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
            image.load()
            return image
    except _BROKEN as error:
        raise DataError(
            f"the image '{path.name}' can no longer be read: {error}", "Leave the images in place while a job runs"
        ) from error


def _decode(content: bytes, id: str, settings: Mapping[str, Any]) -> None:
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(id, "far more") from error
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(id, f"{image.width:,} x {image.height:,}")
    for height, width in ((image.height, image.width), (image.width, image.height)):
        resized_size(height, width, settings)
    image.draft(None, (1, 1))
    image.load()


def _too_large(id: str, pixels: str) -> DataError:
    return DataError(
        f"the image '{id}' claims {pixels} pixels, at most {MAX_PIXELS // 10**6} million are allowed",
        "Make it smaller or leave it out",
    )
