import pytest
import timm
from torch import nn

from engine.settings import Finetune
from engine.training.defaults import family_of, fill_defaults


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("test_resnet", "convolutional"),
        ("test_convnext", "layer-normalised"),
        ("test_vit", "transformer"),
        ("test_efficientnet_ln", "layer-normalised"),
    ],
)
def test_a_network_has_a_family_by_its_layers(name, family):
    assert family_of(timm.create_model(name)) == family


def test_a_graph_without_norms_is_taken_for_a_convolutional_network():
    assert family_of(nn.Sequential(nn.Conv2d(3, 8, 3))) == "convolutional"


def test_what_was_asked_is_used_and_the_rest_chosen_and_told():
    module = timm.create_model("test_vit")
    used = fill_defaults(module, Finetune(optimizer="sgd", weight_decay=0.0))
    assert (used.optimizer, used.learning_rate, used.weight_decay) == ("sgd", 1e-2, 0.0)
    assert used.note.text == "Left empty, and chosen for a transformer: learning rate 0.01"
    assert fill_defaults(module, Finetune(optimizer="sgd", weight_decay=0.0, learning_rate=0.5)).note is None
