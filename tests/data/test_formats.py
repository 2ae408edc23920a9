"""Every format and mode becomes the pixels that its numbers say, worked out by hand; what is no image is called so."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from engine.data import decode
from engine.data.file_kinds import unusable_reason
from engine.data.listing import ImageFile
from engine.data.preprocess import to_pixels
from engine.settings import Preprocess

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
CORNERS = np.array([[RED, GREEN, GREEN], [BLUE, WHITE, WHITE]], np.uint8).repeat(16, 0).repeat(16, 1)
"""(32, 48, 3): no two of its corners that a turn or a mirror exchanges are the same colour."""
RAMP = np.arange(12).reshape(3, 4)
"""(3, 4): 0 to 11."""


def grey(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.uint8)[..., None].repeat(3, 2)


def chunk(name: bytes, content: bytes) -> bytes:
    body = name + content
    return len(content).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def png(values: np.ndarray, colour_type: int) -> bytes:
    """A PNG of 16 bits a channel, written by hand: values (H, W, C) uint16."""
    height, width = values.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values.reshape(height, -1))
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def tiff(values: np.ndarray, sample_format: int) -> bytes:
    """A TIFF of one strip, written by hand: values (H, W, C); sample format 1 is unsigned, 2 signed, 3 float."""
    height, width, channels = values.shape
    bits, data = values.dtype.itemsize * 8, values.astype(values.dtype.newbyteorder("<")).tobytes()
    n_entries = 10
    extra = 8 + 2 + 12 * n_entries + 4
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, channels, bits if channels == 1 else extra), (259, 3, 1, 1),
        (262, 3, 1, 2 if channels == 3 else 1), (273, 4, 1, extra + 12), (277, 3, 1, channels), (278, 4, 1, height),
        (279, 4, 1, len(data)), (339, 3, channels, sample_format if channels == 1 else extra + 6),
    ]  # fmt: skip
    directory = struct.pack("<H", n_entries) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + b"\0" * 4
    both = struct.pack("<6H", *[bits] * 3, *[sample_format] * 3)
    return b"II*\0" + struct.pack("<I", 8) + directory + both + data


def pixels(path: Path, height: int, width: int) -> np.ndarray:
    """(H, W, 3) uint8 of a file, without resizing."""
    settings = Preprocess(size=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3, resize="squash").model_dump()
    settings["size"] = (height, width)
    assert decode.check(ImageFile(path, path.name)).reason == ""
    return to_pixels(decode.open_image(path), settings)


WORDS = (RAMP * 5000 + 255).astype(np.uint16)
COLOURS = np.stack([WORDS, WORDS[::-1], WORDS[:, ::-1]], 2)
ALPHA = np.array([[0, 30_000, 65_535, 7]] * 3, np.uint16)[..., None]
HAND_MADE = {
    "grey.png": (png(WORDS[..., None], 0), grey(WORDS // 256)),
    "grey-alpha.png": (png(np.concatenate([WORDS[..., None], ALPHA], 2), 4), grey(WORDS // 256)),
    "rgb.png": (png(COLOURS, 2), COLOURS // 256),
    "rgba.png": (png(np.concatenate([COLOURS, ALPHA], 2), 6), COLOURS // 256),
    "grey.tif": (tiff(WORDS[..., None], 1), grey(WORDS // 256)),
    "rgb.tif": (tiff(COLOURS, 1), COLOURS // 256),
    "float-1.tif": (tiff((RAMP / 11).astype(np.float32)[..., None], 3), grey(np.rint(RAMP * 255 / 11))),
    "float-over-1.tif": (tiff((RAMP / 10 - 0.04).astype(np.float32)[..., None], 3),
                         grey(np.rint(np.clip(RAMP * 25.5 - 10.2, 0, 255)))),
    "float-255.tif": (tiff((RAMP * 23.2).astype(np.float32)[..., None], 3), grey(np.rint(RAMP * 23.2))),
    "int-8.tif": (tiff((RAMP * 20).astype(np.int32)[..., None], 2), grey(RAMP * 20)),
    "int-16.tif": (tiff((RAMP * 5000).astype(np.int32)[..., None], 2), grey(RAMP * 5000 // 256)),
    "bits.pbm": (b"P1\n4 3\n1 0 1 0\n0 0 0 0\n1 1 1 1\n", grey([[0, 255] * 2, [255] * 4, [0] * 4])),
    "grey.pgm": (b"P5 4 3 255\n" + RAMP.astype(np.uint8).tobytes(), grey(RAMP)),
    "dark-16.pgm": (b"P5 4 3 65535\n" + (RAMP * 20).astype(">u2").tobytes(), grey(RAMP * 0)),
    "grey-10.pgm": (b"P5 4 3 1023\n" + (RAMP * 90).astype(">u2").tobytes(), grey(RAMP * 90 * 65535 / 1023 // 256)),
    "rgb.ppm": (b"P6 4 3 255\n" + (COLOURS // 256).astype(np.uint8).tobytes(), COLOURS // 256),
}  # fmt: skip


@pytest.mark.parametrize("name", HAND_MADE)
def test_files_of_more_than_8_bits_and_of_few_are_scaled_to_8(tmp_path, name):
    content, expected = HAND_MADE[name]
    (tmp_path / name).write_bytes(content)
    assert np.array_equal(pixels(tmp_path / name, 3, 4), expected)


@pytest.mark.parametrize("options", [
    {"format": "PNG"}, {"format": "BMP"}, {"format": "TIFF"}, {"format": "PPM"}, {"format": "WEBP", "lossless": True},
    {"format": "JPEG2000"}, {"format": "GIF"}, {"format": "TIFF", "compression": "tiff_lzw"},
    {"format": "AVIF", "quality": 100, "subsampling": "4:4:4"}, {"format": "JPEG", "quality": 100, "subsampling": 0},
], ids=lambda options: options["format"])  # fmt: skip
def test_every_format_gives_its_colours(tmp_path, options):
    Image.fromarray(CORNERS).save(tmp_path / "image", **options)
    loss = 4 if options["format"] in ("JPEG", "AVIF") else 0
    assert np.abs(pixels(tmp_path / "image", 32, 48).astype(int) - CORNERS).max() <= loss


@pytest.mark.parametrize("options", [
    {"format": "GIF"}, {"format": "PNG"}, {"format": "WEBP", "lossless": True}, {"format": "TIFF"},
    {"format": "MPO", "quality": 100, "subsampling": 0},
], ids=lambda options: options["format"])  # fmt: skip
def test_of_several_frames_the_first_is_seen(tmp_path, options):
    first, second = Image.fromarray(CORNERS), Image.fromarray(255 - CORNERS)
    first.save(tmp_path / "image", save_all=True, append_images=[second], **options)
    with Image.open(tmp_path / "image") as image:
        assert image.n_frames == 2
    assert np.abs(pixels(tmp_path / "image", 32, 48).astype(int) - CORNERS).max() <= 4


TURNED = {
    1: CORNERS, 2: CORNERS[:, ::-1], 3: CORNERS[::-1, ::-1], 4: CORNERS[::-1], 5: CORNERS.transpose(1, 0, 2),
    6: np.rot90(CORNERS, 1), 7: CORNERS[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(CORNERS, -1),
}  # fmt: skip
"""The stored pixels whose upright image is CORNERS, by the number in EXIF: 6 is turned clockwise to be seen upright."""


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_a_photo_is_seen_upright_however_the_camera_was_held(tmp_path, orientation, format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"lossless": True} if format == "WEBP" else {"quality": 100} if format in ("JPEG", "AVIF") else {}
    Image.fromarray(np.ascontiguousarray(TURNED[orientation])).save(tmp_path / "image", format, exif=exif, **lossless)
    ours = pixels(tmp_path / "image", 32, 48)[8::16, 8::16].astype(int)
    assert np.abs(ours - CORNERS[8::16, 8::16]).max() <= 4


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_heic_is_read_where_its_plugin_is_installed(tmp_path, orientation):
    """As with requirements-dev.txt."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(TURNED[orientation]))
    stored.save(tmp_path / "photo.heic", "HEIF", quality=100, chroma=444, exif=exif.tobytes())
    ours = pixels(tmp_path / "photo.heic", 32, 48)[8::16, 8::16].astype(int)
    assert np.abs(ours - CORNERS[8::16, 8::16]).max() <= 4


def test_a_float_photo_that_is_turned_keeps_its_values(tmp_path):
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[274] = 3
    Image.fromarray((RAMP / 11).astype(np.float32)).save(tmp_path / "image.tif", tiffinfo=info)
    assert np.array_equal(pixels(tmp_path / "image.tif", 3, 4), grey(np.rint(RAMP * 255 / 11))[::-1, ::-1])


def test_colours_beneath_transparent_pixels_are_what_the_model_sees(tmp_path):
    """As with the loaders of timm and torchvision, for a palette too."""
    colours, alpha = CORNERS[::16, ::16], np.array([[0, 128, 255], [255, 0, 1]], np.uint8)
    Image.fromarray(np.dstack([colours, alpha])).save(tmp_path / "rgba.png")
    palette = Image.fromarray(np.array([[0, 1, 1], [2, 3, 3]], np.uint8), "P")
    palette.putpalette([*RED, *GREEN, *BLUE, *WHITE])
    palette.save(tmp_path / "palette.png", transparency=bytes([0, 128, 255, 7]))
    palette.save(tmp_path / "palette.gif", transparency=1)
    Image.fromarray(np.dstack([RAMP.astype(np.uint8), RAMP.astype(np.uint8)]), "LA").save(tmp_path / "grey.png")
    for name in ("rgba.png", "palette.png", "palette.gif"):
        assert np.array_equal(pixels(tmp_path / name, 2, 3), colours)
    assert np.array_equal(pixels(tmp_path / "grey.png", 3, 4), grey(RAMP))


def test_cmyk_is_the_light_that_its_inks_leave(tmp_path):
    """(1 - ink) (1 - black) of white, in a TIFF as it is and in a JPEG with the values turned round, as Adobe does."""
    inks = np.zeros((32, 48, 4), np.uint8)
    inks[:, 16:, 0], inks[16:, :, 3], inks[:, 32:, 1] = 200, 51, 100
    expected = np.rint((255.0 - inks[..., :3]) * (255.0 - inks[..., 3:]) / 255)
    for name, options in {"inks.tif": {}, "inks.jpg": {"quality": 100, "subsampling": 0}}.items():
        Image.fromarray(inks, "CMYK").save(tmp_path / name, **options)
        difference = np.abs(pixels(tmp_path / name, 32, 48).astype(float) - expected)
        assert difference[8::16, 8::16].max() <= (3 if options else 1)


def reason(path: Path) -> str:
    return decode.check(ImageFile(path, path.name)).reason


@pytest.mark.parametrize(("values", "words"), [
    (RAMP - 1000.0, "its values run from -1000 to -989, and pictures have 0 to 1 or 0 to 255"),
    (RAMP * 1000.0, "its values run from 0 to 1.1e+04"),
    (RAMP * np.nan, "its values run from nan to nan"),
    (RAMP - 5, "its values run from -5 to 6, and pictures have 0 to 255 or 0 to 65,535"),
    (RAMP * 100_000, "its values run from 0 to 1,100,000"),
])  # fmt: skip
def test_values_of_no_picture_are_refused_with_their_range(tmp_path, values, words):
    values = values.astype(np.float32 if values.dtype.kind == "f" else np.int32)
    Image.fromarray(values).save(tmp_path / "image.tif")
    assert reason(tmp_path / "image.tif").startswith(words)


def test_lab_is_the_colour_that_it_names(tmp_path):
    """Lightness 100 and none of a and b is white; 54 with a of 81 and b of 70 is sRGB's red (CIE 1976, white of D50).

    Pillow keeps a and b with 128 added.
    """
    for name, values, expected in (("white", (255, 128, 128), WHITE), ("red", (138, 209, 198), RED)):
        Image.new("LAB", (4, 4), values).save(tmp_path / f"{name}.tif")
        seen = pixels(tmp_path / f"{name}.tif", 4, 4).astype(int)
        assert np.abs(seen - expected).max() <= 8


def heic(brand: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + brand + bytes(8) + b"mif1heic" + bytes(range(256))


@pytest.mark.parametrize(("name", "content", "words"), [
    ("a.jpg", b"", "it is empty"),
    ("a.jpg", bytes(300), "it holds 300 zero bytes and nothing else"),
    ("a.png", b"just a note", "it is a text and no image"),
    ("a.png", "Größe: ein Vermerk\n".encode() * 300, "it is a text and no image"),
    ("a.jpg", b"<!DOCTYPE html><title>404</title>", "it is an HTML page in place of the image: download"),
    ("a.jpg", b"\n<!-- x -->\n<HTML>", "it is an HTML page"),
    ("a.svg", b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "it is an SVG drawing"),
    ("a.svg", b"<svg/>" + b" " * 9, "it is an SVG drawing"),
    ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n", "it is a PostScript drawing: export it as PNG or JPEG"),
    ("a.pdf", b"%PDF-1.7\n", "it is a PDF"),
    ("a.psd", b"8BPS\0\1" + bytes(40), "it is a Photoshop file"),
    ("a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n", "it is a JPEG XL image, which is not read"),
    ("a.mp4", b"\0\0\0\x18ftypisom" + bytes(20), "it is a video"),
    ("a.zip", b"PK\x03\x04" + bytes(20), "it is a zip archive"),
    ("a.dcm", b"\1" * 128 + b"DICM", "it is a DICOM file"),
    ("a.png", b"version https://git-lfs.github.com/spec/v1\noid", "it is a Git LFS pointer"),
    ("a.heic", heic(b"heic"), "it is a HEIC photo, which needs a plugin of Pillow that is not installed here: "
     "install the package pillow-heif, or convert it to JPEG"),
    ("a.heic", heic(b"mif1"), "it is a HEIC photo"),
    ("a.avif", heic(b"avif"), "it is a damaged AVIF file"),
    ("a.xyz", b"\1\2\3\4" * 9, "it is no image of a known format (its name ends in .xyz)"),
    ("noending", b"\1\2\3\4" * 9, "it is no image of a known format"),
    ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(9), "it is a truncated PNG file: it ends after 17 bytes"),
    ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(9) + b"\xff\xd9", "it is a damaged JPEG file"),
    ("a.tif", b"II*\0\xff\xff\xff\xff", "it is a "),
    ("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n", "it is a damaged JPEG 2000 file"),
    ("a.ppm", b"P6 4 4 255\n123", "it is a truncated PPM file"),
])  # fmt: skip
def test_what_is_no_image_is_called_by_its_kind(tmp_path, monkeypatch, name, content, words):
    """Where no plugin for HEIC is installed."""
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    monkeypatch.setattr(decode, "FORMATS", tuple(format for format in decode.FORMATS if format != "HEIF"))
    (tmp_path / name).write_bytes(content)
    assert reason(tmp_path / name).startswith(words)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "PPM", "AVIF", "JPEG2000"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_was_cut_off_is_told_in_our_words(tmp_path, format, share):
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "image", format)
    whole = (tmp_path / "image").read_bytes()
    (tmp_path / "image").write_bytes(whole[: int(share * len(whole))])
    name = {"WEBP": "WebP", "JPEG2000": "JPEG 2000"}.get(format, format)
    assert reason(tmp_path / "image").startswith((f"it is a truncated {name} file", f"it is a damaged {name} file"))


def test_bytes_that_were_changed_are_damage(tmp_path):
    Image.fromarray(CORNERS).save(tmp_path / "image.png")
    content = bytearray((tmp_path / "image.png").read_bytes())
    content[50] ^= 255
    (tmp_path / "image.png").write_bytes(content)
    assert reason(tmp_path / "image.png") == "it is a damaged PNG file: its picture cannot be decoded"


def test_no_reason_is_in_pillows_words():
    error = OSError("cannot identify image file <_io.BytesIO object at 0x7f>")
    assert "io." not in unusable_reason(b"\1\2\3", "a.png", error)
