"""The photos: crops that are always the same, with no photo in two splits, nor both choosing and reporting."""

import numpy as np
import pytest

from engine.data import SPLIT_NAMES, load
from engine.data.samples import CROPS, PHOTOS, photos
from engine.errors import SettingsError
from engine.planning.estimate import PHOTO_CROPS, split_shares
from engine.settings import ChainInputs, Preprocess, Recipe, SampleData, Split, TimmModel

RGB = Preprocess(size=(32, 32), mean=(0.5,) * 3, std=(0.25,) * 3)
DATA = SampleData(name="photos")
MODEL = TimmModel(name="resnet18", weights="random")


@pytest.fixture(scope="module")
def data():
    return load(DATA, Split(), RGB, 0, merge_train=True, n_outputs=1000)


def photos_of(ids) -> set[str]:
    return {id.rsplit("-", 1)[0] for id in ids}


def test_no_photo_is_in_two_splits_and_none_that_reports_chooses(data):
    groups = [photos_of(data.split(name).ids) for name in SPLIT_NAMES]
    groups[SPLIT_NAMES.index("calibration")] = photos_of(data.split("calibration").ids[: 2 * CROPS])
    groups.append(photos_of(data.selection.ids))
    names = [name for group in groups for name in group]
    assert len(names) == len(set(names)) == 15
    assert len(data.selection.ids) == 4 * CROPS


def test_they_are_unlabelled_and_fit_any_head_and_say_what_they_are_not_for(data):
    assert data.classes is None
    assert data.head_fits(1000)
    assert {name: len(data.split(name)) for name in SPLIT_NAMES} == {
        "train": 200,
        "calibration": 160,
        "evaluation": 160,
        "holdout": 0,
    }
    assert [note.code for note in data.warnings] == ["crops_of_photos"]


def test_they_are_always_the_same_crops_and_all_different(data):
    again = load(DATA, Split(), RGB, 7, merge_train=False, n_outputs=None)
    assert again.sha256 == data.sha256
    pool = photos()
    assert len(set(pool.hashes)) == len(pool) == PHOTO_CROPS
    first, other = pool.read(0), pool.read(0)
    assert np.array_equal(np.asarray(first), np.asarray(other))
    assert all(96 <= edge <= 512 for index in range(0, 600, 7) for edge in pool.read(index).size)


def test_the_first_images_of_a_split_are_of_several_photos(data):
    for name, n_photos in {"train": 5, "calibration": 2, "evaluation": 4}.items():
        assert len(photos_of(data.split(name).ids[:n_photos])) == n_photos
    assert next(data.split("evaluation").batches(4)).shape == (4, 3, 32, 32)


def test_the_file_is_small_and_has_no_metadata():
    assert PHOTOS.stat().st_size < 2_000_000
    with np.load(PHOTOS) as file:
        assert all(b"Exif" not in file[name].tobytes()[:4000] for name in file.files)


def test_nothing_learns_labels_from_them_and_their_split_is_fixed():
    assert not ChainInputs.of(MODEL, DATA).labels
    with pytest.raises(SettingsError, match="labelled images"):
        Recipe.parse({"model": MODEL, "data": DATA, "steps": [{"technique": "finetune"}]})
    with pytest.raises(SettingsError, match="max_class_drop needs labelled images"):
        Recipe.parse({"model": MODEL, "data": DATA, "budget": {"max_class_drop": 0.1}})
    with pytest.raises(SettingsError, match="all crops of a photo in one part"):
        Recipe.parse({"model": MODEL, "data": DATA, "split": {"train": 0.5, "calibration": 0.2}})


def test_the_plan_counts_on_their_own_shares(data):
    recipe = Recipe.parse({"model": MODEL, "data": DATA})
    total = len(photos())
    whole = [len(data.split("train")), len(data.split("calibration")), len(data.split("evaluation")) + 2 * CROPS]
    assert [round(share * total) for share in split_shares(recipe).values()] == whole
