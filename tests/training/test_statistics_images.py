import time

import numpy as np
import pytest
import torch
from torch import nn

from engine.data.synthetic import noise_pixels
from engine.settings import Preprocess
from engine.training import statistics_images as subject

PREPROCESS = Preprocess(size=(16, 16), mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))


def quiet(fraction, message, **metrics):
    pass


@pytest.fixture
def network() -> nn.Module:
    """It has seen stripes, dark ones in the last channel, and nothing else."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, momentum=None))
    module[0].momentum = None
    stripes = torch.zeros(32, 3, 16, 16)
    stripes[..., ::2] = torch.rand(32, 3, 16, 8) - 1
    module.train()(stripes)
    return module.eval()


def test_images_come_close_to_what_the_layers_have_recorded(network, monkeypatch):
    monkeypatch.setattr(subject, "STEPS", 150)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    noise = noise_pixels(PREPROCESS, 0)[:24]
    made = subject.make_images(network, PREPROCESS, noise, time.monotonic() + 600, quiet)
    assert made.pixels.shape == noise.shape
    assert made.pixels.dtype == np.uint8
    assert made.distance < 0.2
    seen = 255 * (np.array(PREPROCESS.std) * network[0].running_mean.numpy() + np.array(PREPROCESS.mean))
    np.testing.assert_allclose(made.pixels.mean((0, 1, 2)), seen, atol=12)
    assert np.abs(noise.mean((0, 1, 2)) - seen).max() > 40
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_deadline_leaves_noise_to_others(network):
    assert (
        subject.make_images(network, PREPROCESS, noise_pixels(PREPROCESS, 0)[:4], time.monotonic() - 1, quiet) is None
    )


@pytest.mark.parametrize("module", [
    nn.Conv2d(3, 4, 1), nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)),
    nn.BatchNorm2d(3, track_running_stats=False),
], ids=["no BatchNorm", "never trained", "no statistics"])  # fmt: skip
def test_a_network_without_statistics_makes_none(module):
    noise = noise_pixels(PREPROCESS, 0)[:4]
    assert subject.make_images(module.eval(), PREPROCESS, noise, time.monotonic() + 600, quiet) is None
