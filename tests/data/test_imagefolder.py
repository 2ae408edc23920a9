"""Hugging Face's layouts: imagefolder with metadata, and Parquet with a column of images."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from engine.data import SPLIT_NAMES, parquet
from engine.errors import DataError

NAMES = ("zebra", "ant")


def png(seed: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def counts(data) -> list[int]:
    given = len(data.given_by_evaluation)
    train, calibration, evaluation, holdout = (len(data.split(name)) for name in SPLIT_NAMES)
    return [train + calibration, evaluation + given, holdout]


def label_of(data) -> dict[str, str]:
    """The class of every image by its id."""
    parts = [*data.parts.values(), data.selection]
    return {id: data.classes[label] for part in parts for id, label in zip(part.ids, part.labels, strict=True)}


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes train with 20 images, test with 6, and a metadata file beside each."""

    def write(name: str, rows: Callable[[int], dict], only: tuple[str, ...] = ("train", "test")) -> Path:
        root = tmp_path / "set"
        for number, (split, count) in enumerate({"train": 20, "test": 6}.items()):
            (root / split / "deep").mkdir(parents=True)
            for index in range(count):
                (root / split / "deep" / f"{index}.png").write_bytes(png(100 * number + index))
            table = [{"file_name": f"deep/{index}.png"} | rows(index) for index in range(count)]
            if name.endswith(".csv"):
                lines = [",".join(table[0]), *(",".join(map(str, row.values())) for row in table)]
            else:
                lines = [json.dumps(row) for row in table]
            if split in only:
                (root / split / name).write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
        return root

    return write


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl"])
@pytest.mark.parametrize("labels", [lambda index: NAMES[index % 2], lambda index: index % 2], ids=["names", "numbers"])
def test_metadata_labels_the_images_of_its_split(read, folder, name, labels):
    data = read(folder(name, lambda index: {"caption": "x", "label": labels(index)}))
    assert counts(data) == [20, 6, 0]
    assert data.classes == tuple(sorted({str(labels(index)) for index in range(2)}))
    assert all(str(labels(int(Path(id).stem))) == label for id, label in label_of(data).items())
    assert [note.code for note in data.warnings][:1] == ["labels_from_metadata"]


def test_a_split_without_metadata_has_no_labels_and_is_told(read, folder):
    data = read(folder("metadata.csv", lambda index: {"label": NAMES[index % 2]}, only=("train",)))
    assert counts(data) == [14, 6, 0]
    assert len(data.skipped) == 6
    assert "belongs to no class" in data.skipped[0].note.text


def test_rows_without_an_image_are_told_and_most_of_them_refused(read, folder):
    root = folder("metadata.csv", lambda index: {"label": NAMES[index % 2]})
    (root / "train" / "deep" / "3.png").unlink()
    data = read(root)
    (note,) = [note for note in data.warnings if note.code == "images_missing"]
    assert note.text == "The metadata names 1 of 26 images that are not there: 'train/deep/3.png'"
    for path in (root / "train" / "deep").iterdir():
        path.rename(path.with_name(f"other-{path.name}"))
    with pytest.raises(DataError, match="the metadata names 20 of 26 images that are not there"):
        read(root)


@pytest.mark.parametrize(("name", "rows", "problem"), [
    ("metadata.csv", lambda index: {"text": "a cat"}, "no column of labels: its columns are file_name, text"),
    ("metadata.jsonl", lambda index: {"label": ["a", "b"]}, "which is not one class"),
    ("metadata.jsonl", lambda index: {"label": "a", "file_name": "../../../etc/passwd"}, "second|not there"),
])  # fmt: skip
def test_metadata_that_labels_nothing_is_refused(read, folder, name, rows, problem):
    root = folder(name, rows)
    for path in list(root.glob("*/deep/*")):
        path.rename(path.parents[1] / path.name)
    for path in root.glob("*/deep"):
        path.rmdir()
    with pytest.raises(DataError, match=problem):
        read(root)


def test_metadata_without_labels_leaves_a_folder_per_class_alone(read, pets: Path):
    (pets / "metadata.csv").write_text("file_name,text\ncat/00.png,a cat\n")
    assert read(pets).classes == ("cat", "dog")


def table(labels: list, seed: int = 0, **options) -> pa.Table:
    """A column of images and one of labels, described as Hugging Face does where there are `names`."""
    names = options.get("names")
    column = [{"bytes": png(1000 * seed + index), "path": f"{index}.png"} for index in range(len(labels))]
    images = pa.array(column if options.get("struct", True) else [one["bytes"] for one in column])
    made = pa.table({"image": images, "label": labels})
    if names is None:
        return made
    features = {"image": {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
    return made.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def test_parquet_files_are_splits_and_name_their_classes(read, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "_BATCH_ROWS", 3)
    root = tmp_path / "set" / "data"
    root.mkdir(parents=True)
    pq.write_table(table([0, 1] * 10, 1, names=NAMES), root / "train-00000-of-00002.parquet", row_group_size=7)
    pq.write_table(table([1, 0] * 5, 2, names=NAMES), root / "train-00001-of-00002.parquet")
    pq.write_table(table([0, 1] * 3, 3, names=NAMES), root / "validation-00000-of-00001.parquet")
    pq.write_table(table([-1] * 4, 4, names=NAMES), root / "test-00000-of-00001.parquet")
    work = tmp_path / "work"
    data = read(tmp_path / "set", work=work)
    assert counts(data) == [30, 6, 0]
    assert data.classes == NAMES
    assert data.folders.note.text == (
        "Read from Parquet as 2 classes, 36 images (train: 30 images, val: 6 images); "
        "left out: 4 images without a label"
    )
    first = next(label for id, label in label_of(data).items() if "train-00000" in id and id.endswith("0000000.png"))
    assert first == "zebra"
    part = data.split("evaluation")
    del data
    assert part.pixels(0).shape == (16, 16, 3)
    del part
    assert [*work.iterdir()] == []


@pytest.mark.parametrize("struct", [True, False])
def test_one_parquet_file_is_split_anew(read, tmp_path, struct):
    pq.write_table(table(["cat", "dog"] * 20, struct=struct), tmp_path / "pets.parquet")
    data = read(tmp_path / "pets.parquet", work=tmp_path / "work")
    assert counts(data) == [28, 12, 0]
    assert data.classes == ("cat", "dog")
    assert read(tmp_path / "pets.parquet", labels="none").classes is None


@pytest.mark.parametrize(("columns", "problem"), [
    ({"pixels": [b"x"], "label": [0]}, "no column of images: its columns are pixels, label"),
    ({"image": ["a.png"], "label": [0]}, "the column image of 'x.parquet' holds string, not the bytes"),
    ({"image": [b"x"]}, "no column of labels"),
    ({"image": [b"x"], "label": [[0, 1]]}, "not one class an image"),
])  # fmt: skip
def test_a_parquet_file_of_something_else_is_refused(read, tmp_path, columns, problem):
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=problem):
        read(tmp_path / "x.parquet")


def test_a_damaged_parquet_file_and_too_many_bytes_are_refused(read, tmp_path, monkeypatch):
    path = tmp_path / "x.parquet"
    pq.write_table(table([0, 1] * 9), path)
    monkeypatch.setattr(parquet, "MAX_BYTES", 500)
    with pytest.raises(DataError, match="hold more than"):
        read(path)
    content = bytearray(path.read_bytes())
    content[-200:-8] = bytes(192)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"'x\.parquet' cannot be read as Parquet"):
        read(path)


def test_roles_of_folders_and_tables_of_labels_are_refused_for_parquet(read, tmp_path):
    pq.write_table(table([0, 1] * 9), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"roles of folders are given. Take them away \(data\.folders\)"):
        read(tmp_path / "x.parquet", folders={"train": "class"})
