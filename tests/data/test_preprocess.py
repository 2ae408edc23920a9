"""The input is the one that timm's evaluation transform makes."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images
from timm.data import create_transform

from engine.data import preprocess as subject
from engine.settings import Preprocess

PHOTOS = {
    name.split("/")[-1]: pixels
    for name, pixels in zip(("china.jpg", "flower.jpg"), load_sample_images().images, strict=True)
}
PHOTOS["tall"] = PHOTOS["china.jpg"][:, 200:331]
PHOTOS["tiny"] = PHOTOS["flower.jpg"][100:117, 50:73]
IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
GREY = {"mean": (0.5,), "std": (0.25,)}


def timms(image: Image.Image, settings: Preprocess) -> np.ndarray:
    transform = create_transform(
        input_size=(len(settings.mean), *settings.size),
        is_training=False,
        mean=settings.mean,
        std=settings.std,
        interpolation=settings.interpolation,
        crop_pct=settings.crop_pct,
        crop_mode="squash" if settings.resize == "squash" else "center",
    )
    return transform(image.convert("L" if len(settings.mean) == 1 else "RGB")).numpy()


@pytest.mark.parametrize("photo", PHOTOS)
@pytest.mark.parametrize("resize", ["crop", "squash"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest", "lanczos"])
@pytest.mark.parametrize(("size", "crop_pct"), [
    ((224, 224), 0.875), ((224, 224), 0.95), ((224, 224), 1.0), ((96, 160), 0.9), ((161, 97), 1.0), ((64, 64), 1.15),
    ((96, 160), 1.15),
])  # fmt: skip
def test_photos_are_as_timm_makes_them(photo, resize, interpolation, size, crop_pct):
    settings = Preprocess(size=size, crop_pct=crop_pct, resize=resize, interpolation=interpolation, **IMAGENET)
    image = Image.fromarray(PHOTOS[photo])
    ours, theirs = subject.prepare(image, settings.model_dump()), timms(image, settings)
    assert ours.dtype == np.float32
    assert ours.shape == (3, *size)
    assert largest_difference(ours, theirs) == 0


def test_grey_digits_are_as_timm_makes_them():
    settings = Preprocess(size=(64, 64), interpolation="bilinear", **GREY)
    for values in load_digits().images[:20]:
        image = Image.fromarray((values * 15.9375).astype(np.uint8))
        assert largest_difference(subject.prepare(image, settings.model_dump()), timms(image, settings)) == 0


def largest_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    difference = float(np.abs(ours - theirs).max())
    print(f"largest difference to timm: {difference}")
    return difference


@pytest.mark.parametrize(
    ("shape", "box"), [((20, 40), (8, 24, 0, 32)), ((40, 21), (0, 32, 7, 24)), ((3, 400), (15, 16, 0, 32))]
)
def test_a_letterbox_keeps_the_shape_and_pads_with_grey_as_ultralytics_does(shape, box):
    """Corners of the image within 32 x 32 px: LetterBox of ultralytics, computed by hand."""
    settings = Preprocess(
        size=(32, 32), mean=(0,) * 3, std=(1,) * 3, scale=1, resize="letterbox", interpolation="nearest"
    )
    pixels = subject.to_pixels(Image.new("RGB", shape[::-1], (200, 10, 30)), settings.model_dump())
    expected = np.full((32, 32, 3), 114, np.uint8)
    expected[box[0] : box[1], box[2] : box[3]] = (200, 10, 30)
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "YCbCr"])
def test_every_mode_is_converted_as_timms_loader_does(mode):
    image = Image.fromarray(PHOTOS["tiny"]).convert(mode)
    settings = Preprocess(size=(16, 16), **IMAGENET)
    assert largest_difference(subject.prepare(image, settings.model_dump()), timms(image, settings)) == 0


@pytest.mark.parametrize(("format", "mode"), [("GIF", "P"), ("JPEG", "CMYK"), ("WEBP", "RGBA"), ("TIFF", "CMYK")])
def test_files_of_other_kinds_have_the_right_shape(format, mode):
    file = io.BytesIO()
    Image.fromarray(PHOTOS["tiny"]).convert(mode).save(file, format)
    pixels = subject.to_pixels(Image.open(file), Preprocess(size=(16, 16), **IMAGENET).model_dump())
    assert pixels.shape == (16, 16, 3)
    assert pixels.std() > 10


def test_16_bit_grey_keeps_its_upper_byte():
    values = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    pixels = subject.to_pixels(Image.open(file), Preprocess(size=(16, 16), **GREY).model_dump())
    assert np.array_equal(pixels[..., 0], values >> 8)


def test_a_photo_taken_sideways_is_upright():
    upright = Image.fromarray(PHOTOS["tiny"])
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by 90 degrees to see it upright
    file = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(file, "PNG", exif=exif)
    settings = Preprocess(size=(16, 16), **IMAGENET).model_dump()
    assert np.array_equal(subject.to_pixels(Image.open(file), settings), subject.to_pixels(upright, settings))


@pytest.mark.parametrize("exif", [b"garbage", b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_photo_whose_exif_is_damaged_is_taken_as_it_is(kind, exif):
    damaged, plain = io.BytesIO(), io.BytesIO()
    Image.fromarray(PHOTOS["tiny"]).save(damaged, kind, exif=exif)
    Image.fromarray(PHOTOS["tiny"]).save(plain, kind)
    settings = Preprocess(size=(16, 16), **IMAGENET).model_dump()
    ours, wanted = (subject.to_pixels(Image.open(file), settings) for file in (damaged, plain))
    assert np.array_equal(ours, wanted)


def test_bgr_reverses_the_channels_before_the_normalisation():
    image = Image.fromarray(PHOTOS["tiny"])
    rgb, bgr = (
        Preprocess(size=(16, 16), mean=(0.0,) * 3, std=(1.0, 2.0, 4.0), channels=order, scale=1).model_dump()
        for order in ("rgb", "bgr")
    )
    ours, reversed_ = subject.prepare(image, rgb), subject.prepare(image, bgr)
    assert np.array_equal(reversed_[0], ours[2] * 4)
    assert np.array_equal(reversed_[2], ours[0] / 4)


def test_normalise_takes_one_image_or_many():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 9, 3), np.uint8)
    settings = Preprocess(size=(8, 9), **IMAGENET).model_dump()
    many = subject.normalise(pixels, settings)
    assert many.shape == (5, 3, 8, 9)
    assert np.array_equal(many[3], subject.normalise(pixels[3], settings))


def test_settings_read_from_json_give_the_same():
    settings = Preprocess(size=(16, 16), **IMAGENET)
    image = Image.fromarray(PHOTOS["tiny"])
    assert np.array_equal(
        subject.prepare(image, settings.model_dump()), subject.prepare(image, settings.model_dump(mode="json"))
    )


def test_an_image_too_long_and_thin_is_refused_before_it_fills_the_memory():
    settings = Preprocess(size=(224, 224), **IMAGENET).model_dump()
    with pytest.raises(ValueError, match="too long and thin"):
        subject.to_pixels(Image.new("L", (200_000, 4)), settings)


def test_the_file_runs_alone_with_numpy_and_pillow():
    code = (
        "import sys, runpy; before = set(sys.modules); runpy.run_path(sys.argv[1]); "
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", code, subject.__file__],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(subject.__file__).anchor,
    )
    names = set(run.stdout.strip("[]\n").replace("'", "").split(", "))
    assert {name for name in names if not name.startswith(("_", "cython_runtime"))} <= {"PIL", "numpy", "defusedxml"}
