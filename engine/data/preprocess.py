"""From an image to a model's input, step for step as timm's evaluation transform does it.

This file needs numpy and Pillow alone, so that a deployment bundle can carry it as it is. `settings` is the mapping
that Preprocess.model_dump() gives: size (height, width), mean, std, scale, interpolation, crop_pct, resize, channels.
"""

import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

MAX_PIXELS = 100_000_000
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "AVIF", "JPEG2000")
"""The only formats that are opened: of Pillow's others one (EPS) starts another program, Ghostscript."""
LETTERBOX_GREY = 114
"""What Ultralytics pads with: LetterBox in ultralytics/data/augment.py."""
# What Pillow raises on damaged EXIF.
_BAD_EXIF = (SyntaxError, ValueError, OSError, LookupError, TypeError, AttributeError, ArithmeticError, struct.error)
_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class UnusableImage(ValueError):
    """An image that cannot become a model's input, with the reason as a plain phrase."""


def prepare(image: Image.Image, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """The model's input of one image: (C, H, W) float32, normalised. Raises UnusableImage as `to_pixels` does."""
    return normalise(to_pixels(image, settings), settings)


def to_pixels(image: Image.Image, settings: Mapping[str, Any]) -> NDArray[np.uint8]:
    """The image upright, converted, resized and cropped: (H, W, C) uint8, channels in the model's order.

    Raises UnusableImage where it cannot be converted, and where it is so long and thin that it would have more than
    MAX_PIXELS after resizing.
    """
    order = channel_order(settings)
    image = convert(upright(image), "L" if order == "gray" else "RGB")
    height, width = resized_size(image.height, image.width, settings)
    if (image.height, image.width) != (height, width):
        image = image.resize((width, height), _FILTERS[settings["interpolation"]])
    if settings["resize"] == "letterbox":
        image = _letterbox(image, *_uncropped_size(settings))
    pixels = np.atleast_3d(np.asarray(_centre_crop(image, *settings["size"])))
    return np.ascontiguousarray(pixels[..., ::-1] if order == "bgr" else pixels)


def upright(image: Image.Image) -> Image.Image:
    """The image rotated as its EXIF says; unchanged where that cannot be read."""
    try:
        turned = ImageOps.exif_transpose(image)
    except _BAD_EXIF:
        return image
    turned.format = image.format  # which a copy has not, and `convert` asks for
    return turned


def normalise(pixels: NDArray[np.uint8], settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """(..., H, W, C) uint8 -> (..., C, H, W) float32: divided by scale, minus mean, divided by std, as torch does."""
    mean, std = (np.asarray(settings[name], np.float32)[:, None, None] for name in ("mean", "std"))
    values = np.moveaxis(pixels, -1, -3).astype(np.float32, order="C")
    values /= np.float32(settings["scale"])  # in place: new memory would take longer than the arithmetic
    values -= mean
    values /= std
    return values


def channel_order(settings: Mapping[str, Any]) -> str:
    """rgb, bgr or gray; by default, gray for one channel and rgb for three."""
    return str(settings.get("channels") or ("gray" if len(settings["mean"]) == 1 else "rgb"))


def convert(image: Image.Image, mode: str) -> Image.Image:
    """The image in mode L or RGB as Pillow converts it, which is what timm's and torchvision's loaders do.

    Transparency is dropped: what is seen are the colours stored beneath it, also those of a palette. CMYK and YCbCr
    become RGB without a colour profile. Pillow clips values of more than 8 bits to white; here they are scaled first,
    as `to_bytes` has it (of colours with 16 bits a channel Pillow itself keeps the upper byte).

    Raises UnusableImage for values that are those of no picture.
    """
    if image.mode.startswith(("I", "F")):
        image = Image.fromarray(to_bytes(np.asarray(image), is_16_bit=image.mode != "I" or image.format == "PPM"))
    return image if image.mode == mode else image.convert(mode)


def to_bytes(values: NDArray[Any], *, is_16_bit: bool) -> NDArray[np.uint8]:
    """(H, W) values of more than 8 bits as uint8.

    Of 16-bit integers the upper byte is kept; other integers are taken for 8-bit where none is over 255, and for 16-bit
    where none is over 65,535. Floats are taken for 0 to 1, or for 0 to 255 where one is over 1.5, and are rounded; what
    overshoots is clipped, as resizing may leave it. Raises UnusableImage for other values.
    """
    low, high = values.min(), values.max()
    if values.dtype.kind == "f":
        scale = 1.0 if high <= 1.5 else 255.0
        if not (np.isfinite(low) and np.isfinite(high)) or low < -0.5 * scale or high > 1.5 * scale:
            raise UnusableImage(f"its values run from {low:.4g} to {high:.4g}, and pictures have 0 to 1 or 0 to 255")
        return np.rint(np.clip(values / scale, 0, 1) * 255).astype(np.uint8)
    if low < 0 or high > 65_535:
        raise UnusableImage(f"its values run from {low:,} to {high:,}, and pictures have 0 to 255 or 0 to 65,535")
    return (values >> 8 if is_16_bit or high > 255 else values).astype(np.uint8)


def resized_size(height: int, width: int, settings: Mapping[str, Any]) -> tuple[int, int]:
    """Height and width before the centre crop, rounded as timm and torchvision round them.

    Raises UnusableImage where that would have more than MAX_PIXELS.
    """
    target = _uncropped_size(settings)
    if settings["resize"] == "squash":
        resized = target
    elif settings["resize"] == "letterbox":
        ratio = min(target[0] / height, target[1] / width)
        resized = (max(1, round(height * ratio)), max(1, round(width * ratio)))
    elif target[0] == target[1]:
        short, long = sorted((height, width))
        edges = (target[0], int(target[0] * long / short))
        resized = edges if height <= width else edges[::-1]
    else:
        ratio = min(height / target[0], width / target[1])
        resized = (round(height / ratio), round(width / ratio))
    if resized[0] * resized[1] > MAX_PIXELS:
        raise UnusableImage(f"it is {width} x {height} px, too long and thin to be resized")
    return resized[0], resized[1]


def _uncropped_size(settings: Mapping[str, Any]) -> tuple[int, int]:
    """Height and width of what the centre is cropped from, of an image of the input's shape."""
    height, width = (math.floor(edge / settings["crop_pct"]) for edge in settings["size"])
    return height, width


def _letterbox(image: Image.Image, height: int, width: int) -> Image.Image:
    """The image in the middle of a grey one of this size."""
    padded = Image.new(image.mode, (width, height), (LETTERBOX_GREY,) * len(image.getbands()))
    padded.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return padded


def _centre_crop(image: Image.Image, height: int, width: int) -> Image.Image:
    """The centre; black where the image is smaller (crop_pct above 1), as torchvision pads and rounds."""
    left, top = max(0, (width - image.width) // 2), max(0, (height - image.height) // 2)
    if left or top or image.width < width or image.height < height:
        padded = Image.new(image.mode, (max(width, image.width), max(height, image.height)))
        padded.paste(image, (left, top))
        image = padded
    x, y = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((x, y, x + width, y + height))
