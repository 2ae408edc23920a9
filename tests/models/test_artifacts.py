"""Descriptions of torch models: what is built, and what the key tells apart."""

import pytest
import torch
from pydantic import TypeAdapter

from engine.models.artifacts import TorchModel, build_module, content_key, file_sha256, save_weights, torch_model
from engine.settings import Preprocess

RGB = Preprocess(size=(32, 32), mean=(0.5,) * 3, std=(0.5,) * 3)
GRAY = Preprocess(size=(32, 32), mean=(0.5,), std=(0.5,))


def described(**changes) -> TorchModel:
    plain = {
        "architecture": "test_resnet",
        "num_classes": 4,
        "in_chans": 1,
        "img_size": None,
        "weights": None,
        "seed": 0,
        "weights_label": "random",
        "preprocess": GRAY,
    }
    return torch_model(**{**plain, **changes})


def test_building_gives_a_fresh_module_every_time():
    model = described()
    first, second = model.build(), model.build()
    assert first is not second
    assert not first.training
    with torch.no_grad():
        first.get_classifier().weight.zero_()
        assert second.get_classifier().weight.abs().sum() > 0
        assert second(torch.zeros(2, 1, 32, 32)).shape == (2, 4)


def test_random_weights_depend_on_the_seed_alone():
    torch.manual_seed(1)
    first = described().build().state_dict()
    torch.manual_seed(2)
    again, other = described().build().state_dict(), described(seed=1).build().state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_building_leaves_the_caller_s_random_state_alone():
    before = torch.get_rng_state()
    build_module("test_resnet", seed=3)
    assert torch.equal(torch.get_rng_state(), before)


def test_half_weights_are_built_as_float(tmp_path):
    module = described().build()
    path = save_weights(module.half(), tmp_path / "half.safetensors")
    built = described(weights=path, weights_label="file").build()
    assert {value.dtype for value in built.parameters()} == {torch.float32}
    assert torch.equal(built.get_classifier().weight, module.float().get_classifier().weight)


@pytest.mark.parametrize(
    "change",
    [
        {"num_classes": 5},
        {"in_chans": 3, "preprocess": RGB},
        {"seed": 1},
        {"classes": tuple("abcd")},
        {"architecture": "test_resnet.r160_in1k"},
        {"preprocess": GRAY.model_copy(update={"size": (64, 64)})},
        {"arguments": {"global_pool": "max"}},
    ],
)
def test_the_key_changes_with_everything_that_makes_the_model(change):
    assert described().key == described().key
    assert described(**change).key != described().key


def test_the_key_is_of_the_weights_content_not_of_their_path(tmp_path):
    module = described().build()
    first, second = (save_weights(module, tmp_path / f"{name}.safetensors") for name in "ab")
    assert file_sha256(first) == file_sha256(second)
    assert described(weights=first).key == described(weights=second, seed=9).key != described().key


def test_a_description_survives_json():
    adapter = TypeAdapter(TorchModel)
    model = described(arguments={"global_pool": "avg", "img_size": (32, 32)})
    assert adapter.validate_json(adapter.dump_json(model)) == model


def test_content_key_tells_values_apart():
    assert len({content_key("a"), content_key("a", 1), content_key(1, "a"), content_key(["a"], 1)}) == 4
