"""Zips, also hostile ones: nothing leaves the folder, nothing fills the disk, nothing stays behind."""

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from engine.data import SPLIT_NAMES, extraction
from engine.data.archive import unpack
from engine.data.extraction import Extraction, Quota
from engine.errors import DataError
from tests.hostile_images import tar_bytes, zip_bytes, zstd

GOOD = {"cat/00.png": b"a", "dog/00.png": b"b"}


def zipped(path: Path, entries: dict[str, bytes] | list[tuple[zipfile.ZipInfo | str, bytes]], **options) -> Path:
    with zipfile.ZipFile(path, "w", **options) as file:
        for name, content in entries.items() if isinstance(entries, dict) else entries:
            file.writestr(name, content)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def refused(path: Path, target: Path, problem: str) -> None:
    before = sorted(target.parent.rglob("*"))
    with pytest.raises(DataError, match=problem):
        unpack(path, target)
    assert sorted(target.parent.rglob("*")) == before


@pytest.mark.parametrize("wrapper", ["", "pets/", "download/pets/"])
def test_a_zip_is_the_same_data_as_its_folder(pets: Path, read, tmp_path: Path, wrapper: str):
    content = {f"{wrapper}{path.relative_to(pets).as_posix()}": path.read_bytes() for path in pets.rglob("*.png")}
    content["__MACOSX/cat/._00.png"] = content[f"{wrapper}.DS_Store"] = b"litter"
    work = tmp_path / "work"
    data, folder = read(zipped(tmp_path / "pets.zip", content), work=work), read(pets)
    assert data.sha256 == folder.sha256
    assert data.skipped == ()
    assert len([*work.rglob("*.png")]) == 30
    assert data.split("evaluation").pixels(0).shape == (16, 16, 3)
    part = data.split("train")
    del data
    assert part.pixels(0).shape == (16, 16, 3)
    del part
    assert [*work.iterdir()] == []


def test_the_labels_of_a_zip_may_come_from_a_csv(pets: Path, read, tmp_path: Path):
    content = {f"all/{index}.png": (pets / "dog" / f"{index:02d}.png").read_bytes() for index in range(18)}
    labels = tmp_path / "labels.csv"
    labels.write_text("".join(f"all/{index}.png,{index % 3}\n" for index in range(18)))
    data = read(zipped(tmp_path / "flat.zip", content), labels=str(labels))
    assert len({*data.selection.ids}.union(*(data.split(name).ids for name in SPLIT_NAMES))) == 18
    assert data.classes == ("0", "1", "2")


@pytest.mark.parametrize(("name", "problem"), [
    ("../evil.png", "points outside"),
    ("cat/../../evil.png", "points outside"),
    ("..\\evil.png", "points outside"),
    ("/tmp/evil.png", "absolute path"),
    ("C:\\evil.png", "absolute path"),
    ("\\\\server\\evil.png", "absolute path"),
    ("x" * 300 + ".png", "longer than 200 bytes"),
    ("a/" * 600 + "x.png", "longer than"),
    ("CAT/00.PNG", "only in case"),
    ("cat/00.png/x.png", "also a file"),
    ("cat", "also a file"),
    ("inner.zip", "archive inside"),
    ("cat/more.tar.gz", "archive inside"),
])  # fmt: skip
def test_a_bad_name_is_refused(tmp_path: Path, target: Path, name: str, problem: str):
    refused(zipped(tmp_path / "bad.zip", {**GOOD, name: b"x"}), target, problem)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice_is_refused(tmp_path: Path, target: Path):
    refused(zipped(tmp_path / "bad.zip", [*GOOD.items(), ("cat/00.png", b"other")]), target, "is there twice")


@pytest.mark.parametrize("mode", [0o120777, 0o010644, 0o020644])
def test_links_and_devices_are_refused(tmp_path: Path, target: Path, mode: int):
    entry = zipfile.ZipInfo("cat/link.png")
    entry.external_attr = mode << 16
    refused(zipped(tmp_path / "bad.zip", [*GOOD.items(), (entry, b"/etc/passwd")]), target, "link or a device")


def test_a_nul_in_a_name_is_refused(tmp_path: Path, target: Path):
    path = zipped(tmp_path / "bad.zip", {**GOOD, "cat/01_.png": b"x"})
    path.write_bytes(path.read_bytes().replace(b"cat/01_.png", b"cat/01\0.png"))
    refused(path, target, "NUL")


def test_a_bomb_is_stopped_while_it_streams(tmp_path: Path, target: Path):
    bomb = zipped(tmp_path / "bad.zip", {**GOOD, "cat/bomb.bmp": bytes(40_000_000)}, compression=zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 50_000
    refused(bomb, target, "more than 200 times its size")


def test_the_whole_may_not_be_too_large(tmp_path: Path, target: Path, monkeypatch):
    monkeypatch.setattr(extraction, "MAX_BYTES", 1000)
    refused(
        zipped(tmp_path / "bad.zip", {**GOOD, "cat/1.png": bytes(600), "cat/2.png": bytes(600)}), target, "unpacks to"
    )


def test_what_comes_out_is_counted_whatever_was_declared(target: Path):
    files = Extraction(target, Quota(entries=9, n_bytes=1999), "zip", may_hold_archives=True)
    with pytest.raises(DataError, match="brings the unpacked size over"):
        files.write("cat.png", PurePosixPath("cat.png"), io.BytesIO(bytes(2000)), 2000, None)
    assert (target / "cat.png").stat().st_size < 2000


@pytest.mark.parametrize(("declared", "problem"), [(1, "cannot be unpacked"), (1_000_000, "declares 1,000,000")])
def test_a_lying_size_is_refused(tmp_path: Path, target: Path, declared: int, problem: str):
    path = zipped(tmp_path / "bad.zip", {"cat/00.png": b"x" * 5000}, compression=zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", content, content.index(signature) + offset, declared)
    path.write_bytes(content)
    refused(path, target, problem)


def test_too_many_entries_are_refused(tmp_path: Path, target: Path, monkeypatch):
    monkeypatch.setattr(extraction, "MAX_ENTRIES", 3)
    refused(zipped(tmp_path / "bad.zip", {f"{index}.png": b"" for index in range(4)}), target, "has 4 entries")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_of_which_one_call_may_fill_the_memory_is_refused(tmp_path: Path, target: Path, method: int):
    path = zipped(tmp_path / "bad.zip", {**GOOD, "cat/1.png": b"x"}, compression=method)
    refused(path, target, "another method than deflate")


def test_damage_is_refused(tmp_path: Path, target: Path):
    path = zipped(tmp_path / "bad.zip", {"cat/00.png": bytes(range(256)) * 40}, compression=zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    for index in range(60, 100):
        content[index] ^= 0x5A
    path.write_bytes(content)
    refused(path, target, "cannot be unpacked")


def test_a_password_is_refused(tmp_path: Path, target: Path):
    path = zipped(tmp_path / "bad.zip", GOOD)
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    refused(path, target, "password|encrypted")


@pytest.mark.parametrize(("suffix", "name"), [("tar.bz2", "bzip2"), ("tar.xz", "xz")])
def test_another_compression_is_refused_by_name(tmp_path: Path, target: Path, suffix: str, name: str):
    path = tmp_path / f"images.{suffix}"
    with tarfile.open(path, f"w:{suffix.partition('.')[2]}") as file:
        entry = tarfile.TarInfo("cat/00.png")
        entry.size = 3
        file.addfile(entry, io.BytesIO(b"abc"))
    refused(path, target, f"'images.{suffix}' is compressed by {name}; images come as a folder, a zip, a tar")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_what_is_no_archive_is_refused(tmp_path: Path, target: Path, content: bytes):
    path = tmp_path / "images.zip"
    path.write_bytes(content)
    refused(path, target, r"'images\.zip' is neither a zip nor a tar")


def test_a_refused_zip_leaves_nothing_in_the_work_folder(tmp_path: Path, read):
    work = tmp_path / "work"
    with pytest.raises(DataError):
        read(zipped(tmp_path / "bad.zip", {**GOOD, "../evil.png": b"x"}), work=work)
    assert [*work.rglob("*.png")] == []


def tarred(path: Path, entries: dict[str, bytes]) -> Path:
    path.write_bytes(
        {".zst": zstd, ".gz": gzip.compress, ".tgz": gzip.compress}.get(path.suffix, bytes)(tar_bytes(entries))
    )
    return path


@pytest.mark.parametrize("name", ["pets.tar", "pets.tar.gz", "pets.tgz", "pets.tar.zst", "pets"])
def test_a_tar_is_the_same_data_as_its_folder(pets: Path, read, tmp_path: Path, name: str):
    content = {f"./pets/{path.relative_to(pets).as_posix()}": path.read_bytes() for path in pets.rglob("*.png")}
    content["./pets/cat/._00.png"] = b"litter"
    work = tmp_path / "work"
    (tmp_path / "made").mkdir()
    data = read(tarred(tmp_path / "made" / name, content), work=work)
    assert data.sha256 == read(pets).sha256
    del data
    assert [*work.iterdir()] == []


def per_class(pets: Path, write) -> dict[str, bytes]:
    """An archive of each class."""
    return {
        name: write({f"{name}/{path.name}": path.read_bytes() for path in (pets / name).iterdir()})
        for name in ("cat", "dog")
    }


@pytest.mark.parametrize("layout", ["zips in a folder", "tars in a folder", "zips in a zip", "zips in a tar"])
def test_an_archive_per_class_is_a_folder_per_class(pets: Path, read, tmp_path: Path, layout: str):
    inner, _, outer = layout.split(" ", 2)
    ending = inner[:-1]
    archives = per_class(pets, {"zip": zip_bytes, "tar": tar_bytes}[ending])
    named = {f"{name}.{ending}": content for name, content in archives.items()} | {"read me.txt": b"hello"}
    path = tmp_path / "own"
    if outer == "a folder":
        path.mkdir()
        for name, content in named.items():
            (path / name).write_bytes(content)
    else:
        path.write_bytes({"a zip": zip_bytes, "a tar": tar_bytes}[outer](named))
    before = sorted(tmp_path.rglob("*"))
    data = read(path, work=tmp_path / "work")
    assert data.classes == ("cat", "dog")
    assert len(data.split("train")) == 18
    del data
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "work"])


@pytest.mark.parametrize("names", [["pets.zip"], ["train.zip", "val.zip"]])
def test_a_zip_in_a_folder_is_what_is_in_it(pets: Path, read, tmp_path: Path, names: list[str]):
    content = {path.relative_to(pets).as_posix(): path.read_bytes() for path in pets.rglob("*.png")}
    (tmp_path / "own" / "deep").mkdir(parents=True)
    for name in names:
        (tmp_path / "own" / "deep" / name).write_bytes(zip_bytes(content))
    data = read(tmp_path / "own", work=tmp_path / "work")
    assert data.classes == ("cat", "dog")
    assert (len(data.split("train")) + len(data.split("calibration")) == 30) == (len(names) == 2)


def test_an_archive_beside_images_in_a_folder_is_told(pets: Path, read, tmp_path: Path):
    (pets / "old.zip").write_bytes(zip_bytes(GOOD))
    (note,) = read(pets).warnings
    assert note.text == (
        "There are archives beside the images, which were left out: 'old.zip'. To use them, unpack them"
    )


def test_archives_in_an_archive_share_one_quota(tmp_path: Path, target: Path, monkeypatch):
    monkeypatch.setattr(extraction, "MAX_BYTES", 700)
    inner = {f"{name}.zip": zip_bytes({"1.png": bytes(150)}) for name in "ab"}
    assert 400 < sum(map(len, inner.values())) < 700
    refused(zipped(tmp_path / "outer.zip", inner), target, "unpacks to|brings the unpacked size over")
