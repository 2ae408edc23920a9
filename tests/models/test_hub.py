"""Pretrained weights out of a local Hub cache, and every way in which the Hub can fail."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch
from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import RepositoryNotFoundError
from safetensors.torch import save_file

from engine import models
from engine.errors import HubError, SourceError
from engine.models import hub
from engine.settings import TimmModel

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Cache:
    """A Hub cache as huggingface_hub lays it out, without a network behind it."""

    def __init__(self, root):
        self.root = root

    def add(self, repository: str, revision: str = "main", **files: bytes) -> None:
        folder = self.root / f"models--{repository.replace('/', '--')}"
        snapshot = folder / "snapshots" / COMMIT
        snapshot.mkdir(parents=True, exist_ok=True)
        (folder / "refs").mkdir(exist_ok=True)
        (folder / "refs" / revision).write_text(COMMIT)
        for name, content in files.items():
            (snapshot / name.replace("__", ".")).write_bytes(content)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """HF_HOME is a new folder and HF_HUB_OFFLINE=1, which the client reads once, when it is imported."""
    root = tmp_path / "hf" / "hub"
    root.mkdir(parents=True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(root))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return Cache(root)


def weights_of(module, tmp_path) -> bytes:
    save_file(module.state_dict(), tmp_path / "made.safetensors")
    return (tmp_path / "made.safetensors").read_bytes()


@pytest.fixture
def trained(cache, tmp_path):
    torch.manual_seed(11)
    module = timm.create_model("test_resnet").eval()
    cache.add("timm/test_resnet.r160_in1k", model__safetensors=weights_of(module, tmp_path))
    return module


def test_cached_weights_are_used_without_a_network(trained, tmp_path):
    model = models.load(TimmModel(name="test_resnet.r160_in1k"), None, 0, tmp_path)
    image = torch.rand(1, 3, 160, 160)
    assert (model.weights_label, model.warnings) == ("pretrained", ())
    assert torch.equal(model.build()(image), trained(image))


def test_hf_home_and_offline_are_respected_by_a_fresh_process(trained, cache, tmp_path):
    code = (
        "from pathlib import Path; from engine import models; from engine.settings import TimmModel;"
        "print(models.load(TimmModel(name='test_resnet.r160_in1k'), None, 0, Path('.')).key)"
    )
    env = {**os.environ, "HF_HOME": str(cache.root.parent), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(Path.cwd())}
    env.pop("HF_HUB_CACHE", None)
    run = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == models.load(TimmModel(name="test_resnet.r160_in1k"), None, 0, tmp_path).key


def test_the_key_is_of_the_content(trained, cache, tmp_path):
    first = models.load(TimmModel(name="test_resnet.r160_in1k"), None, 0, tmp_path)
    again = models.load(TimmModel(name="test_resnet.r160_in1k"), None, 5, tmp_path)
    other = timm.create_model("test_resnet")
    cache.add("timm/test_resnet.r160_in1k", model__safetensors=weights_of(other, tmp_path))
    changed = models.load(TimmModel(name="test_resnet.r160_in1k"), None, 0, tmp_path)
    assert first.key == again.key != changed.key


def test_another_number_of_classes_gets_a_new_head_and_is_told(trained, tmp_path):
    source = TimmModel(name="test_resnet.r160_in1k", num_classes=5)
    torch.manual_seed(1)
    model = models.load(source, None, 3, tmp_path)
    torch.manual_seed(2)
    again, other = models.load(source, None, 3, tmp_path), models.load(source, None, 4, tmp_path)
    assert [note.code for note in model.warnings] == ["new_head"]
    assert model.build().get_classifier().weight.shape[0] == 5
    assert torch.equal(model.build().conv1[0].weight, trained.conv1[0].weight)
    assert model.key == again.key != other.key


def test_another_number_of_channels_is_told(trained, tmp_path):
    model = models.load(TimmModel(name="test_resnet.r160_in1k", in_chans=1), None, 0, tmp_path)
    assert [note.code for note in model.warnings] == ["input_adapted"]
    assert model.build()(torch.zeros(1, 1, 160, 160)).shape == (1, 1000)


def test_a_torch_file_is_taken_where_there_are_no_safetensors(cache, tmp_path):
    module = timm.create_model("test_resnet").eval()
    torch.save(module.state_dict(), tmp_path / "made.bin")
    cache.add("timm/test_resnet.r160_in1k", pytorch_model__bin=(tmp_path / "made.bin").read_bytes())
    model = models.load(TimmModel(name="test_resnet.r160_in1k"), None, 0, tmp_path)
    assert torch.equal(model.build().get_classifier().weight, module.get_classifier().weight)


def test_offline_without_a_cache_is_one_sentence_with_the_ways_out(cache, tmp_path):
    with pytest.raises(HubError, match=r"'resnet18.a1_in1k'.*cannot be reached") as caught:
        models.load(TimmModel(name="resnet18.a1_in1k"), None, 0, tmp_path)
    assert caught.value.exit_status == 2
    for way in ("internet", "HF_HOME", "weights: random", "local weights file"):
        assert way in caught.value.next
    assert list(tmp_path.glob("*.safetensors")) == []


def test_an_unreachable_hub_is_told_without_the_client_s_repetitions(cache, tmp_path, monkeypatch):
    asked = []

    def download(*args, local_files_only=False, **kwargs):
        asked.append(local_files_only)
        return hf_hub_download(*args, local_files_only=local_files_only, **kwargs)

    monkeypatch.setattr(hub, "hf_hub_download", download)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="cannot be reached"):
        models.load(TimmModel(name="resnet18.a1_in1k"), None, 0, tmp_path)
    assert asked == [True, True]


def config(**changes) -> bytes:
    plain = {
        "architecture": "test_resnet",
        "num_classes": 3,
        "label_names": ["cat", "dog", "owl"],
        "pretrained_cfg": {
            "input_size": [3, 96, 96],
            "mean": [0.5] * 3,
            "std": [0.25] * 3,
            "crop_pct": 1.0,
            "interpolation": "bilinear",
            "num_classes": 3,
            "first_conv": "conv1.0",
            "classifier": "fc",
        },
    }
    return json.dumps({**plain, **changes}).encode()


def test_a_model_of_somebody_s_brings_its_classes_and_preprocessing(cache, tmp_path):
    module = timm.create_model("test_resnet", num_classes=3).eval()
    cache.add("somebody/animals", config__json=config(), model__safetensors=weights_of(module, tmp_path))
    model = models.load(TimmModel(name="hf_hub:somebody/animals"), None, 0, tmp_path)
    assert (model.architecture, model.num_classes, model.classes) == ("test_resnet", 3, ("cat", "dog", "owl"))
    assert (model.preprocess.size, model.preprocess.std, model.preprocess.interpolation) == (
        (96, 96),
        (0.25,) * 3,
        "bilinear",
    )
    assert torch.equal(model.build().get_classifier().weight, module.get_classifier().weight)


def test_a_revision_is_taken_where_it_is_named_and_missed_where_it_is_not_there(cache, tmp_path):
    module = timm.create_model("test_resnet", num_classes=3).eval()
    files = {"config__json": config(), "model__safetensors": weights_of(module, tmp_path)}
    cache.add("somebody/animals", revision="v2", **files)
    model = models.load(TimmModel(name="hf_hub:somebody/animals@v2"), None, 0, tmp_path)
    assert torch.equal(model.build().get_classifier().weight, module.get_classifier().weight)
    with pytest.raises(HubError, match="cannot be reached"):
        models.load(TimmModel(name="hf_hub:somebody/animals@v3"), None, 0, tmp_path)


def test_arguments_of_somebody_s_architecture_are_kept(cache, tmp_path):
    module = timm.create_model("test_vit", num_classes=3, img_size=96, class_token=False, global_pool="avg").eval()
    said = config(
        architecture="test_vit",
        model_args={"img_size": 96, "class_token": False, "global_pool": "avg"},
        pretrained_cfg={
            "input_size": [3, 96, 96],
            "fixed_input_size": True,
            "num_classes": 3,
            "classifier": "head",
            "first_conv": "patch_embed.proj",
        },
    )
    cache.add("somebody/vit", config__json=said, model__safetensors=weights_of(module, tmp_path))
    model = models.load(TimmModel(name="hf_hub:somebody/vit"), None, 0, tmp_path)
    image = torch.rand(1, 3, 96, 96)
    assert torch.equal(model.build()(image), module(image))
    assert model.preprocess.size == (96, 96)


@pytest.mark.parametrize("content", [b"{}", b"not json", b"[]", b'{"architectures": ["ViTForImageClassification"]}'])
def test_what_is_no_timm_model_is_named(content, cache, tmp_path):
    cache.add("somebody/else", config__json=content)
    with pytest.raises(SourceError, match="is not a timm model"):
        models.load(TimmModel(name="hf_hub:somebody/else"), None, 0, tmp_path)


def test_an_architecture_that_timm_lacks_is_named(cache, tmp_path):
    cache.add("somebody/new", config__json=config(architecture="resnet_from_the_future"))
    with pytest.raises(SourceError, match="resnet_from_the_future"):
        models.load(TimmModel(name="hf_hub:somebody/new"), None, 0, tmp_path)


def test_weights_that_do_not_fit_their_own_config_are_refused(cache, tmp_path):
    module = timm.create_model("test_vit")
    cache.add("somebody/broken", config__json=config(), model__safetensors=weights_of(module, tmp_path))
    with pytest.raises(SourceError, match="cannot make"):
        models.load(TimmModel(name="hf_hub:somebody/broken"), None, 0, tmp_path)


@pytest.mark.parametrize("name", ["hf_hub:", "hf_hub:a/b/c", "hf_hub:owner/na me", "hf_hub:../../etc"])
def test_a_name_that_the_hub_cannot_have(name, cache, tmp_path):
    with pytest.raises(HubError, match=r"has no model|cannot be reached"):
        models.load(TimmModel(name=name), None, 0, tmp_path)


def test_a_disk_without_space_is_not_called_a_network(cache, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hub, "hf_hub_download", full)
    with pytest.raises(HubError, match="could not be stored: No space left"):
        hub.fetch("x", "somebody/x", ("config.json",))


def test_a_model_that_the_hub_does_not_have(cache):
    response = type("Response", (), {"headers": {}, "request": None, "status_code": 404})()
    with pytest.raises(HubError, match="has no model"), hub.hub_errors("x"):
        raise RepositoryNotFoundError("404", response=response)
