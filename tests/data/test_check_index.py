"""What a file was found to be is kept, and used only as long as the file is the same."""

import gc
import itertools
import os
import shutil
import tarfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.data import Data, check_index, within
from engine.errors import DataError
from engine.store.cache import Cache
from tests.data.test_images import png_claiming

LONG_AGO = time.time_ns() - 10**12


@pytest.fixture
def files_read(monkeypatch) -> list[str]:
    """The ids of the files that are read and decoded."""
    ids: list[str] = []
    check = check_index.check
    monkeypatch.setattr(check_index, "check", lambda file: (ids.append(file.id), check(file))[1])
    return ids


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def aged(root: Path) -> Path:
    """The same folder, whose files were changed long ago: fresh ones are read again."""
    for file in root.rglob("*"):
        os.utime(file, ns=(LONG_AGO, LONG_AGO))
    return root


def as_zip(root: Path) -> Path:
    return Path(shutil.make_archive(str(root.with_name("packed")), "zip", root))


def as_tar(root: Path) -> Path:
    path = root.with_name("packed.tar.gz")
    with tarfile.open(path, "w:gz") as archive:
        archive.add(root, ".")
    return path


def as_folder_of_zips(root: Path) -> Path:
    for name in ("cat", "dog"):
        shutil.make_archive(str(root.with_name("zips") / name), "zip", root / name)
    return root.with_name("zips")


def as_parquet(root: Path) -> Path:
    files = sorted(root.rglob("*.png"))
    labels = pa.array([file.parent.name for file in files])
    path = root.with_name("packed.parquet")
    pq.write_table(pa.table({"image": pa.array([file.read_bytes() for file in files]), "label": labels}), path)
    return path


def same(data: Data, other: Data) -> bool:
    return (data.sha256, data.skipped, data.warnings) == (other.sha256, other.skipped, other.warnings)


@pytest.mark.parametrize("packed", [aged, as_zip, as_tar, as_folder_of_zips, as_parquet])
def test_nothing_is_read_twice(packed, pets: Path, read, cache, files_read):
    (pets / "cat" / "broken.png").write_bytes(b"no image")
    source = packed(pets)
    first = read(source, cache=cache)
    assert len(files_read) == 31
    assert same(read(source, cache=cache), first)
    assert same(read(source), first)
    assert len(files_read) == 62
    assert [file.id.split("/")[-1] for file in first.skipped] == [
        "0000012.png" if packed is as_parquet else "broken.png"
    ]


def rewritten(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1] + b"x")


def rewritten_with_the_same_time(file: Path) -> None:
    rewritten(file)
    os.utime(file, ns=(LONG_AGO, LONG_AGO))


def grown(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"x")
    os.utime(file, ns=(LONG_AGO, LONG_AGO))


@pytest.mark.parametrize("change", [rewritten, rewritten_with_the_same_time, grown])
def test_a_changed_file_alone_is_read_again(change, pets: Path, read, cache, files_read):
    first = read(aged(pets), cache=cache)
    change(pets / "dog" / "03.png")
    files_read.clear()
    assert read(pets, cache=cache).sha256 != first.sha256
    assert files_read == ["dog/03.png"]


def test_a_new_file_is_read_and_a_removed_one_is_forgotten(pets: Path, read, draw, cache, files_read):
    read(aged(pets), cache=cache)
    (pets / "dog" / "03.png").unlink()
    draw(pets / "dog" / "99.png")
    os.utime(pets / "dog" / "99.png", ns=(LONG_AGO, LONG_AGO))
    files_read.clear()
    data = read(pets, cache=cache)
    assert files_read == ["dog/99.png"]
    assert same(data, read(pets))
    files_read.clear()
    read(pets, cache=cache)
    assert files_read == []


def test_a_file_that_changed_a_moment_ago_is_read_again(pets: Path, read, cache, files_read):
    aged(pets)
    os.utime(pets / "cat" / "00.png")
    read(pets, cache=cache)
    files_read.clear()
    read(pets, cache=cache)
    assert files_read == ["cat/00.png"]


def test_another_archive_of_the_same_name_and_sizes_is_read(pets: Path, read, cache, files_read):
    read(as_zip(pets), cache=cache)
    rewritten(pets / "dog" / "03.png")
    files_read.clear()
    read(as_zip(pets), cache=cache)
    assert len(files_read) == 30


def test_what_was_found_fits_any_preprocessing(pets: Path, read, cache, files_read, draw, monkeypatch):
    draw(pets / "cat" / "thin.png", size=(2, 1000))
    read(aged(pets), cache=cache)
    monkeypatch.setattr("engine.data.preprocess.MAX_PIXELS", 100_000)
    files_read.clear()
    (thin,) = read(pets, cache=cache).skipped
    assert thin.reason == "it is 1000 x 2 px, too long and thin to be resized"
    assert files_read == []


def test_an_image_with_too_many_pixels_is_refused_each_time(pets: Path, read, cache):
    (pets / "cat" / "huge.png").write_bytes(png_claiming(100_000, 100_000))
    for _ in range(2):
        with pytest.raises(DataError, match=r"huge\.png"):
            read(aged(pets), cache=cache)


def test_a_damaged_index_is_not_believed(pets: Path, read, cache, files_read, tmp_path: Path):
    first = read(aged(pets), cache=cache)
    (index,) = (tmp_path / "cache").glob("*/checks.jsonl")
    index.write_text(index.read_text().replace("false", "true"))
    files_read.clear()
    assert same(read(pets, cache=cache), first)
    assert len(files_read) == 30


@pytest.mark.parametrize("packed", [aged, as_zip, as_tar, as_folder_of_zips, as_parquet])
def test_progress_counts_and_never_falls(packed, pets: Path, read):
    events: list[tuple[float, str]] = []
    read(packed(pets), on_progress=lambda share, text: events.append((share, text)))
    shares, texts = [share for share, _ in events], [text for _, text in events]
    assert events[0] == (0.0, "listing the images")
    assert events[-1] == (1.0, "30 of 30 images read")
    assert "12 of 30 images read" in texts
    assert np.all(np.diff(shares) >= 0)
    assert any("unpacked" in text for text in texts) == (packed is not aged)
    assert len(events) < 70


@pytest.mark.parametrize(
    ("packed", "stage"),
    [(aged, "read"), *itertools.product([as_zip, as_tar, as_folder_of_zips, as_parquet], ["unpacked", "read"])],
)
def test_a_cancel_leaves_nothing_behind(packed, stage: str, pets: Path, read, cache, tmp_path: Path):
    def cancel(share: float, text: str) -> None:
        if text.endswith(stage):
            raise KeyboardInterrupt

    source = packed(pets)
    with pytest.raises(KeyboardInterrupt):
        read(source, cache=cache, work=tmp_path / "work", on_progress=cancel)
    assert not (tmp_path / "cache").exists()
    gc.collect()  # what was unpacked goes with the last reference to it
    assert not (tmp_path / "work").exists() or not any((tmp_path / "work").iterdir())


def test_of_work_that_begins_anew_the_messages_alone_go_on():
    events: list[tuple[float, str]] = []
    report = within(lambda share, text: events.append((share, text)), 0.5, 1.0)
    for share in (0.0, 0.001, 1.0, 0.5, 1.0):
        report(share, f"{share:.0%}")
    assert events == [(0.5, "0%"), (1.0, "100%"), (1.0, "50%"), (1.0, "100%")]
