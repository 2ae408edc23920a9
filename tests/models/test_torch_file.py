"""Checkpoints as trainings leave them: what stands beside the weights is neither imported nor run."""

import argparse
import collections
import pathlib
import pickle
import sys
import types

import numpy as np
import pytest
import torch

from engine.errors import SourceError
from engine.models import torch_file
from engine.models.torch_file import StandIn, read_torch

WEIGHTS = {"fc.weight": torch.arange(3.0)}


@pytest.mark.parametrize("beside", [
    {"args": argparse.Namespace(model="resnet18", lr=0.1, out=pathlib.Path("runs"), seed=np.int64(3))},
    {"best_acc1": np.float64(93.2), "history": np.arange(3)},
    {"hyper_parameters": collections.defaultdict(list, {"lr": [1e-3]}), "epoch": 3},
    {"optimizer": torch.optim.AdamW([torch.nn.Parameter(torch.zeros(2))]).state_dict()},
])  # fmt: skip
def test_settings_and_scores_beside_the_weights_do_not_keep_them_from_being_read(beside, tmp_path):
    torch.save({"state_dict": WEIGHTS, **beside}, tmp_path / "checkpoint.pth.tar")
    content = read_torch(tmp_path / "checkpoint.pth.tar")
    assert torch.equal(content["state_dict"]["fc.weight"], WEIGHTS["fc.weight"])
    assert not any(isinstance(value, argparse.Namespace | np.generic) for value in content.values())


def test_settings_that_are_a_dict_with_attributes_are_read_without_their_library(tmp_path, monkeypatch):
    library = types.ModuleType("yacs.config")
    library.CfgNode = type("CfgNode", (dict,), {"__module__": "yacs.config"})
    for name in ("yacs", "yacs.config"):
        monkeypatch.setitem(sys.modules, name, library)
    settings = library.CfgNode(lr=0.1)
    settings.frozen = True
    torch.save({"model": WEIGHTS, "cfg": settings}, tmp_path / "yacs.pth")
    for name in ("yacs", "yacs.config"):
        monkeypatch.delitem(sys.modules, name)
    assert read_torch(tmp_path / "yacs.pth")["cfg"] == {"lr": 0.1}
    assert "yacs" not in sys.modules


def test_a_stand_in_keeps_nothing_of_what_it_stands_for(tmp_path):
    torch.save({"args": argparse.Namespace(lr=0.1)}, tmp_path / "args.pt")
    stand_in = read_torch(tmp_path / "args.pt")["args"]
    assert isinstance(stand_in, StandIn)
    assert vars(stand_in) == {}


def test_the_list_of_stand_ins_ends_with_the_reading(tmp_path):
    torch.save({"args": argparse.Namespace()}, tmp_path / "args.pt")
    read_torch(tmp_path / "args.pt")
    with pytest.raises(pickle.UnpicklingError, match="Namespace"):
        torch.load(tmp_path / "args.pt", weights_only=True)


class Settings:
    """A class of the training's own code, which is on no list."""


def test_an_object_of_another_class_is_refused(tmp_path):
    torch.save({"state_dict": WEIGHTS, "settings": Settings()}, tmp_path / "own.pt")
    with pytest.raises(SourceError, match="Python objects") as caught:
        read_torch(tmp_path / "own.pt")
    assert caught.value.next == torch_file.SAVE_STATE


def test_whatever_bytes_are_changed_the_file_is_read_or_refused_in_words(tmp_path):
    torch.save({"state_dict": WEIGHTS, "args": argparse.Namespace(lr=0.1)}, tmp_path / "whole.pt")
    whole, path, refused = (tmp_path / "whole.pt").read_bytes(), tmp_path / "changed.pt", 0
    generator = np.random.default_rng(0)
    for _ in range(300):
        changed = bytearray(whole)
        for position in generator.integers(0, len(whole), 4):
            changed[position] = generator.integers(0, 256)
        path.write_bytes(changed)
        try:
            read_torch(path)
        except SourceError:
            refused += 1
    assert 0 < refused < 300
