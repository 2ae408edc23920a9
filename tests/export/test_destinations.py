"""Exports: to a folder, to S3 by moto's server, to a stand-in of the Hub, and what of a run is said there."""

import hashlib
import json
from pathlib import Path

import boto3
import nbformat
import pytest
import timm
import torch
import yaml
from moto.server import ThreadedMotoServer

from engine.analyses.export import export
from engine.errors import FeatherweightError, HubError, RequestError
from engine.export.destinations import files as destination_files
from engine.export.destinations import mlflow_store
from engine.export.destinations.run_files import SUMS
from engine.export.onnx_file import export_onnx
from engine.models.networks import keep_network, read_network
from engine.models.sample import load_sample
from engine.planning import reproduction
from engine.planning.exporting import check_export, export_request, parse_destination
from engine.settings import (
    FilesDestination,
    HubDestination,
    ImagesData,
    MlflowDestination,
    QuantizeStatic,
    SampleModel,
)
from engine.settings.export_job import ExportRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.hub_standin import TOKEN, running_hub
from tests.made import BASE, INT8, made_report
from tests.made_run import made_run

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def run(tmp_path) -> Path:
    made_run(tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def send(tmp_path):
    """Carries out an export of a run in this process."""

    def call(run: Path, destination, variants=(BASE, INT8), *, overwrite=False):
        request = export_request(run, "digits", destination, variants, overwrite=overwrite)
        check_export(request)
        folder = JobFolder(tmp_path / "job")
        folder.path.mkdir(exist_ok=True)
        return export(request, folder, Progress(folder))

    return call


@pytest.fixture(scope="module")
def s3():
    """moto's server with one bucket, models."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    names = ("aws_access_key_id", "aws_secret_access_key", "region_name")
    client = boto3.client("s3", endpoint_url=endpoint, **dict(zip(names, KEYS.values(), strict=True)))
    client.create_bucket(Bucket="models")
    yield client, endpoint
    server.stop()


@pytest.fixture
def bucket(s3, monkeypatch, tmp_path):
    """The client of a bucket, whose address and keys are in the environment."""
    client, endpoint = s3
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": endpoint, "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    return client


def keys(client, prefix: str) -> dict[str, bytes]:
    listed = client.list_objects_v2(Bucket="models", Prefix=prefix).get("Contents", [])
    return {one["Key"]: client.get_object(Bucket="models", Key=one["Key"])["Body"].read() for one in listed}


def sums_hold(files: dict[str, bytes]) -> bool:
    (sums,) = (content for path, content in files.items() if path.endswith(SUMS))
    listed = dict(reversed(line.split("  ")) for line in sums.decode().splitlines())
    actual = {path: hashlib.sha256(content).hexdigest() for path, content in files.items() if not path.endswith(SUMS)}
    return len(listed) == len(actual) and all(
        any(path.endswith(name) and sum == found for path, found in actual.items()) for name, sum in listed.items()
    )


def test_a_folder_gets_all_or_nothing_and_is_replaced_by_consent_alone(run, send, tmp_path, monkeypatch):
    shared = tmp_path / "shared"
    with pytest.raises(RequestError, match="no folder"):
        send(run, FilesDestination(url=str(shared)))
    shared.mkdir()
    written = send(run, FilesDestination(url=str(shared)))
    folder = Path(written.location)
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert set(files) == {one.path for one in written.files}
    assert sums_hold(files)
    assert files[f"static-int8-{INT8}/model.onnx"] == b"the model " + INT8.encode()
    with pytest.raises(RequestError, match="already"):
        send(run, FilesDestination(url=str(shared)), (BASE,))
    assert send(run, FilesDestination(url=str(shared)), (BASE,), overwrite=True).replaced
    assert not (folder / f"static-int8-{INT8}").exists()

    def full(path: Path, content: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(destination_files, "_write_local", full)
    with pytest.raises(FeatherweightError, match="disk is full"):
        send(run, FilesDestination(url=str(shared)), overwrite=True)
    assert [path.name for path in shared.iterdir()] == [folder.name]
    assert (folder / f"baseline-{BASE}" / "model.onnx").exists()


def test_a_file_that_is_not_the_measured_one_is_not_exported(run, send, tmp_path):
    (run / "variants" / INT8 / "model.onnx").write_bytes(b"another")
    with pytest.raises(RequestError, match="has changed"):
        send(run, FilesDestination(url=str(tmp_path)))


def test_a_bucket_gets_all_or_nothing(run, send, bucket, monkeypatch):
    place = FilesDestination(url="s3://models/vision")
    written = send(run, place)
    assert sums_hold(keys(bucket, "vision"))
    assert all(key.startswith(written.location.removeprefix("s3://models/")) for key in keys(bucket, "vision"))
    with pytest.raises(RequestError, match="already"):
        send(run, place, (BASE,))
    before = keys(bucket, "vision")
    put = destination_files._put

    def breaks_off(system, path, content) -> None:
        if path.endswith("report.json"):
            raise ConnectionResetError("the connection broke off")
        put(system, path, content)

    monkeypatch.setattr(destination_files, "_put", breaks_off)
    with pytest.raises(RequestError, match="broke off"):
        send(run, place, overwrite=True)
    with pytest.raises(RequestError, match="broke off"):
        send(run, FilesDestination(url="s3://models/other"))
    assert keys(bucket, "vision") == before
    assert keys(bucket, "other") == {}
    monkeypatch.setattr(destination_files, "_put", put)
    assert send(run, place, (BASE,), overwrite=True).replaced
    assert not any(INT8 in key for key in keys(bucket, "vision"))


@pytest.mark.parametrize(("changes", "url", "naming"), [
    ({}, "s3://nowhere", "is not there"),
    ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "s3://models", "cannot be"),
    ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "s3://models", "redentials"),
])  # fmt: skip
def test_a_bucket_that_cannot_be_written_is_said(run, send, bucket, monkeypatch, changes, url, naming):
    for name, value in changes.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    with pytest.raises(RequestError, match=naming) as caught:
        send(run, FilesDestination(url=url))
    assert "secret" not in str(caught.value)


def test_the_hub_gets_one_commit_that_timm_loads(send, monkeypatch, tmp_path):
    exported = export_onnx(load_sample(SampleModel(), None), tmp_path / "baseline.onnx")
    step = QuantizeStatic(method="static")
    report = made_run(tmp_path / "run", **{BASE: exported.path.read_bytes()})
    variants = (report.baseline, report.variant(INT8).model_copy(update={"settings": step}))
    report = report.model_copy(update={"variants": variants})
    JobFolder(tmp_path / "run").write("report.json", report)
    ids = [BASE, INT8]
    with running_hub() as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.endpoint)
        place = HubDestination(repository="me/digits", licence="apache-2.0")
        with pytest.raises(RequestError, match="no token"):
            send(tmp_path / "run", place, ids)
        monkeypatch.setenv("HF_TOKEN", "hf_wrong")
        with pytest.raises(HubError, match="refuses") as caught:
            send(tmp_path / "run", place, ids)
        assert "hf_wrong" not in str(caught.value)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        hub.fails_at = "/commit/"
        with pytest.raises(HubError, match="answered 500"):
            send(tmp_path / "run", place, ids)
        assert hub.repositories == {}
        hub.repositories["me/digits"], hub.hidden = {"theirs.bin": b"1"}, {"me/digits"}
        with pytest.raises(HubError, match="answered 409"):
            send(tmp_path / "run", place, ids)
        assert hub.repositories.pop("me/digits") == {"theirs.bin": b"1"}
        hub.fails_at, hub.hidden = "", set()
        written = send(tmp_path / "run", place, ids)
        files = hub.repositories["me/digits"]
        with pytest.raises(RequestError, match=r"has README\.md"):
            send(tmp_path / "run", place, ids)
    assert hub.private["me/digits"]
    assert set(files) == {one.path for one in written.files}
    assert {"onnx/model.onnx", "onnx/model_quantized.onnx", "config.json", "model.safetensors"} < set(files)
    assert not [name for name in files if name.endswith((".bin", ".pt", ".pth", ".pkl"))]
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes(files[name])
    network = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    images = torch.randn(2, *report.baseline.input.shape)
    with torch.inference_mode():
        assert torch.equal(network(images), load_sample(SampleModel(), None).build()(images))
    card = yaml.safe_load(files["README.md"].decode().split("---\n")[1])
    assert card["license"] == "apache-2.0"
    top1 = [metric["value"] for metric in card["model-index"][0]["results"][0]["metrics"]]
    assert top1 == pytest.approx([one.accuracy.top1 for one in report.main_variants], abs=1e-6)


def test_a_trained_network_is_kept_beside_its_file(tmp_path):
    network = load_sample(SampleModel(), None)
    assert read_network(tmp_path) is None
    keep_network(network, tmp_path)
    again = read_network(tmp_path)
    assert again.key == network.key
    assert again.weights.read_bytes() == network.weights.read_bytes()


def test_what_leaves_this_machine_does_not_name_its_folders(run, send, tmp_path):
    folder = JobFolder(run)
    report = folder.report()
    data = ImagesData(path="/home/somebody/photos.zip", sha256="b" * 64)
    folder.write("report.json", report.model_copy(update={"recipe": report.recipe.model_copy(update={"data": data})}))
    (tmp_path / "shared").mkdir()
    written = Path(send(run, FilesDestination(url=str(tmp_path / "shared")), (BASE,)).location)
    texts = [path.read_text() for path in written.iterdir() if path.is_file()]
    assert not [text for text in texts if "somebody" in text]
    assert "photos.zip" in (written / "recipe.yaml").read_text()


def test_the_figures_of_mlflow_have_their_intervals():
    report = made_report()
    variant = report.variant(INT8)
    metrics = mlflow_store.metrics(variant)
    assert metrics["speedup_low"] == variant.latency.speedup_low
    assert {"top1", "top1_low", "top1_high", "drop_low", "size_bytes"} < set(metrics)
    assert all(isinstance(figure, float) for figure in metrics.values())
    assert mlflow_store.params(report, variant)["technique"] == "quantize"


@pytest.mark.parametrize(
    "text", ["ftp://host/x", "s3://", "s3://key:secret@bucket", "hf://name", "mlflow+file:///x", ""]
)
def test_a_place_that_is_none_is_refused(text):
    with pytest.raises(RequestError):
        parse_destination(text)


def test_places_are_told_apart_by_their_beginning():
    assert parse_destination("/mnt/models") == FilesDestination(url="/mnt/models")
    assert parse_destination("s3://models/x") == FilesDestination(url="s3://models/x")
    assert parse_destination("hf://me/digits") == HubDestination(repository="me/digits")
    assert parse_destination("mlflow+http://host:5000") == MlflowDestination(tracking_uri="http://host:5000")


def test_the_notebook_is_one_and_names_the_recipe():
    report = made_report()
    notebook = nbformat.reads(reproduction.notebook(report, 'a "name"'), as_version=4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    names: dict = {}
    exec("\n".join(code[:2]), names)
    assert names["recipe"] == report.recipe
    compile(reproduction.script(report, 'a "name" \\ """'), "script.py", "exec")


def test_a_request_names_each_variant_once(run):
    request = export_request(run, "", FilesDestination(url="/x"), (BASE, BASE), overwrite=False)
    assert request.variants == (BASE,)
    assert ExportRequest.model_validate(json.loads(request.model_dump_json())) == request
