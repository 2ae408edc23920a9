import hashlib
from io import BytesIO
from pathlib import Path

import pytest

from engine.errors import DataError, NotFoundError, StorageError
from engine.store import home as home_module
from engine.store.uploads import (
    CHUNK_BYTES,
    delete_upload,
    find_upload,
    path_sum,
    safe_name,
    save_folder,
    save_upload,
    uploads,
)


def files(*names: str):
    return [(name, BytesIO(name.encode())) for name in names]


class Breaking(BytesIO):
    """A browser that is closed in the middle of an upload."""

    def read(self, size=-1):
        if self.tell():
            raise ConnectionResetError("the browser was closed")
        return super().read(size)


def test_a_file_is_kept_under_its_sum(home):
    content = b"x" * (CHUNK_BYTES + 1)
    upload = save_upload(home, "model.onnx", "onnx", BytesIO(content))
    assert upload.sha256 == hashlib.sha256(content).hexdigest()
    assert Path(upload.path).read_bytes() == content
    assert Path(upload.path) == home.uploads / upload.sha256 / "model.onnx"
    assert find_upload(home, upload.sha256) == upload
    assert uploads(home) == uploads(home, "onnx") == (upload,)
    assert uploads(home, "images") == ()


def test_the_same_bytes_are_kept_once(home):
    first = save_upload(home, "a.onnx", "onnx", BytesIO(b"same"))
    second = save_upload(home, "b.pth", "weights", BytesIO(b"same"))
    assert second.path == first.path
    assert [(upload.name, upload.kind) for upload in uploads(home)] == [("a.onnx", "weights")]


@pytest.mark.parametrize("save", [
    lambda home: save_upload(home, "a", "onnx", Breaking(b"x" * 3 * CHUNK_BYTES)),
    lambda home: save_folder(home, [("a", Breaking(b"x" * 3 * CHUNK_BYTES))]),
])  # fmt: skip
def test_a_broken_upload_leaves_nothing(home, save):
    with pytest.raises(StorageError, match="cannot be stored"):
        save(home)
    assert list(home.uploads.iterdir()) == []


def test_an_empty_file_is_refused(home):
    with pytest.raises(DataError, match=r"'a\.onnx' is empty"):
        save_upload(home, "a.onnx", "onnx", BytesIO())
    assert list(home.uploads.iterdir()) == []


def test_a_nearly_full_disk_refuses_while_streaming(home, monkeypatch):
    monkeypatch.setattr(home_module, "FREE_FLOOR_BYTES", 10**18)
    with pytest.raises(StorageError, match="MB are needed"):
        save_upload(home, "a.onnx", "onnx", BytesIO(b"x"))
    assert list(home.uploads.iterdir()) == []


def test_a_folder_keeps_its_names(home):
    upload = save_folder(home, files("pets/cat/1.png", "pets/dog/1.png"))
    assert upload.name == "pets"
    assert (Path(upload.path) / "pets" / "cat" / "1.png").read_bytes() == b"pets/cat/1.png"
    assert path_sum(Path(upload.path)) == upload.sha256


def test_a_folder_s_sum_does_not_depend_on_the_order(home):
    assert save_folder(home, files("a", "b")).sha256 == save_folder(home, files("b", "a")).sha256
    assert save_folder(home, files("a", "b")).sha256 != save_folder(home, files("a", "c")).sha256


@pytest.mark.parametrize("names", [
    ["/etc/passwd"], ["../a"], ["a/../../b"], ["..\\a"], ["C:\\a"], ["a\0b"], [""], ["a" * 300], ["Cat.png", "cat.PNG"],
    ["a.png", "a.png"], [],
])  # fmt: skip
def test_names_that_could_do_harm_are_refused(home, names):
    with pytest.raises(DataError):
        save_folder(home, files(*names))
    assert list(home.uploads.iterdir()) == []


def test_a_file_where_a_folder_is_leaves_nothing(home):
    with pytest.raises(StorageError):
        save_folder(home, files("a", "a/b"))
    assert list(home.uploads.iterdir()) == []


def test_deleting(home):
    upload = save_upload(home, "a.onnx", "onnx", BytesIO(b"x"))
    delete_upload(home, upload.sha256)
    assert uploads(home) == ()
    assert list(home.uploads.iterdir()) == []
    with pytest.raises(NotFoundError):
        delete_upload(home, upload.sha256)


@pytest.mark.parametrize("sha256", ["..", "../jobs", "", "0" * 64])
def test_no_upload_of_that_name(home, sha256):
    with pytest.raises(NotFoundError):
        find_upload(home, sha256)


def test_a_damaged_description_hides_one_upload_only(home):
    kept = save_upload(home, "a.onnx", "onnx", BytesIO(b"x"))
    broken = save_upload(home, "b.onnx", "onnx", BytesIO(b"y"))
    (home.uploads / broken.sha256 / "meta.json").write_text("{")
    assert uploads(home) == (kept,)


@pytest.mark.parametrize(("given", "kept"), [
    ("model.onnx", "model.onnx"), ("../../etc/passwd", "passwd"), ("C:\\x\\model.onnx", "model.onnx"),
    ("a\0b\n.onnx", "a_b_.onnx"), ("$(rm -rf).onnx", "__rm -rf_.onnx"), ("Modèle.onnx", "Modèle.onnx"),
    ("", "upload"), ("...", "upload"), ("meta.json", "upload-meta.json"), (".hidden", "hidden"),
    ("a" * 300 + ".onnx", "a" * 145 + ".onnx"),
])  # fmt: skip
def test_names_are_made_safe(given, kept):
    assert safe_name(given) == kept


def test_all_uploads_together_have_a_limit(home, monkeypatch):
    kept = save_upload(home, "a.onnx", "onnx", BytesIO(b"x"))
    monkeypatch.setattr("engine.store.uploads.MAX_UPLOADS_BYTES", 1)
    with pytest.raises(StorageError, match=r"uploads of this home fill .* are allowed") as caught:
        save_upload(home, "b.onnx", "onnx", BytesIO(b"y"))
    assert caught.value.code == "quota"
    assert [path.name for path in home.uploads.iterdir()] == [kept.sha256]
    delete_upload(home, kept.sha256)
    assert save_upload(home, "b.onnx", "onnx", BytesIO(b"y"))
