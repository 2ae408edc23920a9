"""The exported file answers as torch does, at every batch size, and says what it is."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from sklearn.datasets import load_digits

from engine import models
from engine.errors import ExportError
from engine.export import onnx_file
from engine.export.onnx_file import check_close, export_onnx
from engine.models.artifacts import file_sha256, save_weights, torch_model
from engine.models.graph import operators
from engine.settings import Preprocess, SampleModel, TimmModel

NOWHERE = Path("no such folder")
"""Samples, files and random weights are kept nowhere."""


def digits(size: int) -> np.ndarray:
    """Four real images: (4, 1, size, size) float32 in [-1, 1]."""
    repeat = np.ones((size // 8, size // 8), np.float32)
    return np.stack([np.kron(image / 8 - 1, repeat)[None] for image in load_digits().images[:4]]).astype(np.float32)


def fresh(name: str, **changes):
    """A network with random weights."""
    return models.load(TimmModel(name=name, weights="random", **changes), None, 0, NOWHERE)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "model.onnx"
    model = models.load(SampleModel(), None, 0, NOWHERE)
    return model, export_onnx(model, path, digits(64))


def test_the_file_says_what_it_is(sample):
    model, exported = sample
    assert (exported.preprocess, exported.classes, exported.warnings) == (model.preprocess, model.classes, ())
    assert (exported.input_name, exported.output_name, exported.batch) == ("image", "logits", None)
    assert (exported.input_shape, exported.n_outputs, exported.opset) == ((1, 64, 64), 10, onnx_file.OPSET)
    assert exported.sha256 == file_sha256(exported.path)


def test_it_is_one_file(sample):
    _, exported = sample
    assert [path.name for path in exported.path.parent.iterdir()] == ["model.onnx"]


def test_normalisation_is_folded_into_the_convolutions(sample):
    _, exported = sample
    counts = operators(onnx.load(exported.path))
    assert "BatchNormalization" not in counts
    assert counts["Conv"] == 14


@pytest.mark.parametrize("batch", [1, 3, 4])
def test_it_answers_as_torch_does_at_every_batch_size(sample, batch):
    model, exported = sample
    images = digits(64)[:batch]
    session = ort.InferenceSession(exported.path, providers=["CPUExecutionProvider"])
    (given,) = session.run(None, {"image": images})
    with torch.inference_mode():
        wanted = model.build()(torch.from_numpy(images)).numpy()
    assert np.abs(given - wanted).max() <= onnx_file.TOLERANCE * np.abs(wanted).max()


def test_no_path_of_the_machine_is_in_the_file(sample):
    _, exported = sample
    content = exported.path.read_bytes()
    assert b"site-packages" not in content
    assert b".py" not in content


def test_the_same_model_gives_the_same_bytes(tmp_path):
    model = fresh("test_resnet", num_classes=3)
    first, second = (export_onnx(model, tmp_path / f"{name}.onnx") for name in "ab")
    assert first.sha256 == second.sha256


def test_branches_are_merged_first(tmp_path):
    exported = export_onnx(fresh("test_byobnet", num_classes=3), tmp_path / "plain.onnx")
    repvgg = export_onnx(fresh("mobileone_s0", num_classes=3, img_size=64), tmp_path / "merged.onnx")
    assert "Add" not in operators(onnx.load(repvgg.path))
    assert exported.batch is None


def test_the_exporter_says_nothing(tmp_path, capfd):
    export_onnx(fresh("test_resnet", num_classes=3), tmp_path / "model.onnx")
    captured = capfd.readouterr()
    assert captured.out == ""


def test_nan_weights_are_exported_as_they_are(tmp_path):
    model = fresh("test_resnet", num_classes=3)
    module = model.build()
    with torch.no_grad():
        module.get_classifier().bias[1] = float("nan")
    broken = torch_model(
        architecture="test_resnet",
        num_classes=3,
        in_chans=3,
        img_size=None,
        seed=0,
        weights=save_weights(module, tmp_path / "nan.safetensors"),
        weights_label="file",
        preprocess=model.preprocess,
    )
    assert export_onnx(broken, tmp_path / "model.onnx").n_outputs == 3


def test_a_file_that_answers_otherwise_is_refused_with_the_figure():
    wanted = np.array([[4.0, -2.0]], np.float32)
    check_close(wanted, wanted + 0.003, "model.onnx")
    with pytest.raises(ExportError, match=r"differs from torch by 1\.2\de-03"):
        check_close(wanted, wanted + 0.005, "model.onnx")
    with pytest.raises(ExportError, match="not finite"):
        check_close(wanted, np.array([[4.0, np.nan]], np.float32), "model.onnx")
    with pytest.raises(ExportError, match="another shape"):
        check_close(wanted, wanted[:, :1], "model.onnx")
    check_close(np.zeros((1, 2), np.float32), np.zeros((1, 2), np.float32), "model.onnx")


def test_too_many_weights_for_one_file_are_refused_before_the_export(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "MAX_BYTES", 1000)
    with pytest.raises(ExportError, match="at most 2 GB"):
        export_onnx(fresh("test_resnet"), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


class Branching(torch.nn.Module):
    """Its path depends on the values, which no graph can hold."""

    def forward(self, x):
        return x.mean((2, 3)) if x.sum() > 0 else x.amax((2, 3))


class Frozen(torch.nn.Module):
    """The exporter takes a number out of the traced images for a constant."""

    def forward(self, x):
        return x.mean((2, 3)) * len(str(x.sum().item()))


@pytest.mark.parametrize(("module", "said"), [(Branching(), "cannot export 'test_resnet'"), (Frozen(), "differs from")])
def test_what_does_not_become_a_graph_is_an_export_error(module, said, tmp_path, monkeypatch):
    size = Preprocess(size=(32, 32), mean=(0.5,) * 3, std=(0.5,) * 3)
    model = torch_model(
        architecture="test_resnet",
        num_classes=3,
        in_chans=3,
        img_size=None,
        weights=None,
        seed=0,
        weights_label="random",
        preprocess=size,
    )
    monkeypatch.setattr(type(model), "build", lambda self: module)
    with pytest.raises(ExportError, match=said):
        export_onnx(model, tmp_path / "model.onnx")
