"""A training that was interrupted goes on where it was and ends as if nothing had been."""

import math

import pytest
import torch
from timm.data.mixup import Mixup
from torch import nn

from engine.settings import Finetune
from engine.training.loop import fit
from engine.training.objectives import Labels
from tests.training.test_loop import PREPROCESS, squares

SETTINGS = Finetune(epochs=4, ema_decay=0.9, optimizer="sgd", arithmetic="channels_last")


class Killed(BaseException):
    """As a signal ends it."""


def network():
    """With dropout and batch norm, which have a state and draw random numbers."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 5, 4), nn.BatchNorm2d(4), nn.Flatten(), nn.Dropout(0.2), nn.Linear(196, 2))


def train(path, until=math.inf):
    """Killed after so many epochs; all points that were heard, and the weights at the end."""
    pixels, labels = squares()
    module, heard = network(), []

    def on_epoch(point):
        heard.append(point)
        if point.epoch > until:
            raise Killed

    objective = Labels(labels, 0.1, mixup=Mixup(0.2, num_classes=2))
    fit(module, pixels, objective, PREPROCESS, SETTINGS, seed=0, deadline=math.inf, on_epoch=on_epoch, checkpoint=path)
    return heard, module.state_dict()


@pytest.mark.parametrize("done", [1, 3])
def test_a_killed_training_goes_on_to_the_same_end(monkeypatch, tmp_path, done):
    monkeypatch.setattr("engine.training.checkpoint.EVERY_SECONDS", 0.0)
    whole, expected = train(None)
    path = tmp_path / "made" / "training.pt"
    with pytest.raises(Killed):
        train(path, until=done)
    state = torch.load(path)
    assert (len(state["points"]), set(state["parts"])) == (done, {"module", "optimizer", "average"})
    heard, weights = train(path)
    assert heard == whole
    assert all(torch.equal(weights[name], value) for name, value in expected.items())
    assert not [file for file in path.parent.iterdir() if file != path]


def test_short_epochs_are_not_each_written(tmp_path):
    with pytest.raises(Killed):
        train(tmp_path / "training.pt", until=2)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "lamb"])
def test_a_step_is_the_same_in_either_layout_of_memory(optimizer):
    """A fused step goes over weights and gradients as they lie."""
    pixels, labels = squares()
    ended = []
    for arithmetic in ("float32", "channels_last"):
        torch.manual_seed(0)
        module = nn.Sequential(nn.Conv2d(1, 8, 5, 4), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.Flatten(), nn.Linear(100, 2))
        settings = Finetune(epochs=1, optimizer=optimizer, arithmetic=arithmetic)
        fit(
            module,
            pixels,
            Labels(labels, 0.1),
            PREPROCESS,
            settings,
            seed=0,
            deadline=math.inf,
            on_epoch=lambda point: None,
        )
        ended.append(torch.cat([value.flatten() for value in module.parameters()]))
    assert torch.allclose(*ended, atol=1e-4)
