"""Image files, opened with a fixed list of formats and a cap on their pixels."""

import contextlib
import hashlib
import importlib
import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.data import preprocess
from engine.data.file_kinds import heic_is_read, unusable_reason
from engine.data.listing import ImageFile
from engine.data.preprocess import MAX_PIXELS, UnusableImage, convert, resized_size
from engine.errors import DataError

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
_ALWAYS_CONVERTED = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"})
"""Modes of Pillow of which every image can be converted, whatever its values."""
_HEIC_PLUGIN, HEIF = "pillow_heif", "HEIF"


def _formats() -> tuple[str, ...]:
    """The formats that are read: Pillow's, and HEIC where its plugin is installed."""
    with contextlib.suppress(ImportError):
        importlib.import_module(_HEIC_PLUGIN).register_heif_opener()
    return (*preprocess.FORMATS, HEIF) if heic_is_read() else preprocess.FORMATS


FORMATS = _formats()


@dataclass(frozen=True, slots=True)
class FileCheck:
    """Whether a file is a usable image: the SHA-256 of its bytes, or None and the reason; and its size in pixels."""

    sha256: str | None
    reason: str = ""
    transparent: bool = False
    """Whether a pixel of it is transparent."""
    height: int = 0
    width: int = 0


def fitting(check: FileCheck, settings: Mapping[str, Any]) -> FileCheck:
    """The same check; of an image that cannot be resized for these settings, the reason in its place."""
    try:
        if check.sha256 is not None:
            for height, width in ((check.height, check.width), (check.width, check.height)):
                resized_size(height, width, settings)
    except UnusableImage as error:
        return FileCheck(None, str(error))
    return check


def check(file: ImageFile) -> FileCheck:
    """Read, hash and decode one file. Raises DataError where its header declares more than MAX_PIXELS.

    A JPEG is decoded at an eighth of its size, which finds damage as well and takes a third of the time.
    """
    try:
        if not file.path.is_file():
            return FileCheck(None, "it is no regular file")
        if file.path.stat().st_size > MAX_FILE_BYTES:
            return FileCheck(None, f"it is larger than {MAX_FILE_BYTES // 10**6} MB")
        content = file.path.read_bytes()
    except OSError as error:
        return FileCheck(None, f"it cannot be read: {error.strerror}")
    try:
        image, height, width = _decode(content, file.id)
        sha256 = hashlib.sha256(content).hexdigest()
        return FileCheck(sha256, transparent=_is_transparent(image), height=height, width=width)
    except UnusableImage as error:
        return FileCheck(None, str(error))
    except _BROKEN as error:
        return FileCheck(None, unusable_reason(content, file.id, error))


def open_image(path: Path) -> Image.Image:
    """The decoded image. Raises DataError where the file is gone or was changed since it was checked."""
    try:
        with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
            image.load()
            return image
    except _BROKEN as error:
        reason = "it is gone" if isinstance(error, FileNotFoundError) else "its content was changed"
        raise DataError(
            f"the image '{path.name}' can no longer be read: {reason}", "Leave the images in place while a job runs"
        ) from error


def _decode(content: bytes, id: str) -> tuple[Image.Image, int, int]:
    """The image, of a JPEG at an eighth of its size, and the height and width that its header declares."""
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(id, "far more") from error
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(id, f"{image.width:,} x {image.height:,}")
    height, width = image.height, image.width
    image.draft(None, (1, 1))
    image.load()
    if image.mode not in _ALWAYS_CONVERTED:
        convert(image, "RGB")
    return image, height, width


def _is_transparent(image: Image.Image) -> bool:
    if not image.has_transparency_data:
        return False
    return bool((np.asarray(image.convert("RGBA").getchannel("A")) < 255).any())


def _too_large(id: str, pixels: str) -> DataError:
    return DataError(
        f"the image '{id}' claims {pixels} pixels, at most {MAX_PIXELS // 10**6} million are allowed",
        "Make it smaller or leave it out",
    )
