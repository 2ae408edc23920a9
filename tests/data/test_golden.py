"""The image files by which a bundle proves itself are such as Pillow alone reads."""

import io

import numpy as np
import pytest
from PIL import Image

from engine.data.decode import open_image
from engine.data.golden import golden_examples
from engine.data.parts import Part
from engine.data.preprocess import FORMATS, prepare
from engine.results import TensorSpec
from tests.analyses.test_confusion import PLAIN


@pytest.mark.parametrize(("format", "original"), [("HEIF", False), ("JPEG", True)])
def test_a_photo_that_needs_a_plugin_becomes_a_png_of_the_same_pixels(tmp_path, format, original):
    if format == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    path = tmp_path / "photo.jpg"
    Image.effect_noise((40, 30), 90).convert("RGB").save(path, format)
    part = Part(
        ids=("photo",),
        hashes=("0",),
        labels=None,
        preprocess=PLAIN,
        read=lambda _: open_image(path),
        file=lambda _: path,
    )
    (image,) = golden_examples(part, (TensorSpec(name="image", dtype="float32", shape=(3, 8, 8)),)).images
    assert image.original == original
    with Image.open(io.BytesIO(image.content), formats=FORMATS) as stored:
        assert np.array_equal(prepare(stored, PLAIN.model_dump()), prepare(open_image(path), PLAIN.model_dump()))
