"""A bundle runs and proves itself in an interpreter that sees its packages alone, and tells what was changed."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from engine.data.preprocess import prepare
from engine.errors import DataError, RequestError
from engine.export.bundle.bundle import sha256
from engine.models.graph import read_onnx
from engine.planning.verification import check_verification, parse_verification
from engine.store.home import Home
from tests.analyses.test_confusion import PLAIN
from tests.packed import ORDER, array_run, colour_run, pack

PACKAGES = {"onnxruntime": ("numpy", "flatbuffers", "protobuf", "packaging"), "openvino": ("numpy",)}
"""What each runtime needs, besides Pillow."""


@pytest.fixture(scope="module")
def bare_home(tmp_path_factory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    home.prepare()
    return home


@pytest.fixture(scope="module")
def run(tmp_path_factory, bare_home):
    return colour_run(tmp_path_factory.mktemp("colours"), bare_home)


@pytest.fixture(scope="module")
def packed(tmp_path_factory, run, bare_home):
    return pack(run, tmp_path_factory.mktemp("packed") / "job", bare_home)


@pytest.fixture
def unpacked(packed, tmp_path) -> Path:
    return packed.unpack(tmp_path / "bundle")


def isolated(folder: Path, runtime: str) -> Path:
    """A folder of links to the packages of a bundle, and to nothing else that is installed."""
    folder.mkdir()
    for name in (runtime, "pillow", *PACKAGES[runtime]):
        distribution = importlib.metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            place = folder / top
            if not place.exists():
                place.symlink_to(Path(str(distribution.locate_file(top))).resolve())
    return folder


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> Path:
    return isolated(tmp_path_factory.mktemp("isolated") / "site", "onnxruntime")


def call(folder: Path, packages: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A program of the bundle, without site-packages (-S): its imports are the standard library and `packages`."""
    return subprocess.run(
        [sys.executable, "-S", program, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(packages), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_verifies_and_its_result_is_one_that_the_dashboard_takes(unpacked, packages, run, packed):
    done = call(unpacked, packages, "verify.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 of 8 images are prepared bit for bit" in done.stdout
    found = parse_verification((unpacked / "verify-result.json").read_bytes())
    assert check_verification(found, run.report()).label == "Baseline"
    assert found.passed
    outputs = found.checks[-1]
    assert (outputs.worst_difference, outputs.n_examples) == (0.0, 8)
    assert found.bundle.sums_sha256 == packed.bundle.sums_sha256[0]
    assert found.latency is None or found.latency.ratio_to_measured is not None
    assert call(unpacked, packages, "-c", "import torch").returncode != 0


def test_with_other_threads_than_it_was_measured_with_it_names_no_ratio(unpacked, packages, run):
    done = call(unpacked, packages, "verify.py", "--threads", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    found = parse_verification((unpacked / "verify-result.json").read_bytes())
    assert check_verification(found, run.report())
    assert found.latency is None or (found.latency.threads, found.latency.ratio_to_measured) == (2, None)


def test_an_image_a_folder_and_a_batch_are_answered_as_the_model_answers(unpacked, packages):
    one = call(unpacked, packages, "infer.py", "golden", "--batch", "3", "--json")
    assert one.returncode == 0, one.stderr
    lines = [json.loads(line) for line in one.stdout.splitlines()]
    with np.load(unpacked / "golden.npz") as golden:
        for number, line in enumerate(lines):
            assert np.allclose(line["scores"], golden[f"output_{number}_0"][0], atol=1e-5)
            with Image.open(unpacked / line["file"]) as image:
                assert np.array_equal(prepare(image, PLAIN.model_dump()), golden["input_0"][number])
    assert len(lines) == 8
    assert {line["top"][0][0] for line in lines} <= set(ORDER)
    (unpacked / "broken.png").write_bytes(b"no image")
    broken = call(unpacked, packages, "infer.py", "broken.png", "gone.png", "golden/00.jpg")
    assert broken.returncode == 1
    assert "broken.png: cannot identify" in broken.stderr
    assert "gone.png: there is no such file" in broken.stderr
    assert "golden/00.jpg: " in broken.stdout
    (unpacked / "empty").mkdir()
    assert "no image is in empty" in call(unpacked, packages, "infer.py", "empty").stderr


@pytest.mark.parametrize("name", ["preprocess.py", "golden/03.jpg", "model.onnx", "labels.txt"])
def test_a_file_that_was_changed_is_named(unpacked, packages, name):
    with (unpacked / name).open("ab") as file:
        file.write(b"#")
    done = call(unpacked, packages, "verify.py", "--no-latency")
    assert done.returncode == 3
    assert f"{name} was changed" in done.stdout
    assert json.loads((unpacked / "verify-result.json").read_text())["passed"] is False
    (unpacked / name).unlink()
    assert f"{name} is missing" in call(unpacked, packages, "verify.py", "--no-latency").stdout


def redescribe(folder: Path, pattern: str, replacement: str) -> None:
    """Changes bundle.json, and writes SHA256SUMS anew for it."""
    text = (folder / "bundle.json").read_text()
    changed = re.sub(pattern, replacement, text)
    assert changed != text
    (folder / "bundle.json").write_text(changed)
    sums = (folder / "SHA256SUMS").read_text().replace(sha256(text.encode()), sha256(changed.encode()))
    (folder / "SHA256SUMS").write_text(sums)


@pytest.mark.parametrize(
    ("provider", "reason"),
    [("CUDAExecutionProvider", "CUDAExecutionProvider did not start here"), ("NoProvider", "Unknown Provider Type")],
)
def test_a_provider_that_does_not_start_is_a_check_that_fails_and_the_result_is_read(
    unpacked, packages, provider, reason
):
    redescribe(unpacked, r'"provider": "[^"]*"', f'"provider": "{provider}"')
    done = call(unpacked, packages, "verify.py")
    assert (done.returncode, "Traceback" in done.stderr) == (3, False)
    assert f"FAILED session: {reason}" in done.stdout
    found = parse_verification((unpacked / "verify-result.json").read_bytes())
    assert (found.passed, found.checks[-1].name) == (False, "session")


def test_another_version_of_the_runtime_is_told(unpacked, packages):
    redescribe(unpacked, r'"onnxruntime": "[^"]*"', '"onnxruntime": "1.0.0"')
    done = call(unpacked, packages, "verify.py", "--no-latency")
    assert done.returncode == 3
    assert "is installed, and the bundle was measured with 1.0.0: pip install -r requirements.txt" in done.stdout


def test_the_same_run_gives_the_same_bytes_and_only_metadata_is_added(packed, run, tmp_path, bare_home):
    again = pack(run, tmp_path / "again", bare_home)
    assert again.zip.read_bytes() == packed.zip.read_bytes()
    folder = packed.unpack(tmp_path / "bundle")
    ours, theirs = onnx.load(folder / "model.onnx"), onnx.load(run.path / "variants" / "base.onnx")
    keys = {entry.key for entry in ours.metadata_props}
    assert {"featherweight", "featherweight.provenance", "featherweight.measured", "classes"} <= keys
    assert ours.graph == theirs.graph
    read = read_onnx(folder / "model.onnx")
    assert (read.classes, read.preprocess) == (ORDER, PLAIN)
    (described,) = packed.bundle.descriptions
    assert described.model.size_bytes == (folder / "model.onnx").stat().st_size
    assert described.golden.images[0].original
    assert described.golden.tolerance >= 1e-4
    readme = (folder / "README.md").read_text()
    assert set(re.findall(r"`([\w-]+\.(?:py|txt|json|npz|onnx|html|yaml))`", readme)) - set(packed.bundle.files) == {
        "verify-result.json"
    }


def test_made_up_images_tell_nothing_of_the_data(run, tmp_path, bare_home):
    packed = pack(run, tmp_path / "job", bare_home, golden="noise")
    assert not any(image.original for image in packed.bundle.descriptions[0].golden.images)
    with zipfile.ZipFile(packed.zip) as archive:
        content = archive.read("golden/00.png")
    assert content.startswith(b"\x89PNG")


def test_a_model_of_arrays_has_no_preprocessing_and_no_labels(tmp_path, bare_home, packages):
    packed = pack(array_run(tmp_path), tmp_path / "job", bare_home, golden="noise")
    folder = packed.unpack(tmp_path / "bundle")
    assert not {"preprocess.py", "preprocess.json", "labels.txt"} & set(packed.bundle.files)
    assert "pillow" not in (folder / "requirements.txt").read_text()
    done = call(folder, packages, "verify.py", "--no-latency")
    assert done.returncode == 0, done.stdout + done.stderr
    np.savez(folder / "inputs.npz", **{"x": np.ones((2, 5), np.float32), "rows.of": np.full((2, 5), 3)})
    assert call(folder, packages, "infer.py", "inputs.npz", "outputs.npz").returncode == 0
    with np.load(folder / "outputs.npz") as outputs:
        assert (outputs["scores"] == 4).all()
    np.savez(folder / "inputs.npz", x=np.ones((2, 5), np.float32))
    assert "no array for the input 'rows.of'" in call(folder, packages, "infer.py", "inputs.npz", "o.npz").stderr


def test_openvino_opens_its_own_bundle(tmp_path, bare_home):
    pytest.importorskip("openvino", reason="OpenVINO does not load on every processor")
    run = colour_run(tmp_path, bare_home, runtime="openvino", precision="f32")
    folder = pack(run, tmp_path / "job", bare_home).unpack(tmp_path / "bundle")
    done = call(folder, isolated(tmp_path / "site", "openvino"), "verify.py", "--no-latency")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "requirements.txt").read_text().startswith("openvino==")


def test_other_images_or_another_file_than_the_run_had_are_refused(tmp_path, bare_home):
    run = colour_run(tmp_path, bare_home)
    next((tmp_path / "colours" / "red").iterdir()).unlink()
    with pytest.raises(DataError, match="made-up images"):
        pack(run, tmp_path / "job", bare_home)
    (run.path / "variants" / "base.onnx").write_bytes(b"")
    with pytest.raises(RequestError, match="has changed"):
        pack(run, tmp_path / "again", bare_home, golden="noise")


@pytest.mark.slow
def test_a_fresh_environment_installs_what_is_pinned_and_verifies(unpacked, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "fresh"], check=True)
    python = tmp_path / "fresh" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--requirement", unpacked / "requirements.txt"]
    subprocess.run(install, check=True)
    done = subprocess.run([python, "verify.py"], cwd=unpacked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
