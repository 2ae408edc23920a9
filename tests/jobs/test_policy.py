"""What a job may read and reach, by its request."""

from pathlib import Path

import pytest

from engine.data import tree
from engine.jobs import linked
from engine.jobs.policy import needs_network, policy_of
from engine.settings import (
    AdviseRequest,
    BundleRequest,
    CrossCpuRequest,
    DisagreementsRequest,
    FileModel,
    HardwareRequest,
    IdentifyRequest,
    ImagesData,
    LayerErrorsRequest,
    PreviewRequest,
    ProfileRequest,
    RemeasureRequest,
    RunRequest,
    SampleModel,
    ServeBenchRequest,
    ShowdownEntry,
    ShowdownRequest,
    SweepRequest,
    TimmModel,
    VariantFile,
    WorkloadRequest,
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
    upload.parent.mkdir()
    upload.touch()
    policy = policy_of(home, home.job("a"), ProfileRequest(model=FileModel(path=str(upload))))
    assert set(policy.readable) == {home.job("a").request_file, upload}
    assert not any(home.job("a").request_file.is_relative_to(path) for path in policy.writable)
    assert set(policy.writable) == {home.jobs / "a", *home.turn_files}  # no cache for what may be anybody's
    assert set(policy_of(home, home.job("a"), run("")).writable) == {home.jobs / "a", home.cache, *home.shared_files}
    assert all(path.is_file() for path in home.shared_files)


def test_every_input_of_a_recipe_is_read(home, tmp_path):
    images, elsewhere = tmp_path / "images" / "cat", tmp_path / "elsewhere"
    images.mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "1.png").touch()
    (images / "1.png").symlink_to(elsewhere / "1.png")
    data = ImagesData(path=str(images.parent), labels=str(tmp_path / "labels.csv"))
    preview = PreviewRequest(model=TimmModel(name="resnet18", weights="/w.pt"), data=data)
    expected = {home.job("a").request_file, images.parent, elsewhere / "1.png", tmp_path / "labels.csv", Path("/w.pt")}
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


def test_what_looks_at_the_machine_alone_may_start_processes(home, tmp_path):
    assert policy_of(home, home.job("a"), HardwareRequest()).processes
    model = FileModel(path=str(tmp_path / "m.onnx"))
    for request in (ProfileRequest(model=model), RemeasureRequest(folder=str(tmp_path)), run("")):
        assert not policy_of(home, home.job("a"), request).processes


def test_measuring_again_writes_into_the_folder_of_the_run(home, tmp_path):
    policy = policy_of(home, home.job("a"), RemeasureRequest(folder=str(tmp_path / "run")))
    assert tmp_path / "run" in policy.writable


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (DisagreementsRequest, {"variant_id": "0" * 12}),
        (LayerErrorsRequest, {"variant_id": "0" * 12}),
        (CrossCpuRequest, {"variant_id": "0" * 12}),
        (BundleRequest, {"name": "flowers", "report_sha256": "0" * 64, "variants": ("0" * 12,)}),
    ],
)
def test_a_look_at_a_run_reads_its_folder_and_what_its_recipe_names(home, tmp_path, kind, asked):
    recipe = run("").recipe.model_copy(update={"data": ImagesData(path=str(tmp_path / "photos"))})
    request = kind(folder=str(tmp_path / "run"), recipe=recipe, **asked)
    policy = policy_of(home, home.job("abc"), request)
    assert {tmp_path / "run", tmp_path / "photos"} <= set(policy.readable)
    assert tmp_path / "run" not in policy.writable
    assert not needs_network(request)


def test_a_sweep_and_a_showdown_read_the_files_that_they_time_and_write_to_no_run(home, tmp_path):
    paths = [tmp_path / name / "model.onnx" for name in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(b"onnx")
    files = [VariantFile(run="r", variant="a" * 12, model=FileModel(path=str(path))) for path in paths]
    sweep = policy_of(home, home.job("a"), SweepRequest(file=files[0]))
    rows = tuple(ShowdownEntry(file=file) for file in files)
    images = ImagesData(path=str(tmp_path / "images"))
    showdown = policy_of(home, home.job("a"), ShowdownRequest(rows=rows, data=images))
    assert paths[0] in sweep.readable
    assert paths[1] not in sweep.readable
    assert {*paths, tmp_path / "images"} <= set(showdown.readable)
    for policy in (sweep, showdown):
        assert not {path.parent for path in paths} & set(policy.writable)
        assert not policy.network


def test_counting_the_workload_of_a_run_reads_its_folder_and_writes_nothing_there(home, tmp_path):
    policy = policy_of(home, home.job("a"), WorkloadRequest(folder=str(tmp_path / "run")))
    assert tmp_path / "run" in policy.readable
    assert tmp_path / "run" not in policy.writable


def test_beside_a_model_lie_its_files_and_folders_but_hidden_ones(home, tmp_path):
    folder = tmp_path / "models"
    for name in ("weights", ".git"):
        (folder / name).mkdir(parents=True)
    for name in ("m.onnx", "m.data", ".env"):
        (folder / name).touch()
    policy = policy_of(home, home.job("a"), ProfileRequest(model=FileModel(path=str(folder / "m.onnx"))))
    seen = {path.name for path in policy.readable if path.is_relative_to(folder)}
    assert (seen, folder in policy.readable) == ({"m.onnx", "m.data", "weights"}, False)


def test_a_link_among_images_opens_images_alone(home, tmp_path, monkeypatch):
    """An unpacked data set is a stranger's, and so may be where its links lead."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    images, blob = tmp_path / "images", tmp_path / "blobs" / ("0a" * 20)
    hidden, album = tmp_path / "user" / ".ssh", tmp_path / "album"
    for folder in (images, blob.parent, hidden, album):
        folder.mkdir(parents=True)
    for file in (hidden / "id_rsa", hidden / "1.png", blob):
        file.touch()
    links = (
        hidden / "id_rsa",
        hidden / "1.png",
        blob,
        hidden,
        hidden.parent,
        album,
        "/etc/passwd",
        "/etc",
        "/",
        "/tmp",
    )
    for number, target in enumerate((*links, "/proc/1", "/proc/self/environ", "gone", "loop")):
        (images / f"{number}.png").symlink_to(target)
    (images / "loop").symlink_to("loop")
    request = PreviewRequest(model=SampleModel(), data=ImagesData(path=str(images)))
    opened = set(policy_of(home, home.job("a"), request).readable) - {images, home.job("a").request_file}
    assert opened == {hidden / "1.png", blob, album}


def test_the_same_endings_are_images_as_where_images_are_read():
    assert linked.IMAGE_SUFFIXES == tree.IMAGE_SUFFIXES


def test_files_of_a_saved_model_may_be_links_into_the_hubs_store(home, tmp_path):
    saved, blob = tmp_path / "snapshots" / "1", tmp_path / "blobs" / "2"
    for folder in (saved, blob.parent):
        folder.mkdir(parents=True)
    blob.touch()
    (saved / "config.json").symlink_to("../../blobs/2")
    (saved / "up").symlink_to(tmp_path)
    request = ProfileRequest(model=TimmModel(name=f"local-dir:{saved}"))
    policy = policy_of(home, home.job("a"), request)
    assert set(policy.readable) == {home.job("a").request_file, saved, blob}


def test_a_folder_of_downloads_may_be_a_link(home, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    policy = policy_of(home, home.job("a"), ProfileRequest(model=PRETRAINED))
    wanted = {tmp_path / name for name in ("hf/hub", "hf/xet", "torch/hub")}
    assert wanted <= set(policy.downloads)


def test_what_serves_a_bundle_starts_processes_and_reaches_this_machine_alone(home, tmp_path):
    policy = policy_of(home, home.job("a"), ServeBenchRequest(bundle=str(tmp_path / "bundle.zip")))
    assert (policy.processes, policy.loopback, policy.network) == (True, True, False)
    assert tmp_path / "bundle.zip" in policy.readable
    assert not policy_of(home, home.job("a"), HardwareRequest()).loopback
