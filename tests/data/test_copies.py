"""Evaluation images that are copies of images for training or calibration are left out, as the data says."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from engine.data import Data, load
from engine.errors import DataError
from engine.results import Note, codes
from engine.settings import ImagesData, Preprocess, Split

SQUARE = Preprocess(size=(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bilinear")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """24 parts of a photo to train on, and of another 12 to evaluate on: 4 are copies, and 2 are made smaller."""
    first, second = (Image.fromarray(pixels) for pixels in load_sample_images().images)
    root = tmp_path / "photos"
    for name, image, count in (("train", first, 24), ("val", second, 6)):
        for index in range(count):
            x, y = 100 * (index % 6), 100 * (index // 6)
            path = root / name / "ab"[index % 2] / f"{index:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            image.crop((x, y, x + 95, y + 95)).save(path)
    for index in range(6):
        source = root / "train" / "ab"[index % 2] / f"{index + 12:02d}.png"  # below the sky, where all looks the same
        copy = root / "val" / "ab"[index % 2] / f"copy-{index}.png"
        if index < 4:
            shutil.copy(source, copy)
        else:
            Image.open(source).resize((64, 64)).save(copy)
    return root


def read(path: Path, **options: object) -> Data:
    images = ImagesData.parse({"path": str(path), **options})
    return load(images, Split(), SQUARE, 0, merge_train=False, n_outputs=None)


def judging(data: Data) -> set[str]:
    """The ids of the images that judge a model."""
    tuning = {*data.split("train").ids, *data.split("calibration").ids}
    return {*data.split("evaluation").ids, *data.selection.ids} - tuning


def told(data: Data) -> list[Note]:
    """The warnings beside how the folders were read."""
    return [note for note in data.warnings if note.code != codes.FOLDERS_READ]


def test_they_are_told_and_stay(photos: Path):
    data = read(photos)
    (note,) = told(data)
    assert note.code == codes.DUPLICATE_IMAGES
    assert data.n_leaked == data.summary().n_leaked == 4  # none of them was given to those that choose
    assert note.text.startswith(f"{data.n_leaked} evaluation image")
    assert data.summary().n_left_out == 0


@pytest.mark.parametrize(
    ("leave_out", "n_left", "text"),
    [
        ("duplicates", 4, "4 evaluation images were left out: they are copies of images for training or calibration"),
        (
            "near_duplicates",
            6,
            "6 evaluation images were left out: they are copies of images for training or calibration, "
            "2 of them by look and not byte for byte",
        ),
    ],
)
def test_they_are_left_out_and_counted(photos: Path, leave_out, n_left, text):
    data, before = read(photos, leave_out=leave_out), read(photos)
    assert [(note.code, note.text) for note in told(data)] == [(codes.COPIES_LEFT_OUT, text)]
    assert (data.summary().n_left_out, data.summary().n_leaked) == (n_left, 0)
    copies = {f"val/{'ab'[index % 2]}/copy-{index}.png" for index in range(n_left)}
    assert judging(data).isdisjoint(copies)
    assert len(judging(data)) == 12 - n_left
    assert {*data.split("train").ids} == {*before.split("train").ids}
    assert data.evaluation_sha256 != before.evaluation_sha256


def test_copies_of_what_trains_do_not_choose(photos: Path):
    trained = {*read(photos).split("train").hashes}
    assert trained.isdisjoint(read(photos).selection.hashes)


def test_a_copy_among_the_held_out_is_left_out_too(photos: Path):
    shutil.copytree(photos / "val", photos / "test")
    text = told(read(photos, leave_out="duplicates"))[0].text
    assert text.startswith("4 evaluation images and 4 holdout images were left out")


def test_without_copies_nothing_changes(photos: Path):
    for path in photos.glob("val/*/copy-*"):
        path.unlink()
    data = read(photos, leave_out="near_duplicates")
    assert (told(data), data.sha256) == ([], read(photos).sha256)


def test_where_all_are_copies_there_is_nothing_to_evaluate_on(photos: Path):
    shutil.rmtree(photos / "val")
    shutil.copytree(photos / "train", photos / "val")
    assert read(photos).n_leaked == len(read(photos).split("evaluation"))
    with pytest.raises(DataError, match=r"all 24 evaluation images are copies .* leaves none") as error:
        read(photos, leave_out="duplicates")
    assert "data.leave_out" in error.value.next


def test_shares_of_one_folder_are_rid_of_them_too(tmp_path: Path):
    rng = np.random.default_rng(0)
    for index in range(30):
        (tmp_path / "x").mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8)).save(tmp_path / "x" / f"{index}.png")
        shutil.copy(tmp_path / "x" / f"{index}.png", tmp_path / "x" / f"{index}-again.png")
    assert read(tmp_path / "x", labels="none").n_leaked > 0
    data = read(tmp_path / "x", labels="none", leave_out="duplicates")
    assert data.n_leaked == 0
    assert data.n_left_out > 0
