"""An uploaded model becomes one sound file in its job's folder, or is refused."""

import onnx
import pytest
import torch

from engine.analyses.import_file import import_file
from engine.errors import SourceError
from engine.models.graph import read_onnx
from engine.settings import ImportRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.models.small import small_classifier


@pytest.fixture
def folder(tmp_path) -> JobFolder:
    folder = JobFolder(tmp_path)
    folder.upload.mkdir()
    return folder


def taken_in(folder: JobFolder, upload: str = "onnx"):
    files = tuple(sorted(path.name for path in folder.upload.iterdir()))
    return import_file(ImportRequest(upload=upload, files=files), folder, Progress(folder))


def save_apart(folder: JobFolder, location: str) -> None:
    path = folder.upload / "model.onnx"
    onnx.save(small_classifier(), path, save_as_external_data=True, location=location, size_threshold=0)


def test_a_whole_file_stays_as_it_is(folder):
    onnx.save(small_classifier(), folder.upload / "model.onnx")
    before = (folder.upload / "model.onnx").read_bytes()
    imported = taken_in(folder)
    assert (folder.path / imported.file).read_bytes() == before
    assert imported.notes == ()


@pytest.mark.parametrize(("location", "uploaded"), [
    ("model.onnx.data", "model.onnx.data"), ("sub/w+1.bin", "w_1.bin"), ("./w", "w"),
])  # fmt: skip
def test_weights_beside_it_are_taken_in_under_whatever_name_the_model_looks_for_them(folder, location, uploaded):
    save_apart(folder, uploaded)
    proto = onnx.load(folder.upload / "model.onnx", load_external_data=False)
    for tensor in proto.graph.initializer:
        next(entry for entry in tensor.external_data if entry.key == "location").value = location
    onnx.save(proto, folder.upload / "model.onnx")
    (folder.upload / "notes.txt").write_text("mine")
    imported = taken_in(folder)
    assert read_onnx(folder.path / imported.file).parameters == read_whole(folder).parameters
    assert [note.code for note in imported.notes] == ["embedded", "left_out"]
    assert repr(location) in imported.notes[0].text
    assert imported.notes[1].text.endswith("'notes.txt'.")


def read_whole(folder: JobFolder):
    onnx.save(small_classifier(), folder.path / "whole.onnx")
    return read_onnx(folder.path / "whole.onnx")


def test_a_file_that_is_missing_is_asked_for(folder):
    save_apart(folder, "model.onnx.data")
    (folder.upload / "model.onnx.data").unlink()
    with pytest.raises(SourceError) as caught:
        taken_in(folder)
    assert caught.value.next.startswith("Also upload 'model.onnx.data' together with the model")


@pytest.mark.parametrize(("names", "said"), [
    (("a.onnx", "b.onnx"), "2 of them end in .onnx"), (("a.data", "b.data"), "none of them ends in .onnx"),
    (("model.onnx_data",), "holds the weights of a model"),
])  # fmt: skip
def test_one_model_at_a_time(folder, names, said):
    for name in names:
        (folder.upload / name).write_bytes(b"x")
    with pytest.raises(SourceError, match=said):
        taken_in(folder)


def test_what_no_runtime_loads_is_refused_before_it_is_kept(folder):
    model = small_classifier()
    model.graph.node[0].op_type = "Nope"
    onnx.save(model, folder.upload / "model.onnx")
    with pytest.raises(SourceError, match="Nope"):
        taken_in(folder)


def test_a_file_that_needs_settings_is_kept_for_them(folder):
    """Which of two outputs are the class scores is asked later, on the page."""
    model = small_classifier()
    model.graph.node.add(op_type="Identity", input=[model.graph.output[0].name], output=["again"])
    model.graph.output.add().CopyFrom(model.graph.output[0])
    model.graph.output[1].name = "again"
    onnx.save(model, folder.upload / "model.onnx")
    with pytest.raises(SourceError, match="2 outputs"):
        read_onnx(folder.upload / "model.onnx")
    assert taken_in(folder).file == "upload/model.onnx"


def test_weights_are_read_and_kept_as_they_are(folder):
    torch.save({"a": torch.zeros(3)}, folder.upload / "w.pt")
    assert taken_in(folder, "weights").file == "upload/w.pt"
    (folder.upload / "w.pt").write_bytes(b"no weights")
    with pytest.raises(SourceError, match="not a PyTorch file"):
        taken_in(folder, "weights")
