"""Folders and CSV files of images, and bad ones among them."""

import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data import SPLIT_NAMES
from engine.errors import DataError
from engine.settings import Split


def counts(data) -> list[int]:
    return [len(data.split(name)) for name in SPLIT_NAMES]


def ids(data) -> set[str]:
    """All images: those of the splits, and those of the evaluation split that choose in place of reporting."""
    return {id for name in SPLIT_NAMES for id in data.split(name).ids} | {*data.selection.ids}


def png_claiming(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return len(content).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")


def test_a_folder_per_class(pets: Path, read):
    data = read(pets)
    assert counts(data) == [18, 3, 6, 0]
    assert data.classes == ("cat", "dog")
    part = data.split("evaluation")
    assert all(id.startswith(data.classes[label] + "/") for id, label in zip(part.ids, part.labels, strict=True))
    assert np.bincount(part.labels).tolist() in ([2, 4], [3, 3], [4, 2])
    assert next(part.batches(4)).shape == (4, 3, 16, 16)
    with Image.open(pets / part.ids[2]) as image:
        assert np.array_equal(np.asarray(part.raw(2)), np.asarray(image))


def test_a_train_share_without_training_joins_evaluation(pets: Path, read):
    data, apart = read(pets, merge_train=True), read(pets)
    assert counts(data) == [0, 3, 18, 0]
    assert data.evaluation_sha256 != apart.evaluation_sha256


def test_hashes_follow_content_labels_and_split_and_not_the_place(pets: Path, read, draw, tmp_path: Path):
    first = read(pets)
    moved = pets.rename(tmp_path / "elsewhere")
    assert (read(moved).sha256, read(moved).evaluation_sha256) == (first.sha256, first.evaluation_sha256)
    assert read(moved, seed=1).evaluation_sha256 != first.evaluation_sha256
    draw(moved / first.split("evaluation").ids[0], size=(30, 30))
    assert read(moved).evaluation_sha256 != first.evaluation_sha256


def test_the_order_of_the_classes_changes_outputs_and_not_what_is_compared(pets: Path, read):
    plain, turned = read(pets), read(pets, classes=("dog", "cat"))
    assert turned.classes == ("dog", "cat")
    assert turned.sha256 != plain.sha256
    assert turned.evaluation_sha256 == plain.evaluation_sha256


def test_classes_name_outputs_without_images_too(pets: Path, read):
    data = read(pets, classes=("cat", "horse", "dog"), n_outputs=3)
    assert set(data.split("train").labels) == {0, 2}
    assert data.head_fits(3)


def test_a_model_with_another_number_of_outputs_does_not_fit(pets: Path, read):
    assert not read(pets, n_outputs=1000).head_fits(1000)


def test_folders_named_like_the_models_classes_are_matched_by_name(pets: Path, read):
    data = read(pets, n_outputs=3, model_classes=("Dog, domestic dog", "horse", "Cat"))
    assert data.head_fits(3)
    assert set(data.split("train").labels) == {0, 2}
    assert [note.code for note in data.warnings] == ["classes_by_name"]


def test_the_split_and_what_is_compared_do_not_depend_on_the_models_names(pets: Path, read):
    plain, named = read(pets, n_outputs=2), read(pets, n_outputs=3, model_classes=("Dog, domestic dog", "horse", "Cat"))
    assert named.split("evaluation").ids == plain.split("evaluation").ids
    assert named.evaluation_sha256 == plain.evaluation_sha256
    assert (plain.label_outputs, named.label_outputs) == ({"cat": 0, "dog": 1}, {"cat": 2, "dog": 0})


@pytest.mark.parametrize("layout", ["wrapped", "litter", "nested"])
def test_harmless_layouts(pets: Path, read, draw, layout: str):
    root = pets
    if layout == "wrapped":
        root = pets.parent / "outer"
        root.mkdir()
        pets.rename(root / "pets")
    elif layout == "litter":
        for name in (".DS_Store", "cat/Thumbs.db", "__MACOSX/cat/._00.png", ".git/x.png", "README.txt"):
            (pets / name).parent.mkdir(parents=True, exist_ok=True)
            (pets / name).write_bytes(b"litter")
    else:
        (pets / "cat" / "indoor").mkdir()
        (pets / "cat" / "00.png").rename(pets / "cat" / "indoor" / "00.png")
    data = read(root)
    assert len(ids(data)) == 30
    assert data.classes == ("cat", "dog")
    assert data.skipped == ()


def test_given_splits_win(tmp_path: Path, read, draw):
    for top, count in {"train": 14, "val": 5, "test": 4}.items():
        for name in ("cat", "dog"):
            for index in range(count):
                draw(tmp_path / top / name / f"{index}.png")
    data = read(tmp_path, merge_train=True)
    assert counts(data) == [24, 4, 7, 8]
    for name, top in {"train": "train", "calibration": "train", "evaluation": "val", "holdout": "test"}.items():
        assert {id.split("/")[0] for id in data.split(name).ids} == {top}
    (tmp_path / "val").rename(tmp_path / ".val")
    assert counts(read(tmp_path)) == [24, 4, 6, 0]
    assert counts(read(tmp_path, labels="none")) == [24, 4, 6, 0]
    (tmp_path / ".val").rename(tmp_path / "val")
    (tmp_path / "train").rename(tmp_path / ".train")
    assert counts(read(tmp_path)) == [9, 1, 6, 0]


def test_without_labels(pets: Path, read):
    data = read(pets, labels="none", n_outputs=1000)
    assert counts(data) == [18, 3, 6, 0]
    assert data.classes is None
    assert data.split("train").labels is None
    assert data.head_fits(1000)


def test_a_csv_with_and_without_header(pets: Path, read, tmp_path: Path):
    rows = [
        f"{name}/{index:02d}.png,{'young' if index % 2 else 'old'}" for name in ("cat", "dog") for index in range(10)
    ]
    for text in ("\n".join(rows), "\ufefffile,label\r\n" + "\r\n".join(rows) + "\r\n\r\n"):
        labels = tmp_path / "labels.csv"
        labels.write_bytes(text.encode())
        data = read(pets, labels=str(labels))
        assert data.classes == ("old", "young")
        part = data.split("evaluation")
        assert all(int(id[-6:-4]) % 2 == label for id, label in zip(part.ids, part.labels, strict=True))
        assert len(ids(data)) == 20
        assert len(data.skipped) == 10
        assert "belongs to no class" in data.skipped[0].reason


@pytest.mark.parametrize(("text", "problem"), [
    ("cat/00.png,old\ncat/77.png,young", r"names 1 of 2 images that are not there: 'cat/77\.png'"),
    ("../secret.png,old\ncat/00.png,young", r"not there: '\.\./secret\.png'"),
    ("cat/00.png,old\ncat/00.png,young", r"line 2 .* gives 'cat/00\.png' the label 'young', and line 1 the"),
    ("cat/00.png,old\ncat/01.png", "line 2 .* is not file,label"),
    ("cat/00.png,\ncat/01.png,old", "line 1 .* is not file,label"),
    ("cat/00.png\ncat/01.png", "line 1 .* is not file,label"),
    ("cat/00.png,old\ncat/01.png,old", "one class, 'old'"),
    ("file,label\n", "has no line"),
    ("", "has no line"),
    ('cat/00.png,"old\n', "no CSV"),
    (b"\xff\xfe\0c,\0a", "is no text in UTF-16"),
    (b"cat/00.png,old\0\0\n", "no text: it holds zero bytes"),
])  # fmt: skip
def test_a_bad_csv_is_refused(pets: Path, read, tmp_path: Path, text, problem):
    labels = tmp_path / "labels.csv"
    labels.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=problem):
        read(pets, labels=str(labels))


def test_a_missing_csv_is_refused(pets: Path, read, tmp_path: Path):
    with pytest.raises(DataError, match=r"'none\.csv' cannot be read"):
        read(pets, labels=str(tmp_path / "none.csv"))


def test_numbers_as_classes_are_in_numeric_order_and_told(tmp_path: Path, read, draw):
    for name in ("2", "10", "1"):
        for index in range(4):
            draw(tmp_path / "numbers" / name / f"{index}.png")
    data = read(tmp_path / "numbers")
    assert data.classes == ("1", "2", "10")
    assert [note.code for note in data.warnings] == ["numeric_class_order", "few_images"]


def test_unusable_files_are_left_out_counted_and_named(pets: Path, read, draw):
    good = (pets / "cat" / "00.png").read_bytes()
    (pets / "cat" / "truncated.png").write_bytes(good[: len(good) // 2])
    photo = draw(pets / "cat" / "photo.jpg", (300, 300))
    photo.write_bytes(photo.read_bytes()[:20_000])
    (pets / "cat" / "empty.jpg").write_bytes(b"")
    (pets / "dog" / "text.png").write_text("not an image")
    (pets / "dog" / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (pets / "dog" / "page.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    Image.new("1", (7_000_000, 1)).save(pets / "dog" / "thin.png")
    os.mkfifo(pets / "dog" / "pipe.png")
    draw(pets / "loose.png")
    data = read(pets)
    assert len(ids(data)) == 30
    assert data.summary().n_skipped == 9
    assert {note.code for note in data.named_skipped} == {"image_skipped"}
    told = {file.id: file.reason for file in data.skipped}
    assert set(told) == {
        "cat/truncated.png",
        "cat/photo.jpg",
        "cat/empty.jpg",
        "dog/text.png",
        "dog/drawing.svg",
        "dog/page.eps",
        "dog/thin.png",
        "dog/pipe.png",
        "loose.png",
    }
    assert "truncated" in told["cat/photo.jpg"]
    assert "empty" in told["cat/empty.jpg"]
    assert "no image" in told["dog/text.png"]
    assert "belongs to no class" in told["loose.png"]


def test_mostly_unusable_files_are_refused(pets: Path, read):
    for path in sorted(pets.rglob("*.png"))[::2]:
        path.write_bytes(b"")
    (pets / "cat" / "notes.txt").write_text("one more than half")
    with pytest.raises(DataError, match="16 of 31 files in 'pets' are no usable images"):
        read(pets)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (10_001, 10_000)])
def test_an_image_that_claims_too_many_pixels_is_refused(pets: Path, read, width, height):
    (pets / "cat" / "huge.png").write_bytes(png_claiming(width, height))
    with pytest.raises(DataError, match=r"'cat/huge\.png' claims .* 100 million"):
        read(pets)


@pytest.mark.parametrize(("content", "problem"), [
    ([], "is empty"),
    (["00.png", "01.png"], "has no class folders"),
    (["cat/00.png", "cat/01.png"], "one class, 'cat'"),
    (["cat/", "dog/"], "'images' holds no images"),
    (["cat/00.png", "dog/"], "Read as 1 class, 1 image; left out: `dog`, empty: there is nothing to tell apart"),
    (["cat/00.png", "dog/00.png"], r"too few images or examples \(2\)"),
])  # fmt: skip
def test_folders_that_are_no_data_are_refused(tmp_path: Path, read, draw, content, problem):
    root = tmp_path / "images"
    root.mkdir()
    for name in content:
        (root / name).mkdir() if name.endswith("/") else draw(root / name)
    with pytest.raises(DataError, match=problem):
        read(root, split=Split(train=0.9, calibration=0, evaluation=0.1))


def test_an_empty_folder_without_labels_is_refused(tmp_path: Path, read):
    with pytest.raises(DataError, match="holds no images"):
        read(tmp_path, labels="none")


def test_what_is_missing_is_refused(tmp_path: Path, read):
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "nowhere")
    with pytest.raises(DataError, match="cannot be read"):
        read("nul\0byte")


def test_a_label_beyond_the_classes_or_the_outputs_is_refused(pets: Path, read):
    with pytest.raises(DataError, match=r"lack 1 of 2 labels: 'dog'"):
        read(pets, classes=("cat", "horse"))
    with pytest.raises(DataError, match=r"'dog' is number 3 .* the model has 2 outputs"):
        read(pets, classes=("cat", "horse", "dog"), n_outputs=2)


def test_copies_across_splits_are_told(pets: Path, read):
    for path in (pets / "dog").iterdir():
        path.write_bytes((pets / "dog" / "00.png").read_bytes())
    data = read(pets)
    (note,) = data.warnings
    assert note.code == "duplicate_images"
    n_dogs = sum(id.startswith("dog/") for id in data.split("evaluation").ids)
    assert note.text.startswith(f"{n_dogs} evaluation images are byte for byte the same")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".bmp", ".webp", ".tif", ".ppm", ".avif"])
def test_every_format_is_read(pets: Path, read, draw, suffix):
    draw(pets / "cat" / f"other{suffix}")
    data = read(pets)
    assert f"cat/other{suffix}" in ids(data)
    assert data.skipped == ()


def test_transparent_images_are_told(pets: Path, read):
    for name, alpha in (("a", 0), ("b", 254), ("c", 255)):
        Image.new("RGBA", (20, 20), (200, 0, 0, alpha)).save(pets / "cat" / f"{name}.png")
    (note,) = read(pets).warnings
    assert note.code == "transparent_images"
    assert note.text.startswith("2 of 33 images have transparent pixels. The model sees the colours stored beneath")


def test_an_image_that_vanishes_later_is_a_clear_error(pets: Path, read):
    part = read(pets).split("evaluation")
    (pets / part.ids[0]).unlink()
    with pytest.raises(DataError, match="can no longer be read"):
        next(part.batches(2))
