"""What a script sees of bad input: exit status, one line on stderr, and nothing left behind. Real processes."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cli.main import main
from tests.bad import make_inputs

TWO = "model: {kind: file, path: two.onnx}"
QUANTIZE = "steps: [{technique: quantize, method: static}]"
Asked = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    return make_inputs(tmp_path_factory.mktemp("inputs"))


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "new" / "out"


@pytest.fixture
def optimize(inputs, tmp_path, out) -> Asked:
    """`python -m engine optimize` on a recipe beside the inputs, in a home and a temporary folder of its own."""
    (tmp_path / "tmp").mkdir()

    def ask(text: str, into: Path = out, **more) -> subprocess.CompletedProcess[str]:
        recipe = inputs / f"{tmp_path.name}.yaml"
        recipe.write_text(text)
        env = os.environ | {
            "FEATHERWEIGHT_HOME": str(tmp_path / "home"),
            "TMPDIR": str(tmp_path / "tmp"),
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(tmp_path / "hub"),
        }
        command = [sys.executable, "-m", "engine", "optimize", str(recipe), "--out", str(into)]
        return subprocess.run(command, env=env, capture_output=True, text=True, **more)

    return ask


def check_refused(asked: subprocess.CompletedProcess[str], tmp_path: Path, *said: str) -> None:
    """Exit 2, one line that begins with error:, and nothing in home, temporary folder or where `out` was to be."""
    assert asked.returncode == 2, asked.stderr
    assert asked.stdout == ""
    assert "Traceback" not in asked.stderr
    (line,) = [line for line in asked.stderr.splitlines() if line.startswith("error: ")]
    assert asked.stderr.endswith(f"{line}\n")
    for words in said:
        assert words in line
    left = [
        path
        for place in ("home/jobs", "home/uploads", "home/cache", "tmp", "new")
        for path in (tmp_path / place).glob("*")
    ]
    assert left == []
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("text", "said"), [
    ("model: {kind: timm, name: resnet81}", ("no architecture 'resnet81'", "such as resnet18")),
    ("model: {kind: sample}\nnonsense: 1", ("unknown key 'nonsense'", "Correct the recipe")),
    ("model: {kind: sample}\nsteps: [{technique: quantize, method: static, calibration_images: 0}]",
     ("step 1: 'calibration_images' is 0, it must be at least 1",)),
    ("model: [", ("not valid YAML or JSON (line 1)",)),
    ("model: {kind: file, path: none.onnx}", ("none.onnx' does not exist", "Check the path")),
    ('model: {kind: file, path: "a\\0b"}', ("cannot be opened", "Check the path")),
    ("model: {kind: sample}\ntarget: {threads: 1000}", ("1,000 threads are asked for (target.threads)", "Ask for")),
])  # fmt: skip
def test_what_can_be_told_at_once_is_one_line_alone(optimize, tmp_path, text, said):
    asked = optimize(text)
    check_refused(asked, tmp_path, *said)
    assert asked.stderr.count("\n") == 1


@pytest.mark.parametrize(("text", "said"), [
    ("model: {kind: timm, name: resnet18.a1_in1k}",
     ("the weights of 'resnet18.a1_in1k'", "the Hugging Face Hub cannot be reached", "Connect", "local weights file")),
    ("model: {kind: timm, name: test_resnet, num_classes: 7, weights: five.safetensors}",
     ("'five.safetensors' do not fit", "fc.weight (5, 96) instead of (7, 96)", "num_classes")),
    ("model: {kind: file, path: cut.onnx}", ("'cut.onnx' is not an ONNX file, or is cut off", "Copy or download")),
    (f"{TWO}\ndata: {{kind: images, path: slip.zip}}", ("'../evil.png' points outside", "Make a zip")),
])  # fmt: skip
def test_what_the_runner_finds_is_refused_the_same_way(optimize, inputs, tmp_path, text, said):
    check_refused(optimize(text), tmp_path, *said)
    assert not list(inputs.parent.rglob("evil.png"))


def test_a_folder_that_was_there_is_empty_again(optimize, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    check_refused(optimize(f"{TWO}\ndata: {{kind: images, path: cats}}", there), tmp_path, "one class, 'cat'")
    assert list(there.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(optimize, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine")
    check_refused(optimize(TWO, tmp_path / "there"), tmp_path, "there' is not empty", "Choose another folder")
    check_refused(optimize(TWO, tmp_path / "there" / "mine.txt"), tmp_path, "mine.txt' is a file")
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["mine.txt"]
    assert (tmp_path / "there" / "mine.txt").read_text() == "mine"


def test_a_disk_that_is_nearly_full_is_refused_before_the_start(inputs, out, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FEATHERWEIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("engine.store.home.FREE_FLOOR_BYTES", 10**18)
    (inputs / "full.yaml").write_text(TWO)
    status = main(["optimize", str(inputs / "full.yaml"), "--out", str(out)])
    said = capsys.readouterr()
    check_refused(
        subprocess.CompletedProcess([], status, said.out, said.err), tmp_path, "MB left", "are needed", "Free the cache"
    )


def test_no_room_for_a_file_is_a_failure_that_says_so(optimize, out):
    """A limit on a file's size stands in for the disk: it needs no rights, and writes fail just as really."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))

    asked = optimize(f"model: {{kind: sample}}\ndata: {{kind: sample}}\n{QUANTIZE}", preexec_fn=limit)
    assert asked.returncode == 1, asked.stderr
    assert "Traceback" not in asked.stderr
    assert asked.stderr.splitlines()[-1].startswith("error: a file grew past the limit for files. Choose")
    report = json.loads((out / "report.json").read_text())
    (failure,) = report["failures"]
    assert (report["state"], failure["code"], report["variants"]) == ("failed", "file_size", [])
    assert list(out.glob("variants/*/*")) == []
    assert not (out / "work").exists()
