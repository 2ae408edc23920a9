"""The user's own weights: every form that is read, and every one that is refused without running anything in it."""

import io
import zipfile
from collections import OrderedDict

import pytest
import timm
import torch
from safetensors.torch import save_file

from engine import models
from engine.errors import SourceError
from engine.models.weights import read_state
from engine.settings import TimmModel

NAME = "test_resnet"


def network(**changes):
    torch.manual_seed(5)
    return timm.create_model(NAME, **{"num_classes": 7, **changes}).eval()


def load(path, folder, **changes):
    return models.load(TimmModel(name=NAME, weights=str(path), **changes), None, 0, folder)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "work"
    path.mkdir()
    return path


@pytest.mark.parametrize("form", ["state.pt", "state.pth", "state.safetensors"])
def test_the_weights_arrive_and_tell_their_classes_and_channels(form, tmp_path, folder):
    module, path = network(in_chans=1), tmp_path / form
    save_file(module.state_dict(), path) if form.endswith("safetensors") else torch.save(module.state_dict(), path)
    model = load(path, folder)
    image = torch.rand(2, 1, 64, 64)
    assert (model.num_classes, model.in_chans, model.weights_label) == (7, 1, "file")
    assert model.weights.suffix == ".safetensors"
    assert len(model.preprocess.mean) == 1
    with torch.no_grad():
        assert torch.equal(model.build()(image), module(image))
    assert [note.code for note in model.warnings] == ["classes_from_weights", "preprocess_assumed"]
    assert "at 160x160 px, is assumed" in model.warnings[1].text
    assert [note.code for note in load(path, folder, num_classes=7).warnings] == ["preprocess_assumed"]
    source = TimmModel(name=NAME, weights=str(path))
    assert [note.code for note in models.load(source, model.preprocess, 0, folder).warnings] == ["classes_from_weights"]


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state_dict", "model", "state_dict_ema", "ema"])
def test_a_checkpoint_is_unwrapped_and_told(wrapper, tmp_path, folder):
    state = {f"module.{name}": value for name, value in network().state_dict().items()}
    torch.save({wrapper: OrderedDict(state), "epoch": 3}, tmp_path / "checkpoint.pt")
    model = load(tmp_path / "checkpoint.pt", folder)
    assert [note.code for note in model.warnings] == [
        "weights_unwrapped",
        "weights_prefix",
        "classes_from_weights",
        "preprocess_assumed",
    ]
    assert f"'{wrapper}'" in model.warnings[0].text
    assert "'module.'" in model.warnings[1].text


def test_of_two_sets_of_weights_the_averaged_one_is_taken_and_told(tmp_path):
    last, averaged = {"a": torch.zeros(1)}, {"a": torch.ones(1)}
    torch.save({"state_dict": last, "state_dict_ema": averaged, "ema": None}, tmp_path / "two.pt")
    state, notes = read_state(tmp_path / "two.pt")
    assert state["a"] == 1
    assert "'state_dict_ema' was taken, the averaged weights" in notes[0].text
    torch.save({"model": {"state_dict": last}, "model_ema": None, "ema": {"decay": 0.9}}, tmp_path / "one.pt")
    state, notes = read_state(tmp_path / "one.pt")
    assert state["a"] == 0
    assert "'model.state_dict' was taken." in notes[0].text


def test_what_compiling_inserts_into_names_is_removed_wherever_it_stands(tmp_path):
    torch.save({"blocks.0._orig_mod.fc.weight": torch.zeros(1)}, tmp_path / "compiled.pt")
    state, notes = read_state(tmp_path / "compiled.pt")
    assert list(state) == ["blocks.0.fc.weight"]
    assert "'_orig_mod.'" in notes[0].text


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_quantized_and_sparse_tensors_are_refused_in_words(tmp_path):
    quantized = torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8)
    for name, tensor, reason in (
        ("int8.pt", quantized, "1 quantized tensor \\(a\\)"),
        ("sparse.pt", torch.eye(3).to_sparse(), "1 tensor that are sparse"),
    ):
        torch.save({"a": tensor}, tmp_path / name)
        with pytest.raises(SourceError, match=reason):
            read_state(tmp_path / name)


def test_nan_weights_are_warned_of(tmp_path, folder):
    module = network()
    with torch.no_grad():
        module.get_classifier().weight[0, 0] = float("nan")
    torch.save(module.state_dict(), tmp_path / "nan.pt")
    codes = [note.code for note in load(tmp_path / "nan.pt", folder, num_classes=7).warnings]
    assert codes == ["preprocess_assumed", "weights_not_finite"]


def test_weights_of_another_architecture_are_refused_with_the_difference(tmp_path, folder):
    torch.save(timm.create_model("test_vit").state_dict(), tmp_path / "vit.pt")
    with pytest.raises(
        SourceError, match=r"'vit\.pt' do not fit.* missing: conv1.*, … ?; .* unexpected: cls_token"
    ) as caught:
        load(tmp_path / "vit.pt", folder)
    assert len(str(caught.value)) < 600


def test_another_shape_is_refused_with_both(tmp_path, folder):
    torch.save(network().state_dict(), tmp_path / "seven.pt")
    with pytest.raises(SourceError, match=r"fc\.bias \(7,\) instead of \(3,\)") as caught:
        load(tmp_path / "seven.pt", folder, num_classes=3)
    assert "has 7 outputs" in caught.value.next
    with pytest.raises(SourceError, match=r"conv1\.0\.weight \(16, 3, 3, 3\) instead of \(16, 1, 3, 3\)") as caught:
        load(tmp_path / "seven.pt", folder, in_chans=1)
    assert "takes 3 channels" in caught.value.next


def test_a_tensor_that_pretends_to_be_huge_is_refused_unmade(tmp_path, folder):
    state = network().state_dict()
    state["conv1.0.weight"] = torch.zeros(1).expand(2**20, 2**20)
    torch.save(state, tmp_path / "huge.pt")
    with pytest.raises(SourceError, match="more values than are stored"):
        load(tmp_path / "huge.pt", folder)


class Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return __import__("os").system, (self.command,)


def test_a_pickle_with_a_command_is_refused_and_nothing_runs(tmp_path):
    torch.save({"weights": Payload(f"touch {tmp_path / 'ran'}")}, tmp_path / "evil.pt")
    with pytest.raises(SourceError, match="could run anything"):
        read_state(tmp_path / "evil.pt")
    assert not (tmp_path / "ran").exists()


def test_a_whole_module_is_refused_and_the_way_out_named(tmp_path):
    torch.save(network(), tmp_path / "module.pt")
    with pytest.raises(SourceError) as caught:
        read_state(tmp_path / "module.pt")
    assert "state dict" in caught.value.next


def test_torchscript_is_refused(tmp_path):
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "script.pt")
    with pytest.raises(SourceError, match="TorchScript"):
        read_state(tmp_path / "script.pt")


def test_an_exported_program_is_refused_whatever_its_name(tmp_path):
    program = torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),))
    torch.export.save(program, tmp_path / "program.pt2")
    (tmp_path / "renamed.pt").write_bytes((tmp_path / "program.pt2").read_bytes())
    for name in ("program.pt2", "renamed.pt"):
        with pytest.raises(SourceError, match="exported program"):
            read_state(tmp_path / name)


def _zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("photo.txt", "no weights")
    return content.getvalue()


@pytest.mark.parametrize(("name", "content"), [
    ("empty.pt", b""), ("empty.safetensors", b""), ("text.pt", b"hello"), ("text.safetensors", b"hello there, hello"),
    ("huge_header.safetensors", b"\xff" * 8 + b"{}"), ("zip.pt", _zip()), ("html.pt", b"<!DOCTYPE html>"),
])  # fmt: skip
def test_damaged_files_are_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=name):
        read_state(tmp_path / name)


@pytest.mark.parametrize("content", [{}, [1, 2], {"state_dict": {}}, {"epoch": 3}, {"a": torch.zeros(1), "b": "text"}])
def test_what_holds_no_weights_by_name_is_refused(content, tmp_path):
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(SourceError, match=r"other\.pt"):
        read_state(tmp_path / "other.pt")


def test_a_cut_off_state_dict_is_refused(tmp_path):
    torch.save(network().state_dict(), tmp_path / "whole.pt")
    (tmp_path / "cut.pt").write_bytes((tmp_path / "whole.pt").read_bytes()[:5000])
    with pytest.raises(SourceError, match=r"cut\.pt"):
        read_state(tmp_path / "cut.pt")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SourceError, match="no weights file"):
        read_state(tmp_path / "nothing.pt")


def test_weights_that_are_not_those_of_the_recipe_are_refused(tmp_path, folder):
    torch.save(network().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(SourceError, match="SHA-256"):
        load(tmp_path / "weights.pt", folder, weights_sha256="0" * 64)
