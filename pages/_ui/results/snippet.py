"""Code that runs a variant with numpy, Pillow and onnxruntime alone, with its own size and preprocessing."""

import math

from engine import Preprocess, Variant

MOST_CLASSES = 30

PROGRAM = """\
import numpy as np
import onnxruntime as ort
from PIL import Image, ImageOps

session = ort.InferenceSession({file!r}, providers=["CPUExecutionProvider"])
given = session.get_inputs()[0]
dtypes = {{"tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(uint8)": np.uint8}}
channels_last = given.shape[3] in (1, 3) and given.shape[1] not in (1, 3)
mean, std = np.float32({mean}), np.float32({std})
{classes}

def prepare(path):
    image = ImageOps.exif_transpose(Image.open(path)).convert({mode!r})
{resize}
    image = image.resize(size, Image.Resampling.{interpolation})
{crop}
    pixels = np.asarray(image.crop((x, y, x + {width}, y + {height}))){order}
    values = (pixels.astype(np.float32) / np.float32({scale:g}) - mean) / std
    values = values if channels_last else values.transpose(2, 0, 1)
    return np.ascontiguousarray(values[None].astype(dtypes.get(given.type, np.float32)))


scores = session.run({outputs}, {{given.name: prepare("image.jpg")}})[0].reshape(-1)
for index in np.argsort(-scores)[:5]:
    print({shown}, f"{{scores[index]:.3f}}")
"""


def snippet(variant: Variant, file: str, classes: tuple[str, ...] | None) -> str:
    """A program that prints the five likeliest classes of image.jpg.

    It prepares the image bit for bit as the run did.
    """
    settings = variant.input.preprocess
    has_names = classes is not None and len(classes) <= MOST_CLASSES
    channels = settings.channels or ("gray" if len(settings.mean) == 1 else "rgb")
    return PROGRAM.format(
        file=file,
        outputs=[variant.output] if variant.output else None,
        mean=list(settings.mean),
        std=list(settings.std),
        mode="L" if channels == "gray" else "RGB",
        classes=f"classes = {list(classes or ())!r}\n" if has_names else "",
        resize=_resize(settings),
        interpolation=settings.interpolation.upper(),
        crop=_crop(settings),
        height=settings.size[0],
        width=settings.size[1],
        order={"rgb": "", "bgr": "[..., ::-1]", "gray": "[..., None]"}[channels],
        scale=settings.scale,
        shown="classes[index]" if has_names else "index",
    )


def _resize(settings: Preprocess) -> str:
    """The lines that compute the image's size before its centre is cropped."""
    height, width = (math.floor(edge / settings.crop_pct) for edge in settings.size)
    if settings.resize == "squash":
        return f"    size = ({width}, {height})"
    if height == width:
        return (
            "    w, h = image.size\n"
            f"    size = ({width}, int({width} * h / w)) if w <= h else (int({width} * w / h), {width})"
        )
    return (
        f"    ratio = min(image.height / {height}, image.width / {width})\n"
        "    size = (round(image.width / ratio), round(image.height / ratio))"
    )


def _crop(settings: Preprocess) -> str:
    """The lines that compute the corner of the crop, which is outside the image where that is smaller."""
    height, width = settings.size
    if settings.crop_pct <= 1:
        return f"    x, y = round((image.width - {width}) / 2), round((image.height - {height}) / 2)"
    return (
        "    def corner(edge, wanted):\n"
        "        return round((edge - wanted) / 2) if edge >= wanted else -((wanted - edge) // 2)\n"
        f"    x, y = corner(image.width, {width}), corner(image.height, {height})"
    )
