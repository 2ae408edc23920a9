"""Code that runs a variant with numpy and its runtime alone, and Pillow for images, with its own preprocessing."""

import math

from engine import Measure, Preprocess, Target, TensorSpec, Variant
from pages._ui.results.runtime_code import CODES, RuntimeCode, calling, opening

MOST_CLASSES = 30
LETTERBOX_GREY = 114  # as in engine/data/preprocess.py, which pages do not load
ANY_LENGTH = 8
"""The length of an axis in the code where any is possible."""

PROGRAM = """\
import numpy as np
{imports}from PIL import Image, ImageOps

{open}channels_last = shape[3] in (1, 3) and shape[1] not in (1, 3)
n = shape[0] if isinstance(shape[0], int) else 1  # images of a call: the same one n times where the file asks for n
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
    return np.repeat(values[None].astype(dtype), n, axis=0)


"""
CLASSES = """\
scores = {scores}.reshape(n, -1)[0]
{two}for index in np.argsort(-scores)[:5]:
    print({shown}, f"{{scores[index]:.3f}}")
"""
TWO = "scores = np.append(1 - scores, scores) if scores.size == 1 else scores  # one probability, of the second class\n"
ARRAYS = """\
import numpy as np
{imports}
{open}{n_examples}# {note}
inputs = {{
{arrays}
}}
"""
IMAGE = '{name: prepare("image.jpg")}'


def snippet(
    variant: Variant,
    file: str,
    classes: tuple[str, ...] | None,
    measure: Measure | None = None,
    target: Target | None = None,
) -> str:
    """A program that prints the five likeliest classes of image.jpg, which it prepares bit for bit as the run did.

    Where `measure`, the report's, says that the answers are no classes, it prints what the outputs are. A model that
    takes no images gets arrays. The program calls the target's runtime, onnxruntime where there is no target, with the
    options of the variant's sessions that were asked for. `target.threads` is None where nobody asked for a number.
    """
    target = target or Target()
    settings, code = variant.input.preprocess, calling(CODES[target.runtime], variant, target)
    opening_lines = opening(code, file, variant, target)
    if settings is None:
        return _arrays_program(variant.input.inputs, code, opening_lines)
    if measure not in (None, "agreement"):
        return _image_program(settings, code, opening_lines) + code.outputs.format(inputs=IMAGE)
    has_names = classes is not None and len(classes) <= MOST_CLASSES
    names = f"classes = {list(classes or ())!r}\n" if has_names else ""
    return _image_program(settings, code, opening_lines, names) + CLASSES.format(
        scores=code.scores.format(
            inputs=IMAGE,
            outputs=[variant.output] if variant.output else None,
            output=repr(variant.output) if variant.output else 0,
        ),
        two=TWO if has_names and len(classes or ()) == 2 else "",
        shown="classes[index]" if has_names else "index",
    )


def _image_program(settings: Preprocess, code: RuntimeCode, opening_lines: str, classes: str = "") -> str:
    """The part that opens the file and prepares an image; `classes` is the line with their names."""
    channels = settings.channels or ("gray" if len(settings.mean) == 1 else "rgb")
    return PROGRAM.format(
        imports=code.imports,
        open=opening_lines + code.open_images.format(),
        mean=list(settings.mean),
        std=list(settings.std),
        mode="L" if channels == "gray" else "RGB",
        classes=classes,
        resize=_resize(settings),
        interpolation=settings.interpolation.upper(),
        crop=_crop(settings),
        height=settings.size[0],
        width=settings.size[1],
        order={"rgb": "", "bgr": "[..., ::-1]", "gray": "[..., None]"}[channels],
        scale=settings.scale,
    )


def _arrays_program(inputs: tuple[TensorSpec, ...], code: RuntimeCode, opening_lines: str) -> str:
    """A program that gives the model an array for each of its inputs, and prints what the outputs are."""
    has_any_length = any(isinstance(length, str) for spec in inputs for length in spec.shape)
    note = "Zeros in place of your own arrays" + (f"; {ANY_LENGTH} where any length is possible" * has_any_length)
    first = next((spec for spec in inputs if spec.batched), None)
    program = ARRAYS.format(
        imports=code.imports,
        open=opening_lines,
        n_examples=code.first_length.format(name=first.name) if first is not None else "",
        note=f"{note}." if first is None else f"{note}. The first axis of n is that of the examples.",
        arrays="\n".join(f"    {spec.name!r}: {_zeros(spec)}," for spec in inputs),
    )
    return program + code.outputs.format(inputs="inputs")


def _zeros(spec: TensorSpec) -> str:
    lengths = [str(ANY_LENGTH if isinstance(length, str) else length) for length in spec.shape]
    axes = ["n", *lengths] if spec.batched else lengths
    return f"np.zeros(({', '.join(axes)}{',' * (len(axes) == 1)}), {spec.dtype!r})"


def _resize(settings: Preprocess) -> str:
    """The lines that compute the image's size before its centre is cropped."""
    height, width = (math.floor(edge / settings.crop_pct) for edge in settings.size)
    if settings.resize == "squash":
        return f"    size = ({width}, {height})"
    if settings.resize == "letterbox":
        return (
            f"    ratio = min({height} / image.height, {width} / image.width)\n"
            "    size = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))"
        )
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
    padding = _padding(settings) if settings.resize == "letterbox" else ""
    if settings.crop_pct <= 1:
        return f"{padding}    x, y = round((image.width - {width}) / 2), round((image.height - {height}) / 2)"
    return (
        f"{padding}    def corner(edge, wanted):\n"
        "        return round((edge - wanted) / 2) if edge >= wanted else -((wanted - edge) // 2)\n"
        f"    x, y = corner(image.width, {width}), corner(image.height, {height})"
    )


def _padding(settings: Preprocess) -> str:
    """The lines that put the resized image in the middle of a grey one."""
    height, width = (math.floor(edge / settings.crop_pct) for edge in settings.size)
    grey = (LETTERBOX_GREY,) * (1 if settings.channels == "gray" or len(settings.mean) == 1 else 3)
    return (
        f"    padded = Image.new(image.mode, ({width}, {height}), {grey})\n"
        f"    padded.paste(image, (({width} - image.width) // 2, ({height} - image.height) // 2))\n"
        "    image = padded\n"
    )
