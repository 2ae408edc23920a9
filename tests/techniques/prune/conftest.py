"""Small networks in which every branch lives, and a context of a few images for them."""

import pytest
import torch
from torch import nn

from engine.data import load
from engine.models.artifacts import build_module, save_weights, torch_model
from engine.settings import Preprocess, Split
from engine.techniques.prune.statistics import recalibrate
from engine.training.context import TrainingContext
from tests.made_contexts import made_context


@pytest.fixture
def given(tmp_path):
    """A function from an architecture and its px to a model and its context."""

    def make(architecture: str, px: int = 64):
        model = living(architecture, px, tmp_path / architecture)
        return model, context_for(model, tmp_path / architecture / "made")

    return make


def living(architecture, px, folder):
    """With 4 outputs and random weights; what timm begins with at zero or nearly is not."""
    module = build_module(architecture, 0, 4, 3)
    torch.manual_seed(0)
    with torch.no_grad():
        for layer in module.modules():
            for name, tensor in layer.named_parameters(recurse=False):
                if tensor.ndim == 1 and name != "bias" and not isinstance(layer, nn.Linear | nn.Conv2d):
                    tensor.uniform_(0.5, 1.5)
    folder.mkdir(exist_ok=True)
    preprocess = Preprocess(size=(px, px), mean=(0.5,) * 3, std=(0.25,) * 3)
    recalibrate(module.eval(), images_for(preprocess).split("evaluation").span(0, 8))
    return torch_model(
        architecture=architecture,
        num_classes=4,
        in_chans=3,
        img_size=None,
        seed=0,
        weights_label="random",
        weights=save_weights(module, folder / "weights.safetensors"),
        preprocess=preprocess,
    )


def images_for(preprocess):
    return load(None, Split(), preprocess, 0, merge_train=True, n_outputs=4)


def context_for(model, folder):
    """Synthetic images, and a folder."""
    folder.mkdir(exist_ok=True)
    return made_context(TrainingContext, images_for(model.preprocess), folder)
