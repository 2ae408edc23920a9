"""What a job may read and reach, by its request."""

from pathlib import Path

import pytest

from engine.jobs.policy import needs_network, policy_of
from engine.settings import (
    AdviseRequest,
    FileModel,
    HardwareRequest,
    IdentifyRequest,
    ImagesData,
    PreviewRequest,
    ProfileRequest,
    RemeasureRequest,
    RunRequest,
    SampleModel,
    TimmModel,
    parse_recipe,
)

PRETRAINED = TimmModel(name="resnet18.a1_in1k")
DISTILL = "{technique: distill, student: resnet10t, student_weights: %s, epochs: 1%s}"


def run(steps: str, model: str = "{kind: sample}") -> RunRequest:
    return RunRequest(recipe=parse_recipe(f"{{model: {model}, data: {{kind: sample}}, steps: [{steps}]}}"))


@pytest.mark.parametrize(("request_", "network"), [
    (HardwareRequest(), False),
    (ProfileRequest(model=SampleModel()), False),
    (ProfileRequest(model=FileModel(path="/m.onnx")), False),
    (IdentifyRequest(weights="/w.pt"), False),
    (ProfileRequest(model=PRETRAINED), True),
    (ProfileRequest(model=TimmModel(name="resnet18", weights="random")), False),
    (ProfileRequest(model=TimmModel(name="resnet18", weights="/w.safetensors")), False),
    (ProfileRequest(model=TimmModel(name="hf_hub:owner/name")), True),
    (ProfileRequest(model=TimmModel(name="local-dir:/saved")), False),
    (AdviseRequest(model=PRETRAINED), True),
    (AdviseRequest(model=SampleModel(), names=("resnet18",)), False),
    (run("{technique: quantize, method: static}"), False),
    (run("", "{kind: timm, name: resnet18.a1_in1k}"), True),
    (run(DISTILL % ("random", "")), False),
    (run(DISTILL % ("pretrained", "")), True),
    (run(DISTILL % ("random", ", teacher: {kind: timm, name: resnet18.a1_in1k}")), True),
])  # fmt: skip
def test_only_what_downloads_from_the_hub_has_the_network(home, monkeypatch, tmp_path, request_, network):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    policy = policy_of(home, home.job("a"), request_)
    assert needs_network(request_) == policy.network == network
    assert (tmp_path / "hf" in policy.downloads) == network


def test_an_upload_is_read_and_no_other_and_no_other_job(home):
    upload = home.uploads / "abc" / "m.onnx"
    policy = policy_of(home, home.job("a"), ProfileRequest(model=FileModel(path=str(upload))))
    assert set(policy.readable) == {home.job("a").request_file, upload, upload.parent}
    assert not any(home.job("a").request_file.is_relative_to(path) for path in policy.writable)
    assert set(policy.writable) == {home.jobs / "a", home.cache, *home.shared_files}
    assert all(path.is_file() for path in home.shared_files)


def test_every_input_of_a_recipe_is_read(home, tmp_path):
    images, elsewhere = tmp_path / "images" / "cat", tmp_path / "elsewhere"
    images.mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "1.png").touch()
    (images / "1.png").symlink_to(elsewhere / "1.png")
    data = ImagesData(path=str(images.parent), labels=str(tmp_path / "labels.csv"))
    preview = PreviewRequest(model=TimmModel(name="resnet18", weights="/w.pt"), data=data)
    expected = {home.job("a").request_file, images.parent, elsewhere, tmp_path / "labels.csv", Path("/w.pt")}
    assert set(policy_of(home, home.job("a"), preview).readable) == expected
    recipe = run(DISTILL % ("random", ", teacher: {kind: file, path: /t/t.onnx}"))
    assert Path("/t/t.onnx") in policy_of(home, home.job("a"), recipe).readable


def test_beside_a_model_in_the_users_home_lie_its_plain_files_alone(home, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    for name in ("m.onnx", "m.data", ".netrc"):
        (tmp_path / name).touch()
    policy = policy_of(home, home.job("a"), ProfileRequest(model=FileModel(path=str(tmp_path / "m.onnx"))))
    assert set(policy.readable) == {home.job("a").request_file, tmp_path / "m.onnx", tmp_path / "m.data"}


def test_measuring_again_writes_into_the_folder_of_the_run(home, tmp_path):
    policy = policy_of(home, home.job("a"), RemeasureRequest(folder=str(tmp_path / "run")))
    assert tmp_path / "run" in policy.writable
