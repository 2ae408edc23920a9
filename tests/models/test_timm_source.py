"""timm's architectures: names, heads, channels, sizes and preprocessing."""

from pathlib import Path

import pytest
import timm
import torch
from timm.data import resolve_model_data_config
from timm.models import save_for_hf

from engine import models
from engine.errors import SourceError
from engine.models.artifacts import TorchModel
from engine.settings import Preprocess, TimmModel

NOWHERE = Path("no such folder")
"""Samples, files and random weights are kept nowhere."""


def load(name: str, preprocess: Preprocess | None = None, **changes) -> TorchModel:
    return models.load(TimmModel(name=name, weights="random", **changes), preprocess, 0, NOWHERE)


def test_random_weights_are_called_random():
    model = load("test_resnet")
    assert (model.weights, model.weights_label, model.num_classes, model.in_chans) == (None, "random", 1000, 3)
    assert model.build()(torch.zeros(1, 3, 160, 160)).shape == (1, 1000)


@pytest.mark.parametrize(
    "name", ["test_resnet.r160_in1k", "resnet10t", "vit_tiny_patch16_224", "mobilenetv3_small_050"]
)
def test_preprocessing_is_timm_s(name):
    config = resolve_model_data_config(timm.create_model(name))
    found = load(name).preprocess
    assert (*found.size,) == tuple(config["input_size"][1:])
    assert (found.mean, found.std) == (config["mean"], config["std"])
    assert (found.interpolation, found.crop_pct) == (config["interpolation"], config["crop_pct"])
    assert found.resize == ("squash" if config["crop_mode"] == "squash" else "crop")


def test_a_network_that_was_trained_on_squashed_images_says_so():
    name = next(
        name
        for name in timm.list_pretrained()
        if timm.models.get_pretrained_cfg(name).crop_mode == "squash"
        and timm.models.get_pretrained_cfg(name).num_classes > 0
    )
    from engine.models.design import design_of

    assert design_of(TimmModel(name=name, weights="random")).preprocess(3, None).resize == "squash"


def test_one_channel_gets_the_mean_of_three():
    model = load("test_resnet", in_chans=1, num_classes=4)
    three = load("test_resnet").preprocess
    assert model.preprocess.mean == (pytest.approx(sum(three.mean) / 3),)
    assert model.build()(torch.zeros(1, 1, 160, 160)).shape == (1, 4)


def test_a_size_of_its_own_is_built_where_it_is_part_of_the_architecture():
    vit, cnn = load("test_vit", img_size=96), load("test_resnet", img_size=96)
    assert (vit.img_size, cnn.img_size) == (96, None)
    assert vit.preprocess.size == cnn.preprocess.size == (96, 96)
    assert vit.build()(torch.zeros(1, 3, 96, 96)).shape == (1, 1000)


@pytest.mark.parametrize(
    ("name", "near"), [("resnet1o8", "resnet18"), ("vit_tiny_patch_16_224", "vit_tiny_patch16_224")]
)
def test_an_unknown_name_gets_the_three_closest(name, near):
    with pytest.raises(SourceError, match=f"no architecture '{name}'.*{near}") as caught:
        load(name)
    assert caught.value.message.count(",") == 2


def test_an_unknown_tag_gets_the_known_ones():
    with pytest.raises(SourceError, match=r"no pretrained weights 'nonsense'; it has .*a1_in1k"):
        load("resnet18.nonsense")


def test_pretrained_where_there_are_none_is_refused_and_never_random():
    name = next(name for name in timm.list_models() if not timm.models.get_pretrained_cfg(name).has_weights)
    with pytest.raises(SourceError, match="no pretrained weights") as caught:
        models.load(TimmModel(name=name), None, 0, NOWHERE)
    assert "random" in caught.value.next


def test_features_without_a_head_need_num_classes():
    name = next(
        name for name in timm.list_models("vit_*dinov2") if timm.models.get_pretrained_cfg(name).num_classes == 0
    )
    with pytest.raises(SourceError, match="no head") as caught:
        load(name)
    assert "num_classes" in caught.value.next


@pytest.mark.parametrize(("changes", "said"), [
    ({"in_chans": 4}, "take 4 channels"),
    ({"img_size": 96, "preprocess": Preprocess(size=(64, 64), mean=(0.5,) * 3, std=(0.5,) * 3)},
     "to take images of 96x96 px, and the preprocessing makes them 64x64 px"),
    ({"preprocess": Preprocess(size=(160, 160), mean=(0.5,), std=(0.5,))},
     "takes 3 channels, and the preprocessing has 1 mean"),
])  # fmt: skip
def test_what_does_not_go_together_is_refused(changes, said):
    with pytest.raises(SourceError, match=said):
        load("test_vit", **changes)


def test_a_saved_model_brings_its_weights_classes_and_preprocessing(tmp_path):
    module = timm.create_model("test_resnet", num_classes=3).eval()
    save_for_hf(
        module, tmp_path, model_config={"label_names": {"2": "owl", "0": "cat", "1": "dog"}}, safe_serialization=True
    )
    source = TimmModel(name=f"local-dir:{tmp_path}")
    model = models.load(source, None, 0, tmp_path)
    image = torch.rand(1, 3, 160, 160)
    assert torch.equal(model.build()(image), module(image))
    assert (model.classes, model.preprocess.size, model.weights_label) == (("cat", "dog", "owl"), (160, 160), "file")
    assert source.title == tmp_path.name


def test_a_folder_without_a_saved_model_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"has neither model\.safetensors nor pytorch_model\.bin"):
        models.load(TimmModel(name=f"local-dir:{tmp_path}"), None, 0, tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(SourceError, match="is not a timm model"):
        models.load(TimmModel(name=f"local-dir:{tmp_path}"), None, 0, tmp_path)


def test_a_size_that_the_architecture_does_not_take_is_refused():
    with pytest.raises(SourceError, match="cannot take images of 64x64"):
        load("vit_tiny_patch16_224", Preprocess(size=(64, 64), mean=(0.5,) * 3, std=(0.5,) * 3))
