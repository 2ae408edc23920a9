"""A checkpoint whose architecture nobody named: what it may be of, offered and never assumed."""

import hashlib

import pytest
import timm
import torch

from engine.analyses.identify import identify
from engine.errors import SourceError
from engine.settings import IdentifyRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress


def found(path, tmp_path, sha256=None):
    request = IdentifyRequest(weights=str(path), weights_sha256=sha256)
    return identify(request, JobFolder(tmp_path / "job"), Progress(lambda event: None))


def test_a_training_s_checkpoint_gives_its_architecture_away(tmp_path):
    module = timm.create_model("test_resnet", num_classes=4)
    state = {f"model.{name}": value for name, value in module.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "last.ckpt")
    identification = found(tmp_path / "last.ckpt", tmp_path)
    assert identification.architectures == ("test_resnet",)
    assert (identification.name, identification.n_tensors) == ("last.ckpt", len(state))
    assert identification.parameters == sum(value.numel() for value in state.values())
    assert [note.code for note in identification.notes] == ["weights_unwrapped"]


def test_what_is_of_no_architecture_is_said_to_be_of_none(tmp_path):
    torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / "linear.pt")
    assert found(tmp_path / "linear.pt", tmp_path).architectures == ()


def test_another_file_than_the_one_that_was_named_is_refused(tmp_path):
    torch.save({"a": torch.zeros(1)}, tmp_path / "weights.pt")
    right = hashlib.sha256((tmp_path / "weights.pt").read_bytes()).hexdigest()
    assert found(tmp_path / "weights.pt", tmp_path, right).n_tensors == 1
    with pytest.raises(SourceError, match="has changed"):
        found(tmp_path / "weights.pt", tmp_path, "0" * 64)
