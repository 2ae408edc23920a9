"""Weights that become zero: which, how many, and what that is worth."""

import pytest
import torch
from torch import nn

from engine.measure.compressed import compressed_bytes
from engine.settings import PruneSparse
from engine.techniques.prune import prune_sparse


def layers(model):
    return {
        name: layer.weight.detach()
        for name, layer in model.build().named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    }


def test_the_smallest_of_every_layer_but_the_classifier(given):
    model, context = given("test_resnet")
    made = prune_sparse(model, PruneSparse(method="sparse", ratio=0.6), context).model
    before, after = layers(model), layers(made)
    assert torch.equal(before.pop("fc"), after.pop("fc"))
    for name, weight in after.items():
        assert (weight == 0).float().mean() == pytest.approx(0.6, abs=0.01)
        assert before[name][weight == 0].abs().max() <= before[name][weight != 0].abs().min()
        assert torch.equal(before[name][weight != 0], weight[weight != 0])


def test_two_of_every_four_inputs(given):
    model, context = given("test_resnet")
    before, after = (
        layers(model),
        layers(prune_sparse(model, PruneSparse(method="sparse", pattern="2:4"), context).model),
    )
    assert torch.equal(before["conv1.0"], after["conv1.0"])  # three inputs have no fours
    fours = after["layer2.0.conv2"].movedim(1, -1).reshape(-1, 4)
    assert ((fours == 0).sum(1) == 2).all()
    whole = before["layer2.0.conv2"].movedim(1, -1).reshape(-1, 4)
    assert torch.equal(fours.abs().sum(1), whole.abs().topk(2, dim=1).values.sum(1))


def test_what_it_is_good_for_is_said_and_measured(given):
    model, context = given("test_resnet")
    made = prune_sparse(model, PruneSparse(method="sparse", ratio=0.8), context)
    assert [note.code for note in made.notes] == ["sparse", "sparse_is_not_fast"]
    assert made.model.weights.stat().st_size == model.weights.stat().st_size
    assert compressed_bytes(made.model.weights) < 0.5 * compressed_bytes(model.weights)
