"""A label file that lies among the images: found by itself, told, switched off, and asked about where there are two."""

import shutil
from pathlib import Path

import pytest

from engine.data import load
from engine.errors import DataError
from engine.results import codes
from engine.settings import ImagesData, Split

NAMES = [f"{index:02d}.png" for index in range(16)]
SIZES = "file,width,height\n" + "".join(f"{name},{index % 3},8\n" for index, name in enumerate(NAMES))
ROWS = [f"{name},{'cat' if index % 2 else 'dog'}\n" for index, name in enumerate(NAMES)]
LABELS = {name: row.strip().split(",")[1] for name, row in zip(NAMES, ROWS, strict=True)}
CSV = "file,label\n" + "".join(ROWS)
JSON_LINES = "".join(f'{{"image": "{name}", "class": "{label}"}}\n' for name, label in LABELS.items())


@pytest.fixture
def pets(tmp_path: Path, draw):
    """Makes the folder `pets` with sixteen images in one of its folders, and files of these texts."""

    def make(images: str = "", **texts: str) -> Path:
        root = tmp_path / "pets"
        for name in NAMES:
            draw(root / images / name)
        for name, text in texts.items():
            path = root / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    return make


@pytest.fixture
def read(preprocess):
    def load_images(path: Path, **settings):
        source = ImagesData(path=str(path), **settings)
        return load(source, Split(), preprocess, 0, merge_train=False, n_outputs=None)

    return load_images


def labels_of(data) -> dict[str, str]:
    """The label of every image by the last part of its path."""
    parts = (*(data.split(name) for name in data.parts), data.selection)
    return {
        id.rsplit("/", 1)[-1]: data.classes[label]
        for part in parts
        for id, label in zip(part.ids, part.labels, strict=True)
    }


def told(data) -> set[str]:
    return {note.code for note in data.warnings}


@pytest.mark.parametrize(("images", "texts"), [
    ("", {"labels_dot_csv": CSV}),
    ("", {"train_dot_tsv": CSV.replace(",", "\t")}),
    ("", {"all_dot_jsonl": JSON_LINES}),
    ("", {"labels_dot_txt": CSV.replace(",", " "), "README_dot_txt": "Photos of pets, by us.\n"}),
    ("images", {"labels_dot_csv": CSV}),
    ("images", {"annotations__labels_dot_csv": CSV}),
    ("set/images", {"set__labels_dot_csv": CSV}),
    ("", {"labels_dot_csv": CSV, "sizes_dot_csv": SIZES}),
    ("", {"labels_dot_csv": CSV, "ids_dot_csv": "".join(f"{name}\n" for name in NAMES)}),
    ("", {"labels_dot_csv": CSV, "classes_dot_txt": "cat\ndog\n", "notes_dot_csv": "author,year\nwe,2024\n"}),
    ("", {"labels_dot_csv": CSV} | {f"{name[:2]}_dot_txt": f"{name},0\n" for name in NAMES} | {
        f"x{number}_dot_txt": "0 0.1\n" for number in range(9)}),
])  # fmt: skip
@pytest.mark.parametrize("packed", [False, True])
def test_it_is_found_where_no_folders_are_classes_and_told_with_its_reading(pets, read, images, texts, packed):
    root = pets(images, **texts)
    path = Path(shutil.make_archive(str(root), "zip", root)) if packed else root
    data = read(path)
    assert labels_of(data) == LABELS
    assert {codes.LABEL_FILE_FOUND, codes.LABEL_FILE_READ} <= told(data)
    assert data.label_file is not None
    assert data.label_file.n_rows == len(NAMES)


def test_it_can_be_switched_off(pets, read):
    root = pets(labels_dot_csv=CSV)
    assert not read(root, labels="none").labelled
    with pytest.raises(DataError, match="has no class folders"):
        read(root, label_file="none")


def test_of_several_one_is_asked_for_and_then_read(pets, read):
    other = CSV.replace("cat", "old").replace("dog", "young")
    root = pets("images", species_dot_csv=CSV, ages_dot_csv=other)
    with pytest.raises(DataError, match=r"2 files .* may hold their labels: 'ages.csv', 'species.csv'") as refusal:
        read(root)
    assert refusal.value.code == codes.LABEL_FILES_OPEN
    assert labels_of(read(root, label_file="species.csv")) == LABELS
    assert set(labels_of(read(root, label_file="ages.csv")).values()) == {"old", "young"}


@pytest.mark.parametrize("name", ["other.csv", "../labels.csv", "/etc/passwd"])
def test_a_name_that_is_not_there_is_refused_with_those_that_are(pets, read, tmp_path, name):
    (tmp_path / "labels.csv").write_text(CSV)
    with pytest.raises(DataError, match=r"there is no file .*with the images") as refusal:
        read(pets(own_dot_csv=CSV), label_file=name)
    assert "'own.csv'" in refusal.value.next


def test_beside_class_folders_it_is_told_and_used_where_it_is_named(tmp_path, draw, read):
    root = tmp_path / "pets"
    for index, name in enumerate(NAMES):
        draw(root / ("left" if index < 8 else "right") / name)
    (root / "labels.csv").write_text(CSV)
    data = read(root)
    assert data.classes == ("left", "right")
    (note,) = [note for note in data.warnings if note.code == codes.LABEL_FILE_UNUSED]
    assert "'labels.csv'" in note.text
    assert labels_of(read(root, label_file="labels.csv")) == LABELS
    assert codes.LABEL_FILE_UNUSED not in told(read(root, label_file="none"))


def test_its_columns_can_be_named_where_they_are_open(pets, read):
    rows = "".join(
        f"{name},{label},{'big' if index % 3 else 'small'}\n" for index, (name, label) in enumerate(LABELS.items())
    )
    root = pets(labels_dot_csv="file,one,two\n" + rows)
    with pytest.raises(DataError) as question:
        read(root)
    assert question.value.code == codes.LABEL_COLUMN_OPEN
    assert labels_of(read(root, label_column="one")) == LABELS


def test_a_column_is_refused_where_folders_hold_the_labels(tmp_path, draw, read):
    for index, name in enumerate(NAMES):
        draw(tmp_path / "pets" / ("cat" if index % 2 else "dog") / name)
    with pytest.raises(DataError, match=r"data.label_column is about a label file"):
        read(tmp_path / "pets", label_column="label")


@pytest.mark.parametrize(("settings", "problem"), [
    ({"labels": "none", "label_file": "a.csv"}, "a label file is named among the images"),
    ({"labels": "x.csv", "label_file": "a.csv"}, "a label file is named among the images"),
    ({"label_file": "none", "label_column": "x"}, "label_file is 'none'"),
    ({"labels": "none", "whole_labels": True}, "labels is 'none'"),
])  # fmt: skip
def test_settings_that_contradict_are_refused(settings, problem):
    with pytest.raises(ValueError, match=problem):
        ImagesData(path="x", **settings)
