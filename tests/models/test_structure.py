"""Changed widths as data: what is written down is what is built."""

import torch
from torch import nn

from engine.models.structure import apply_changes, changes


class Net(nn.Module):
    """A layer with a list of widths, a flag, and a tensor that is no layer's."""

    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 1)
        self.norm = nn.BatchNorm2d(width)
        self.scale = nn.Parameter(torch.ones(width, 1, 1))
        self.splits, self.fused, self.shape = [width, width], width > 4, (1, width)

    def forward(self, images):
        return self.norm(self.conv(images)) * self.scale


def test_only_what_differs_is_written_down():
    assert changes(Net(4), Net(4)) == ()
    assert changes(Net(8), Net(4)) == (
        ("", "fused", False),
        ("", "shape", (1, 4)),
        ("", "splits", (4, 4)),
        ("conv", "out_channels", 4),
        ("norm", "num_features", 4),
    )


def test_it_is_built_again_with_its_values():
    narrow, wide = Net(4).eval(), Net(8).eval()
    apply_changes(wide, changes(Net(8), narrow), narrow.state_dict())
    wide.load_state_dict(narrow.state_dict())
    images = torch.randn(2, 3, 5, 5)
    assert torch.equal(wide(images), narrow(images))
    assert (wide.splits, wide.fused, wide.shape) == ([4, 4], False, (1, 4))
    assert changes(narrow, wide) == ()
