"""Hostile archives and images: each is refused with its own reason, and nothing is left behind or touched."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data import load
from engine.errors import DataError
from engine.results import TensorSpec
from engine.settings import ArraysData, ImagesData, Preprocess, Split
from tests.hostile_images import REFUSED, images, png

PIXELS = Preprocess(size=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3)
X = TensorSpec(name="x", dtype="float32", shape=("n", 3))


def read(path: Path, work: Path):
    is_arrays = path.suffix == ".npz"
    source = ArraysData(path=str(path)) if is_arrays else ImagesData(path=str(path))
    pixels, inputs = (None, (X,)) if is_arrays else (PIXELS, ())
    return load(source, Split(), pixels, 0, merge_train=False, n_outputs=None, work=work, inputs=inputs)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("ending", "write", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_hostile_file_is_refused_with_its_reason(tmp_path, ending, write, reason):
    path, work = tmp_path / "own" / f"set.{ending}", tmp_path / "own" / "work"
    path.parent.mkdir()
    write(path)
    with pytest.raises(DataError) as error:
        read(path, work)
    assert reason in str(error.value)
    outside = {one for one in tmp_path.rglob("*") if work not in (one, *one.parents)}
    assert outside == {path.parent, path}


def test_what_is_no_image_is_left_out_and_what_is_converted_is_not(tmp_path):
    files = images() | {
        "cat/truncated.png": png(7)[:90],
        "cat/empty.png": b"",
        "dog/text.png": b"text",
        "dog/drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    }
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8))
    deep = Image.fromarray(np.random.default_rng(2).integers(0, 65536, (8, 8), np.uint16))
    rotated = Image.Exif()
    rotated[0x0112] = 6
    converted = {
        "cmyk.jpg": (noise.convert("CMYK"), {}),
        "deep.png": (deep, {}),
        "alpha.png": (noise.convert("RGBA"), {}),
        "palette.png": (noise.convert("P"), {}),
        "first.gif": (noise, {}),
        "rotated.jpg": (noise, {"exif": rotated}),
    }
    for name, (image, options) in converted.items():
        content = io.BytesIO()
        image.save(content, Path(name).suffix[1:].upper().replace("JPG", "JPEG"), **options)
        files[f"cat/{name}"] = content.getvalue()
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    data = read(tmp_path / "set.zip", tmp_path / "work")
    assert sorted(note.note.text.split("'")[1] for note in data.skipped) == [
        "cat/empty.png", "cat/truncated.png", "dog/drawing.svg", "dog/text.png",
    ]  # fmt: skip
    ids = {id for part in (*data.parts.values(), data.selection) for id in part.ids}
    assert {f"cat/{name}" for name in converted} <= ids


def test_labels_beyond_the_model_s_outputs_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, content in images().items():
            archive.writestr(name, content)
    source = ImagesData(path=str(tmp_path / "set.zip"), classes=("cat", "horse", "dog"))
    with pytest.raises(DataError, match=r"'dog' is number 3 .* the model has 2 outputs"):
        load(source, Split(), PIXELS, 0, merge_train=False, n_outputs=2, work=tmp_path / "work")
