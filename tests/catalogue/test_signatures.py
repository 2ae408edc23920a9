"""The file of signatures: whole, made by this timm, and the same whatever a training changed."""

import csv

import pytest
import timm
import torch

from engine.catalogue import entries
from engine.catalogue.signatures import SIGNATURES, candidates, signature
from scripts.make_signatures import signature_of


def rows() -> dict[str, str]:
    with SIGNATURES.open(newline="", encoding="utf-8") as stream:
        return {row["name"]: row["signature"] for row in csv.DictReader(stream)}


def test_every_architecture_of_the_catalogue_has_one():
    assert set(rows()) == set(entries())


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0", "vit_tiny_patch16_224", "test_convnext"])
def test_it_is_that_of_the_installed_timm(name):
    assert signature_of(name) == rows()[name]


@pytest.mark.slow
def test_each_is_that_of_the_installed_timm():
    for name, digits in rows().items():
        assert signature_of(name) == digits, name


def test_head_channels_and_counters_do_not_change_it():
    shapes = {"stem.weight": (8, 3, 3, 3), "norm.num_batches_tracked": (), "head.fc.weight": (10, 8)}
    other = {"stem.weight": (8, 1, 3, 3), "head.fc.weight": (7, 8), "head.fc.bias": (7,), "n_averaged": ()}
    assert signature(shapes) == signature(other)
    assert signature(shapes) != signature({**shapes, "stem.weight": (9, 3, 3, 3)})
    assert signature(shapes) != signature({**shapes, "blocks.0.weight": (8, 8)})


def test_those_with_pretrained_weights_come_first_and_the_rest_is_not_left_out():
    with torch.device("meta"):
        state = timm.create_model("resnetblur18").state_dict()
    assert candidates({name: tuple(tensor.shape) for name, tensor in state.items()}) == ("resnet18", "resnetblur18")
    assert candidates({"nothing.like.it": (1,)}) == ()


def test_the_head_of_every_architecture_is_left_out():
    for name in entries():
        classifier = timm.models.get_pretrained_cfg(name).classifier
        for layer in classifier if isinstance(classifier, list | tuple) else [classifier]:
            assert layer is None or signature({f"{layer}.weight": (10, 8)}) == signature({}), name
