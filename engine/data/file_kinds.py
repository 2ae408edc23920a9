"""What a file is that cannot be used as an image, from its bytes, in words that say what to do about it."""

import re

from PIL import Image, features

_CONVERT = "export it as PNG or JPEG"
_KNOWN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"BM", "BMP"),
)
"""Where a file of a format that is read has which bytes."""
_OTHER: tuple[tuple[int, bytes, str], ...] = (
    (0, b"8BPS", f"a Photoshop file: {_CONVERT}"),
    (0, b"\0\0\0\x0cJXL ", f"a JPEG XL image, which is not read: {_CONVERT}"),
    (0, b"\xff\x0a", f"a JPEG XL image, which is not read: {_CONVERT}"),
    (0, b"\0\0\x01\0", f"an icon: {_CONVERT}"),
    (0, b"v/1\x01", f"an OpenEXR image, which is not read: {_CONVERT}"),
    (0, b"#?RADIANCE", f"a Radiance HDR image, which is not read: {_CONVERT}"),
    (0, b"II\x55\0", f"a raw photo of a camera: {_CONVERT}"),
    (0, b"IIRO", f"a raw photo of a camera: {_CONVERT}"),
    (0, b"FUJIFILM", f"a raw photo of a camera: {_CONVERT}"),
    (128, b"DICM", f"a DICOM file: {_CONVERT}"),
    (0, b"%PDF", f"a PDF: {_CONVERT}"),
    (0, b"%!PS", f"a PostScript drawing: {_CONVERT}"),
    (0, b"PK\x03\x04", "a zip archive or an office document: unpack it"),
    (0, b"\x1f\x8b", "compressed with gzip: unpack it"),
    (0, b"Rar!", "a RAR archive: unpack it"),
    (0, b"7z\xbc\xaf", "a 7z archive: unpack it"),
    (0, b"\x93NUMPY", "an array of numpy: save its pixels as PNG"),
    (0, b"PAR1", "a parquet file"),
    (0, b"version https://git-lfs", "a Git LFS pointer in place of the image: fetch it with git lfs pull"),
    (8, b"AVI ", "a video: export its frames as PNG or JPEG"),
    (0, b"\x1aE\xdf\xa3", "a video: export its frames as PNG or JPEG"),
)
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_SVG = re.compile(rb"<svg[\s/>]", re.IGNORECASE)
_PAGE = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html)", re.IGNORECASE | re.DOTALL)
_CUT = re.compile(r"truncated|premature|not enough|unexpected end|end of file|broken data stream", re.IGNORECASE)
_TEXT_SAMPLE = 2000


def unusable_reason(content: bytes, name: str, error: Exception) -> str:
    """Why these bytes of a file of this name are no usable image, where decoding them ended with `error`."""
    if not content:
        return "it is empty"
    if not content.strip(b"\0"):
        return f"it holds {len(content):,} zero bytes and nothing else"
    format = _format(content)
    if format is not None:
        return _missing_reader(format) or _damage(content, format, error)
    kind = _kind(content)
    return f"it is {kind}" if kind else f"it is no image of a known format{_ending(name)}"


def _format(content: bytes) -> str | None:
    """The format that is read whose files begin so, or None."""
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        return "AVIF" if brand in _AVIF_BRANDS else "HEIC" if brand in _HEIC_BRANDS else None
    if re.match(rb"P[1-7fF]\s", content):
        return "PPM"
    return next((format for offset, magic, format in _KNOWN if content.startswith(magic, offset)), None)


def _missing_reader(format: str) -> str | None:
    """The reason where Pillow here cannot read the format at all."""
    if format == "HEIC" and not heic_is_read():
        return (
            "it is a HEIC photo, which needs a plugin of Pillow that is not installed here: install the package "
            "pillow-heif, or convert it to JPEG"
        )
    needs = {"AVIF": "avif", "JPEG 2000": "jpg_2000", "WebP": "webp"}.get(format)
    if needs is not None and not features.check(needs):
        return f"it is {_a(format)} image, which Pillow was installed without: convert it to PNG or JPEG"
    return None


def heic_is_read() -> bool:
    """Whether a plugin of Pillow reads HEIC; `engine.data.decode` registers it."""
    return "HEIF" in Image.OPEN


def _damage(content: bytes, format: str, error: Exception) -> str:
    end = content[-1024:]
    has_no_end = {
        "JPEG": b"\xff\xd9" not in end,
        "PNG": b"IEND" not in end,
        "GIF": not content.rstrip(b"\0").endswith(b";"),
        "WebP": int.from_bytes(content[4:8], "little") + 8 > len(content),
    }
    if has_no_end.get(format, bool(_CUT.search(str(error)))):
        return f"it is a truncated {format} file: it ends after {len(content):,} bytes, before the picture does"
    return f"it is a damaged {format} file: its picture cannot be decoded"


def _kind(content: bytes) -> str:
    """What a file of a format that is not read is; empty where that is not known."""
    if content[4:8] == b"ftyp":
        return "a video: export its frames as PNG or JPEG"
    other = next((text for offset, magic, text in _OTHER if content.startswith(magic, offset)), None)
    if other is not None:
        return other
    start = content[:_TEXT_SAMPLE]
    if _PAGE.match(start):
        return "an HTML page in place of the image: download the image again"
    if _SVG.search(start):
        return f"an SVG drawing, which has no pixels: {_CONVERT}"
    return "a text and no image" if _is_text(start) else ""


def _is_text(start: bytes) -> bool:
    try:
        text = start.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3 or len(start) < _TEXT_SAMPLE:
            return False
        text = start[: error.start].decode("utf-8-sig")
    return all(letter.isprintable() or letter in "\n\r\t" for letter in text)


def _ending(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return f" (its name ends in .{ending})" if stem and dot and len(ending) <= 10 and ending.isalnum() else ""


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "AEIO" else f"a {noun}"
