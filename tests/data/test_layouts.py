"""The layouts that people have: splits by name, what lies beside them, and how the reading is told and changed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data import SPLIT_NAMES, Data
from engine.errors import DataError
from engine.results import codes


@pytest.fixture
def lay(tmp_path: Path, draw) -> Callable[..., Path]:
    """Writes a folder of images: the number of images by path, 0 for an empty folder, text for a file."""

    def write(layout: dict[str, int | str], name: str = "set") -> Path:
        root = tmp_path / name
        root.mkdir()
        for path, content in layout.items():
            if isinstance(content, str):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(content)
                continue
            (root / path).mkdir(parents=True, exist_ok=True)
            for index in range(content):
                draw(root / path / f"{index:02d}.png", size=(6, 6))
        return root

    return write


def sizes(data: Data) -> list[int]:
    """Images for training with calibration, for evaluation with what evaluation gave to the selection, and holdout."""
    given = len(data.given_by_evaluation)
    train, calibration, evaluation, holdout = (len(data.split(name)) for name in SPLIT_NAMES)
    return [train + calibration, evaluation + given, holdout]


def reading(data: Data) -> str:
    assert data.folders is not None
    return data.folders.note.text


def per_class(**splits: int) -> dict[str, int | str]:
    """Folders cat and dog in each of the folders, with so many images each."""
    return {f"{split}/{name}": count for split, count in splits.items() for name in ("cat", "dog")}


THREE = "Read as 2 classes in 3 splits (train: 16 images, val: 6 images, test: 4 images)"
TWO = "Read as 2 classes in 2 splits (train: 16 images, val: 6 images)"
TRAIN_TEST = "Read as 2 classes in 2 splits (train: 16 images, test: 6 images)"
SPLITS = {"train": 8, "val": 3, "test": 2}


@pytest.mark.parametrize(("layout", "sentence", "expected"), [
    (per_class(train=8, val=3, test=2), THREE, [16, 6, 4]),
    (per_class(TRAIN=8, EVAL=3), TWO, [16, 6, 0]),
    (per_class(Training=8, Testing=3), TRAIN_TEST, [16, 6, 0]),
    (per_class(train2017=8, val2017=3), TWO, [16, 6, 0]),
    (per_class(train_set=8, val_set=3), TWO, [16, 6, 0]),
    (per_class(trainA=8, testA=3), TRAIN_TEST, [16, 6, 0]),
    (per_class(train=8, dev=3), TWO, [16, 6, 0]),
    (per_class(train=8, valid=3), TWO, [16, 6, 0]),
    (per_class(Training=8, validation=3, Test1=2), THREE, [16, 6, 4]),
    (per_class(seg_train=8, seg_test=3) | {"seg_pred": 5}, f"{TRAIN_TEST}; left out: `seg_pred`, 5 images", [16, 6, 0]),
    (
        per_class(**{"seg_train/seg_train": 8, "seg_test/seg_test": 3}),
        TRAIN_TEST,
        [16, 6, 0],
    ),
    (per_class(train=8, val=3) | {"images": 5}, f"{TWO}; left out: `images`, 5 images", [16, 6, 0]),
    (per_class(train=8, test=3) | {"unseen": 30}, f"{TRAIN_TEST}; left out: `unseen`, 30 images", [16, 6, 0]),
    (
        per_class(train=8, val=3, chest=9) | {"annotations/a.xml": "<a/>", "labels": 0},
        f"{TWO}; left out: `annotations`, no image among 1 file; `chest`, 18 images; `labels`, empty",
        [16, 6, 0],
    ),
    (
        per_class(**{"data/train": 8, "data/val": 3}) | {"docs/a.txt": "a", "README.md": "b"},
        f"{TWO}; left out: `docs`, no image among 1 file",
        [16, 6, 0],
    ),
    (
        per_class(**{"images/train": 8, "images/val": 3}) | {"labels/train/1.txt": "0", "extra": 3},
        f"{TWO}; left out: `extra`, 3 images; `labels`, no image among 1 file",
        [16, 6, 0],
    ),
    (per_class(train=8, val=3) | {"test": 7}, f"{TWO}; left out: `test`, 7 images without labels", [16, 6, 0]),
    (
        per_class(train=20) | {"test": 7},
        "Read as 2 classes, 40 images, in train alone, which is split anew; "
        "left out: `test`, 7 images without labels",
        [28, 12, 0],
    ),
    (
        per_class(train=8, val=3) | {"test/unknown": 7},
        f"{TWO}; left out: `test`, 7 images without the classes of train",
        [16, 6, 0],
    ),
    (
        per_class(val=8, test=3),
        "Read as 2 classes in 2 splits (val: 16 images, test: 6 images). There is no train: val takes its place "
        "(training and calibration), and test evaluates",
        [16, 6, 0],
    ),
    (per_class(train=8, val=3) | {"train/annotations/a.xml": "<a/>", "val/none": 0},
     f"{TWO}; left out: `train/annotations`, no image among 1 file; `val/none`, empty", [16, 6, 0]),
    ({f"{name}/{split}": count for name in ("cat", "dog") for split, count in SPLITS.items()}, THREE, [16, 6, 4]),
    ({"cat": 20, "dog": 20}, "Read as 2 classes, 40 images", [28, 12, 0]),
    ({"a/b/cat": 20, "a/b/dog": 20, "a/read.txt": "x"}, "Read as 2 classes, 40 images", [28, 12, 0]),
    (
        {"cat": 20, "dog": 20, "annotations/a.xml": "<a/>", "empty": 0},
        "Read as 2 classes, 40 images; left out: `annotations`, no image among 1 file; `empty`, empty",
        [28, 12, 0],
    ),
    ({"train/cat": 20, "train/dog": 20},
     "Read as 2 classes, 40 images, in train alone, which is split anew", [28, 12, 0]),
    ({"train/cat": 20, "train/dog": 20, "images": 4, "docs": 0},
     "Read as 2 classes, 40 images, in train alone, which is split anew; left out: `docs`, empty; `images`, 4 images",
     [28, 12, 0]),
])  # fmt: skip
def test_a_layout_is_read_as_people_mean_it(lay, read, layout, sentence, expected):
    data = read(lay(layout))
    assert reading(data) == sentence
    assert sizes(data) == expected
    assert data.classes == ("cat", "dog")


@pytest.mark.parametrize("layout", [
    {"train": 6, "car": 6, "bus": 6},
    {"valid": 6, "invalid": 6},
    {"train/steam": 3, "train/diesel": 3, "car/big": 3, "car/small": 3},
])  # fmt: skip
def test_a_name_that_may_be_a_split_or_a_class_is_asked(lay, read, layout):
    root = lay(layout)
    name = next(iter(layout)).split("/")[0]
    with pytest.raises(DataError, match=rf"'{name}' in 'set' is the name of a split") as refused:
        read(root)
    assert refused.value.code == codes.FOLDERS_OPEN
    data = read(root, folders={name: "class"})
    assert data.classes == tuple(sorted({path.split("/")[0] for path in layout}))
    assert len(read(root, labels="none").selection) > 0


@pytest.mark.parametrize(("folders", "sentence", "expected"), [
    ({"unseen": "test"}, "Read as 2 classes in 3 splits (train: 16 images, val: 6 images, test: 8 images)", [16, 6, 8]),
    ({"unseen": "train"}, "Read as 2 classes in 2 splits (train: 24 images, val: 6 images)", [24, 6, 0]),
    (
        {"val": "left_out"},
        "Read as 2 classes, 16 images, in train alone, which is split anew; "
        "left out: `val`, 6 images; `unseen`, 8 images",
        [11, 5, 0],
    ),
    (
        {"train": "left_out", "val": "left_out", "unseen": "train"},
        "Read as 2 classes, 8 images, in train alone, which is split anew; "
        "left out: `train`, 16 images; `val`, 6 images",
        [6, 2, 0],
    ),
])  # fmt: skip
def test_the_reading_can_be_changed(lay, read, folders, sentence, expected):
    data = read(lay(per_class(train=8, val=3, unseen=4)), folders=folders)
    assert reading(data) == sentence
    assert sizes(data) == expected


def test_folders_named_as_splits_can_be_classes(lay, read):
    data = read(lay({"train": 6, "test": 6, "other": 6}), folders=dict.fromkeys(("train", "test", "other"), "class"))
    assert data.classes == ("other", "test", "train")
    assert codes.FOLDERS_READ not in [note.code for note in data.warnings]


def test_what_each_folder_was_read_as_is_in_the_result(lay, read):
    folders = read(lay(per_class(train=8, val=3) | {"unseen": 4, "empty": 0})).folders.folders
    assert [(one.name, one.role, one.n_images) for one in folders] == [
        ("train", "train", 16),
        ("unseen", "left_out", 4),
        ("val", "val", 6),
    ]
    assert read(lay({"cat": 6, "dog": 6}, "plain")).folders.folders == ()


@pytest.mark.parametrize(("folders", "problem"), [
    ({"nowhere": "class"}, r"'nowhere' is to be read as class .* no such folder in 'set'.*'train', 'unseen', 'val'"),
    ({"unseen": "class"}, r"'unseen' is to be a class .* beside 'train', 'val', which is read as a split"),
    ({"train": "left_out", "val": "left_out", "unseen": "left_out"}, "has no class folders"),
])  # fmt: skip
def test_a_reading_that_is_not_possible_is_refused(lay, read, folders, problem):
    with pytest.raises(DataError, match=problem):
        read(lay(per_class(train=8, val=3, unseen=4)), folders=folders)


def test_the_reading_is_told_only_where_there_is_something_to_tell(lay, read):
    told = read(lay(per_class(train=20, val=6) | {"unseen": 4}))
    assert [note.code for note in told.warnings] == [codes.FOLDERS_READ]
    assert told.skipped == ()
    assert read(lay({"cat": 20, "dog": 20}, "plain")).warnings == ()


def test_classes_that_differ_in_case_across_splits_are_one(lay, read):
    data = read(lay({"train/Cat": 16, "train/dog": 16, "val/cat": 3, "val/DOG": 3}))
    assert data.classes == ("Cat", "dog")
    (_, note) = data.warnings
    assert note.code == codes.CLASSES_MERGED
    assert note.text.endswith("read as one class: 'DOG' as 'dog', 'cat' as 'Cat'")


@pytest.mark.parametrize(("layout", "where"), [
    ({"train/Cat": 3, "train/cat": 3, "val/cat": 3}, "'train' holds"),
    ({"Cat": 3, "cat": 3, "dog": 3}, "there are"),
])  # fmt: skip
def test_classes_that_differ_in_case_in_one_split_are_asked(lay, read, layout, where):
    with pytest.raises(DataError, match=f"{where} the class folders 'Cat' and 'cat', .* If they are one class"):
        read(lay(layout))


@pytest.mark.parametrize(("layout", "sentence", "expected"), [
    (
        {"train": 30, "val": 6, "extra": 4, "labels/a.txt": "0"},
        "Read as 36 images without labels in 2 splits (train: 30 images, val: 6 images); "
        "left out: `extra`, 4 images; `labels`, no image among 1 file",
        [30, 6, 0],
    ),
    ({"train": 20, "car": 20}, "Read as 40 images without labels", [28, 12, 0]),
    ({".": 20, "more": 20}, "Read as 40 images without labels", [28, 12, 0]),
])  # fmt: skip
def test_splits_of_images_without_labels(lay, read, layout, sentence, expected):
    data = read(lay(layout), labels="none")
    assert reading(data) == sentence
    assert sizes(data) == expected
    assert data.classes is None


def test_one_class_beside_what_was_left_out_is_refused_with_the_reading(lay, read):
    with pytest.raises(DataError, match="Read as 1 class, 6 images; left out: `dog`, empty: there is nothing to tell"):
        read(lay({"cat": 6, "dog": 0}))


@pytest.mark.parametrize(("count", "told"), [(1, True), (29, True), (30, False)])
def test_few_images_are_told_with_what_they_can_say(lay, read, count, told):
    data = read(lay({".": count}), labels="none", merge_train=True)
    assert [note.code for note in data.warnings] == [codes.FEW_IMAGES] * told


@pytest.mark.parametrize(("layout", "others", "sentence"), [
    ({"train": 6, "car": 6, "bus": 6}, "class", "Read as 3 classes, 18 images"),
    (per_class(train=8, val=3, unseen=4), "class", "Read as 3 classes, 30 images"),
    (
        {"train/steam": 6, "train/diesel": 6, "car/big": 3, "car/small": 3},
        "left_out",
        "Read as 2 classes, 12 images, in train alone, which is split anew; left out: `car`, 6 images",
    ),
])  # fmt: skip
def test_all_other_folders_can_be_classes_or_left_out(lay, read, layout, others, sentence):
    assert reading(read(lay(layout), folders={"*": others})) == sentence
