"""What is refused before the start, in this process: which error, what it names, what it says to do."""

import shutil
import zipfile
from pathlib import Path

import pytest

from engine.errors import (
    DataError,
    FeatherweightError,
    LimitError,
    RequestError,
    SettingsError,
    SourceError,
    TargetError,
)
from engine.planning.resolve import resolve_recipe
from engine.settings import absolute_paths, load_recipe, parse_recipe
from engine.system.machine import cores
from engine.wording import many
from tests.bad import make_inputs
from tests.conftest import carry_out

TWO = "model: {kind: file, path: two.onnx}"
PETS = "data: {kind: images, path: pets"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    return make_inputs(tmp_path_factory.mktemp("inputs"))


@pytest.fixture
def run(inputs, tmp_path, shared_home):
    """Carries out a recipe whose paths are relative to the folder of inputs."""

    def carry(text: str):
        recipe = absolute_paths(parse_recipe(text), inputs)
        return carry_out(resolve_recipe(recipe, shared_home, from_browser=False), tmp_path / "run", shared_home)

    return carry


@pytest.fixture
def refused(run, tmp_path):
    """The error that refuses a recipe; nothing may have been made for it."""

    def ask(text: str) -> FeatherweightError:
        with pytest.raises(RequestError) as caught:
            run(text)
        assert not (tmp_path / "run" / "report.json").exists()
        assert not (tmp_path / "run" / "variants").exists()
        assert "\n" not in str(caught.value)
        assert caught.value.next
        return caught.value

    return ask


@pytest.mark.parametrize(("text", "said"), [
    ("model: [", "not valid YAML or JSON (line 1)"),
    ("? [a]\n: b", "not valid YAML"),
    ("!!python/object:os.system {}", "not valid YAML"),
    ("just words", "not a mapping"),
    ("{}", "'model' is missing"),
    ("{model: {kind: sample}, nonsense: 1}", "unknown key 'nonsense'"),
    ("{model: {kind: sample, weights: x}}", "unknown key 'model.weights'"),
    ("{model: {kind: sample, 1: 2}}", "unknown key 'model.1'"),
    ("{model: digits}", "'model' is 'digits', it must be a mapping"),
    ("{model: null}", "'model' is empty, it must be a mapping"),
    ("{model: {name: digits}}", "'model' does not say which 'kind' it is"),
    ("{model: {kind: keras}}", "'model.kind' is 'keras', it must be one of 'sample', 'timm', 'file'"),
    ("{model: {kind: sample}, seed: many}", "'seed' is 'many', it must be a whole number"),
    ("{model: {kind: sample}, seed: 1.5}", "'seed' is 1.5, it must be a whole number"),
    ("{model: {kind: sample}, seed: -1}", "'seed' is -1, it must be at least 0 and at most 2147483647"),
    ("{model: {kind: sample}, version: 2}", "'version' is 2, it must be 1"),
    ("{model: {kind: sample}, name: 12}", "'name' is 12, it must be text (write it in quotes)"),
    ("{model: {kind: sample}, name: 2024-01-01}", "'name' is 2024-01-01, it must be text"),
    ("{model: {kind: sample}, name: ''}", "'name' is '', it must be text, at least 1 long"),
    ("{model: {kind: sample}, goal: speed}", "'goal' is 'speed', it must be 'latency', 'size' or 'throughput'"),
    ("{model: {kind: sample}, budget: {minutes: 0}}", "'budget.minutes' is 0, it must be more than 0"),
    ("{model: {kind: sample}, budget: {minutes: .nan}}", "'budget.minutes' is nan, it must be a finite number"),
    ("{model: {kind: sample}, target: {threads: 0}}", "threads' is 0, it must be at least 1 and at most 1024"),
    ("{model: {kind: sample}, target: {threads: 5000}}", "threads' is 5000, it must be at least 1 and at most 1024"),
    ("{model: {kind: sample}, split: {evaluation: 0}}", "evaluation' is 0, it must be more than 0 and at most 1"),
    ("{model: {kind: sample}, steps: [{technique: prune, ratio: 1}]}",
     "step 1: 'ratio' is 1, it must be more than 0 and less than 1"),
    ("{model: {kind: sample}, target: {runtime: tvm}}",
     "'target.runtime' is 'tvm', it must be 'onnxruntime', 'openvino' or 'any'"),
    ("{model: {kind: sample}, target: {precision: bf16}}",
     "target: 'precision' is 'bf16', which onnxruntime does not take, since it computes in what the file holds"),
    ("{model: {kind: sample}, split: {train: 0.9}}", "split: train, calibration, evaluation and holdout sum to 130 %"),
    ("{model: {kind: sample}, data: {kind: images, path: x, classes: [no, 1]}}",
     "'data.classes.0' is false, it must be text (write it in quotes); 'data.classes.1' is 1"),
    ("{model: {kind: sample}, steps: quantize}", "'steps' is 'quantize', it must be a list"),
    ("{model: {kind: sample}, steps: [{technique: zip}]}", "step 1: 'technique' is 'zip', it must be one of"),
    ("{model: {kind: sample}, steps: [{method: static}]}", "step 1: it does not say which 'technique' it is"),
    ("{model: {kind: sample}, steps: [{technique: quantize, method: best}]}", "step 1: 'method'"),
    ("{model: {kind: sample}, steps: [{technique: quantize, method: static, bits: 4}]}", "step 1: unknown key 'bits'"),
    ("{model: {kind: sample}, data: {kind: sample}, branches: [[], [{technique: finetune, epochs: 0}]]}",
     "chain 2, step 1: 'epochs' is 0, it must be at least 1 and at most 1000"),
    ("{model: {kind: sample}, steps: [{technique: finetune}]}", "finetune needs labelled images"),
    ("{model: {kind: sample}, data: {kind: images, path: x, classes: [a, a]}}", "data: classes names one class twice"),
])  # fmt: skip
def test_a_recipe_that_is_none_is_refused_in_its_own_terms(text, said):
    with pytest.raises(SettingsError) as caught:
        parse_recipe(text)
    assert said in caught.value.message
    assert caught.value.next


def test_many_mistakes_are_one_line_that_can_be_read():
    with pytest.raises(SettingsError) as caught:
        parse_recipe("{model: {kind: sample}, " + ", ".join(f"k{number}: 1" for number in range(500)) + "}")
    assert "'k7'; and 492 more" in caught.value.message


def test_anchors_that_grow_without_end_cost_nothing():
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 60)]
    with pytest.raises(SettingsError) as caught:
        parse_recipe("\n".join(["a0: &a0 [x]", *levels, "model: *a59"]))
    assert len(caught.value.message) < 500


@pytest.mark.parametrize("content", [b"\xff\xfe\x00m", b"name: " + b"x" * 1_100_000])
def test_a_file_that_is_no_recipe_is_refused(tmp_path, content):
    (tmp_path / "recipe.yaml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"cannot be read|larger than 1000 kB"):
        load_recipe(tmp_path / "recipe.yaml")


@pytest.mark.parametrize(("model", "error", "said"), [
    ("{kind: timm, name: resnet81}", SourceError, "no architecture 'resnet81'. Choose one of the catalogue, such as"),
    ("{kind: timm, name: resnet18.mine}", SourceError, "no pretrained weights 'mine'. Choose one of a1_in1k"),
    ("{kind: timm, name: test_resnet, weights: none.pt}", SourceError, "none.pt' does not exist"),
    ("{kind: timm, name: test_resnet, weights: pets}", SourceError, "pets' is a folder"),
    ("{kind: file, path: none.onnx}", SourceError, "none.onnx' does not exist"),
    ("{kind: file, path: two.onnx/x}", SourceError, "two.onnx/x' does not exist"),
    ("{kind: file, path: pets}", SourceError, "pets' is a folder. Give the path of the file itself"),
    ("{kind: file, path: /dev/zero}", SourceError, "'/dev/zero' is neither a file nor a folder"),
    ('{kind: file, path: "a\\0b"}', SourceError, "a\\x00b' cannot be opened"),
    (f"{{kind: file, path: {'x' * 300}}}", SourceError, "cannot be opened: File name too long"),
    ("{kind: file, path: ~nobody_of_this_name/x}", SourceError, "does not exist"),
    ("{kind: sample}\ntarget: {threads: 1000}", TargetError,
     f"1,000 threads are asked for (target.threads), and this process may use "
     f"{many(cores(), 'core')}. Ask for {cores()} or fewer"),
    ("{kind: sample}\ndata: {kind: images, path: none}", DataError, "none' does not exist"),
    ("{kind: sample}\ndata: {kind: images, path: pets, labels: none.csv}", DataError, "none.csv' does not exist"),
    ("{kind: sample}\ndata: {kind: images, path: pets, labels: pets}", DataError, "pets' is a folder"),
])  # fmt: skip
def test_what_the_recipe_names_and_is_not_there_is_refused(refused, model, error, said):
    found = refused(f"model: {model}")
    assert isinstance(found, error)
    assert said in str(found)


def test_a_path_from_the_users_own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    recipe = absolute_paths(parse_recipe("model: {kind: file, path: ~/model.onnx}"), Path("/elsewhere"))
    assert recipe.model.path == str(tmp_path / "model.onnx")


@pytest.mark.parametrize(("model", "said"), [
    ("{kind: file, path: page.onnx}", "'page.onnx' is a web page"),
    ("{kind: file, path: pointer.onnx}", "'pointer.onnx' is a Git LFS pointer"),
    ("{kind: file, path: empty.onnx}", "'empty.onnx' is empty"),
    ("{kind: file, path: cut.onnx}", "'cut.onnx' is not an ONNX file, or is cut off"),
    ("{kind: file, path: random.onnx}", "'random.onnx' is not an ONNX file"),
    ("{kind: file, path: pets/cat/00.png}", "'00.png' is not an ONNX file"),
    ("{kind: timm, name: test_resnet, weights: text.pt}", "'text.pt' is not a PyTorch file"),
    ("{kind: timm, name: test_resnet, weights: text.safetensors}", "'text.safetensors' is not a whole safetensors"),
    ("{kind: timm, name: test_resnet, weights: other.pt}", "77 tensors missing: conv1.0.weight"),
    ("{kind: timm, name: test_resnet, weights: other.pt}", "1 tensor unexpected: a"),
    ("{kind: timm, name: test_resnet, num_classes: 7, weights: five.safetensors}",
     "2 tensors of another shape: fc.weight (5, 96) instead of (7, 96)"),
    ("{kind: timm, name: test_resnet, weights: random, in_chans: 2}", "the network is to take 2 channels"),
    ("{kind: timm, name: test_vit, weights: random, img_size: 17}", "cannot take images of 17x17 px"),
    ("{kind: sample}\ntarget: {provider: NoSuchProvider}", "the provider 'NoSuchProvider'"),
])  # fmt: skip
def test_a_model_that_is_none_is_refused(refused, model, said):
    assert said in str(refused(f"model: {model}"))


@pytest.mark.parametrize(("data", "said"), [
    ("{kind: images, path: empty}", "'empty' is empty"),
    ("{kind: images, path: hollow}", "'hollow' holds no images"),
    ("{kind: images, path: cats}", "one class, 'cat'; there is nothing to tell apart"),
    ("{kind: images, path: garbage}", "1 of 1 files in 'garbage' are no usable images"),
    ("{kind: images, path: slip.zip}", "the zip's entry '../evil.png' points outside the archive"),
    ("{kind: images, path: page.onnx}", "'page.onnx' is neither a zip nor a tar"),
    ("{kind: images, path: three}", "the model has 2 outputs and the data 3 classes"),
    ("{kind: images, path: three, classes: [a, b, c]}", "'c' is number 3 of the class names (data.classes)"),
    ("{kind: images, path: three, classes: [a, b]}", "the class names (data.classes) lack 1 of 3 labels: 'c'"),
    ("{kind: images, path: pets, labels: short.csv}", "line 2 of the labels file 'short.csv' is not file,label"),
    ("{kind: images, path: pets, labels: lost.csv}", "1 of 1 images that are not there: 'nope.png'"),
    ("{kind: images, path: pets, labels: page.onnx}", "the labels file 'page.onnx' is a web page"),
])  # fmt: skip
def test_data_that_is_none_is_refused(refused, inputs, data, said):
    assert said in str(refused(f"{TWO}\ndata: {data}"))
    assert not (inputs.parent / "evil.png").exists()


def test_a_broken_image_among_good_ones_is_left_out_counted_and_named(run, tmp_path):
    report = run(f"{TWO}\ndata: {{kind: images, path: some}}").report
    assert (tmp_path / "run" / "skipped.csv").read_text("utf-8-sig").splitlines()[1].startswith("cat/broken.png,")
    assert report.state == "done"
    assert report.data.n_skipped == 1
    (named,) = [note.text for note in report.warnings if note.code == "image_skipped"]
    assert named.startswith("'cat/broken.png' was left out: ")


def test_a_broken_image_in_a_zip_too(run, inputs, tmp_path):
    with zipfile.ZipFile(inputs / "some.zip", "w") as archive:
        for path in (inputs / "some").rglob("*.png"):
            archive.write(path, path.relative_to(inputs / "some"))
    report = run(f"{TWO}\ndata: {{kind: images, path: some.zip}}").report
    assert (report.data.n_skipped, report.state) == (1, "done")
    assert list((tmp_path / "run" / "work").glob("images-*")) == []


def test_a_full_disk_ends_the_chain_and_keeps_what_was_finished(run, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=20_000))  # of which two.onnx takes 6,000
    report = run(f"{TWO}\n{PETS}}}\nsteps: [{{technique: quantize, method: static}}]").report
    (failure,) = report.failures
    assert (report.state, failure.code, failure.step) == ("failed", "disk_full", 0)
    assert "the disk has 0 MB left" in failure.message
    assert failure.next
    assert report.baseline.latency
    assert report.recommended.id == report.baseline.id


def test_a_full_disk_is_not_called_a_bad_model(run, tmp_path, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10_000))
    with pytest.raises(LimitError, match="the disk has 0 MB left") as caught:
        run(TWO)
    assert caught.value.code == "disk_full"
    assert not (tmp_path / "run" / "report.json").exists()


def test_half_a_file_is_no_variant(run, tmp_path, monkeypatch):
    def fill(source, target):
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", fill)
    with pytest.raises(OSError, match="No space"):
        run(f"{TWO}\n{PETS}}}")
    assert list((tmp_path / "run" / "variants").iterdir()) == []
