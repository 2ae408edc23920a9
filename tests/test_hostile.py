"""Hostile model files: each is refused with its own reason, in little time and memory, and touches nothing."""

from pathlib import Path

import pytest

from engine.errors import SourceError
from engine.models.graph import load_proto, read_onnx
from engine.models.scan import MAX_DEPTH
from engine.models.weights import read_state
from tests.hostile import ONNX, WEIGHTS, Write, chain, nested_if, network, saved


def refused(folder: Path, file: str, write: Write, read) -> str:
    """What the file is refused with; no file is made or changed by reading it, and the next good one is read."""
    path = folder / file
    write(path)
    before = {one: one.lstat().st_mtime_ns for one in folder.rglob("*")}
    with pytest.raises(SourceError) as error:
        read(path)
    assert {one: one.lstat().st_mtime_ns for one in folder.rglob("*")} == before
    saved(network())(folder / "good.onnx")
    assert read_onnx(folder / "good.onnx").n_outputs == 2
    return str(error.value)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The working directory too, since external data is looked for there as well."""
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path / "own")
    return tmp_path / "own"


@pytest.mark.parametrize(("write", "reason"), ONNX.values(), ids=ONNX.keys())
def test_a_hostile_onnx_file_is_refused_with_its_reason(folder, write, reason):
    said = refused(folder, "m.onnx", write, read_onnx)
    assert reason in said
    assert "root:" not in said


@pytest.mark.parametrize(("ending", "write", "reason"), WEIGHTS.values(), ids=WEIGHTS.keys())
def test_hostile_weights_are_refused_with_their_reason(folder, ending, write, reason):
    assert reason in refused(folder, f"m.{ending}", write, read_state)
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("model", [nested_if(30), chain(MAX_DEPTH - 2)], ids=["nested If", "a chain of functions"])
def test_what_is_deep_and_harmless_is_read(folder, model):
    saved(model)(folder / "m.onnx")
    assert load_proto(folder / "m.onnx").graph.node
