"""Hostile model files: each is refused with its own reason, in little time and memory, and touches nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch

from engine import models
from engine.errors import SourceError
from engine.models.graph import load_proto, read_onnx
from engine.models.onnx_source import whole_file
from engine.models.scan import MAX_DEPTH
from engine.models.weights import read_state
from engine.results import codes
from engine.settings import TimmModel
from tests.hostile import ONNX, WEIGHTS, Write, chain, entry, nested_if, network, safetensors, saved

MAX_GROWTH_BYTES = 150_000_000
"""Of the memory of whoever reads a file: the largest that is refused would fill 2.2 GB."""


def peak_bytes() -> int:
    """The most memory that this process has held since it was last asked; 0 where the system does not tell."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not status.exists():
        return 0
    (line,) = [line for line in status.read_text().splitlines() if "VmHWM" in line]
    reset.write_text("5")
    return 1024 * int(line.split()[1])


def take_in(path: Path) -> object:
    """What an import does with an ONNX file."""
    return whole_file(path, path.parent / "whole")


@pytest.fixture(scope="module", autouse=True)
def libraries(tmp_path_factory) -> None:
    """What is loaded with the first file of each kind is no file's memory."""
    folder = tmp_path_factory.mktemp("good")
    saved(network())(folder / "good.onnx")
    torch.save({"a": torch.zeros(2)}, folder / "good.pt")
    safetensors(b"{" + entry(0, 8) + b"}", bytes(8))(folder / "good.safetensors")
    take_in(folder / "good.onnx")
    for name in ("good.pt", "good.safetensors"):
        read_state(folder / name)


def refused(folder: Path, file: str, write: Write, read: Callable[[Path], object]) -> str:
    """What the file is refused with; no file is made or changed by reading it, and the next good one is read."""
    path = folder / file
    write(path)
    before = {one: one.lstat().st_mtime_ns for one in folder.rglob("*")}
    peak_bytes()
    held = peak_bytes()
    with pytest.raises(SourceError) as error:
        read(path)
    assert peak_bytes() - held < MAX_GROWTH_BYTES
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
    said = refused(folder, "m.onnx", write, take_in)
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


def checkpoint(change: Callable[[dict], object]) -> Write:
    """A state dict of a small network, as `change` leaves it."""
    return lambda path: torch.save(change(timm.create_model("test_resnet", num_classes=2).state_dict()), path)


def load(path: Path, folder: Path):
    (folder / "work").mkdir(exist_ok=True)
    return models.load(TimmModel(name="test_resnet", num_classes=2, weights=str(path)), None, 0, folder / "work")


@pytest.mark.parametrize(("write", "told"), [
    (checkpoint(lambda state: {"state_dict": state}), {"weights_unwrapped"}),
    (checkpoint(lambda state: {f"module.{name}": value for name, value in state.items()}), {"weights_prefix"}),
    (checkpoint(lambda state: state | {"fc.weight": state["fc.weight"] * torch.nan}), {"weights_not_finite"}),
], ids=["a wrapper", "a prefix", "NaN"])  # fmt: skip
def test_what_is_odd_and_can_be_used_is_told(folder, write, told):
    write(folder / "m.pt")
    assert {note.code for note in load(folder / "m.pt", folder).warnings} == {*told, codes.PREPROCESS_ASSUMED}


@pytest.mark.parametrize(("write", "reason"), [
    (checkpoint(lambda state: {name: state[name] for name in list(state)[:-1]}), "1 tensor missing: fc.bias"),
    (checkpoint(lambda state: state | {"odd": torch.zeros(1)}), "1 tensor unexpected: odd"),
    (checkpoint(lambda state: state | {"fc.bias": torch.zeros(3)}), "fc.bias (3,) instead of (2,)"),
], ids=["missing", "unexpected", "another shape"])  # fmt: skip
def test_what_does_not_fit_its_architecture_is_refused_with_the_difference(folder, write, reason):
    assert reason in refused(folder, "m.pt", write, lambda path: load(path, folder.parent))
