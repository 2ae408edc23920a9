"""Tensors of a checkpoint onto a network: what stands before their names, what is missing, what they may be of."""

import pytest
import timm
import torch

from engine.errors import SourceError
from engine.models.fit import align, load_state, suggestions

EXPECTED = ("conv.weight", "conv.bias", "fc.weight")


def state(*names: str, value: float = 0.0) -> dict[str, torch.Tensor]:
    return {name: torch.full((2,), value) for name in names}


@pytest.mark.parametrize("prefix", ["module.", "model.", "backbone.", "module.model.", "trainer.net.backbone."])
def test_whatever_stands_before_every_name_is_removed_and_told(prefix):
    aligned, notes = align(state(*(prefix + name for name in EXPECTED)), EXPECTED)
    assert tuple(aligned) == EXPECTED
    assert [(note.code, f"'{prefix}'" in note.text) for note in notes] == [("weights_prefix", True)]


def test_names_that_fit_stay_as_they_are():
    aligned, notes = align(state(*EXPECTED), EXPECTED)
    assert (tuple(aligned), notes) == (EXPECTED, ())


def test_what_is_beside_the_network_is_left_out_and_told():
    names = [*(f"model.{name}" for name in EXPECTED), "criterion.weight", "model.n_averaged"]
    aligned, notes = align(state(*names), EXPECTED)
    assert tuple(aligned) == EXPECTED
    assert "2 tensors (criterion.weight, model.n_averaged)" in notes[1].text


def test_of_two_networks_the_averaged_one_is_taken():
    both = state(*(f"model.{name}" for name in EXPECTED)) | state(*(f"ema_model.{name}" for name in EXPECTED), value=1)
    aligned, _ = align(both, EXPECTED)
    assert all(tensor.sum() == 2 for tensor in aligned.values())


def test_a_few_names_that_fit_by_chance_change_nothing():
    other = state("blocks.0.fc.weight", "blocks.0.norm.weight", "stem.weight")
    aligned, notes = align(other, EXPECTED)
    assert (list(aligned), notes) == (list(other), ())


def test_the_count_of_batches_may_be_missing_and_nothing_else():
    module = timm.create_model("test_resnet").eval()
    whole = module.state_dict()
    counters = [name for name in whole if name.endswith("num_batches_tracked")]
    assert load_state(module, {name: value for name, value in whole.items() if name not in counters}, "x.pt") == ()
    with pytest.raises(SourceError, match=r"1 tensor missing: fc\.bias"):
        load_state(module, {name: value for name, value in whole.items() if name != "fc.bias"}, "x.pt")


def test_a_mismatch_counts_each_kind_and_says_what_the_weights_may_be_of():
    module = timm.create_model("test_resnet")
    other = {f"net.{name}": value for name, value in timm.create_model("resnet18", num_classes=4).state_dict().items()}
    with pytest.raises(SourceError, match=r"\d+ tensors missing: .*; \d+ tensors unexpected: net\.conv1") as caught:
        load_state(module, other, "x.pt")
    assert "resnet18" in caught.value.next


@pytest.mark.parametrize(("name", "changes", "prefix"), [
    ("resnet18", {"num_classes": 7}, ""), ("efficientnet_b0", {"in_chans": 1}, "module."),
    ("vit_tiny_patch16_224", {"num_classes": 2}, "model."), ("test_resnet", {"num_classes": 0}, "a.b."),
])  # fmt: skip
def test_names_and_shapes_give_an_architecture_away_whatever_its_head(name, changes, prefix):
    with torch.device("meta"):
        tensors = timm.create_model(name, **changes).state_dict()
    names = suggestions({prefix + key: tensor for key, tensor in tensors.items() if "num_batches" not in key})
    assert name in names


def test_what_is_of_no_architecture_of_the_catalogue_is_not_guessed():
    assert suggestions(torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Linear(8, 2)).state_dict()) == ()
