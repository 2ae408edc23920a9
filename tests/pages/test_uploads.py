"""Uploads of models on the Model page: several files become one, and a refused one leaves its reason alone."""

import hashlib
from pathlib import Path

import onnx
import pytest
import torch

from engine import FileModel, uploads
from engine.models.file_format import WEIGHTS_HINT
from pages._ui.draft import from_link
from pages._ui.model import onnx_view, weights_view
from tests.models.small import small_classifier

DATA = "model.onnx.data"
MIME = "application/octet-stream"


@pytest.fixture
def two_files(tmp_path) -> list[tuple[str, bytes, str]]:
    path = tmp_path / "model.onnx"
    onnx.save(small_classifier(), path, save_as_external_data=True, location=DATA, size_threshold=0)
    return [(one.name, one.read_bytes(), MIME) for one in (path, tmp_path / DATA)]


@pytest.fixture
def upload(app, look_into):
    """Uploads files on the Model page and looks into them."""
    at = app("pages/model.py", source="ONNX file")

    def files(*given: tuple[str, bytes, str]):
        next(one for one in at.file_uploader if one.label == onnx_view.LABEL).set_value(given).run()
        assert not at.exception
        assert "It is looked into before it is kept" in said(at)
        look_into()
        at.run()
        assert not at.exception
        return at

    return files


def said(at) -> str:
    return "\n".join(str(element.value) for element in [*at.caption, *at.markdown, *at.info, *at.error])


def chosen(at):
    return from_link(at.query_params.get("draft", "")).model


def left(queue) -> list[str]:
    folders = [path.name for place in (queue.home.uploads, queue.home.jobs) for path in place.iterdir()]
    return [*folders, *(job.id for job in queue.jobs(kind=None))]


def test_a_model_and_the_weights_beside_it_become_one_file_that_is_chosen(upload, two_files):
    at = upload(*two_files)
    (kept,) = uploads("onnx")
    content = Path(kept.path).read_bytes()
    assert (kept.name, kept.sha256) == ("model.onnx", hashlib.sha256(content).hexdigest())
    assert onnx.load_from_string(content).graph.initializer[0].raw_data
    assert chosen(at) == FileModel(sha256=kept.sha256)
    assert "one file now" in said(at)


def test_what_is_missing_is_asked_for_and_both_together_are_taken(upload, two_files, queue):
    at = upload(two_files[0])
    assert "Also upload 'model\\.onnx\\.data' together with the model" in said(at)
    assert "command line" not in said(at)
    assert (left(queue), chosen(at)) == ([], None)
    at.run()
    assert "Also upload" in said(at)
    at = upload(*two_files)
    assert "Also upload" not in said(at)
    assert chosen(at) == FileModel(sha256=uploads("onnx")[0].sha256)


def test_a_checkpoint_among_onnx_files_is_shown_the_way_to_its_place(upload, queue, tmp_path):
    torch.save({"a": torch.zeros(3)}, tmp_path / "last.pt")
    at = upload(("last.pt", (tmp_path / "last.pt").read_bytes(), MIME))
    assert weights_view.TITLE in WEIGHTS_HINT
    assert f"under Catalogue, in “{weights_view.TITLE}”" in said(at)
    assert "weights: FILE" not in said(at)
    assert left(queue) == []


def test_an_empty_file_is_refused_at_once_and_the_page_goes_on(app, queue):
    at = app("pages/model.py", source="ONNX file")
    next(one for one in at.file_uploader if one.label == onnx_view.LABEL).set_value([("a.onnx", b"", MIME)]).run()
    assert not at.exception
    assert "'a\\.onnx' is empty" in said(at)
    assert left(queue) == []
    assert any(one.label == onnx_view.LABEL for one in at.file_uploader)


def test_names_in_a_model_are_shown_as_they_are(upload, answer, tmp_path):
    """HTML in the names of nodes, inputs and the file is text."""
    name = "<img src=x onerror=alert(1)>"
    model = small_classifier()
    for node in model.graph.node:
        node.name = f"{name}{node.op_type}"
    model.graph.node[-1].output[0] = model.graph.output[0].name = "<script>"
    onnx.save(model, tmp_path / "m.onnx")
    at = upload(("<b>m.onnx", (tmp_path / "m.onnx").read_bytes(), MIME))
    answer(profiled(at, tmp_path))
    at.run()
    assert not at.exception
    raw = [element for element in at.markdown if element.allow_html]
    assert not [element.value for element in raw if "<img" in element.value or "<script" in element.value]
    shown = "\n".join(str(element.value) for element in [*at.caption, *at.markdown, *at.header, *at.subheader])
    assert "<img" not in shown.replace("\\<img", "")
    assert any(name in str(table.value.to_dict()) for table in at.dataframe)


def profiled(at, folder: Path):
    from engine.analyses.profile import profile
    from engine.settings import ProfileRequest
    from engine.store.folders import JobFolder
    from engine.store.progress import Progress

    job = JobFolder(folder / "profile")
    job.path.mkdir()
    source = FileModel(path=uploads("onnx")[0].path)
    return profile(ProfileRequest(model=source), job, Progress(job))
