"""What a profile says of each kind of model."""

import pytest

from engine import catalogue
from engine.analyses.profile import profile
from engine.errors import SourceError
from engine.results import ModelProfile
from engine.settings import FileModel, ProfileRequest, SampleModel, TimmModel
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.models.small import small_classifier


@pytest.fixture
def run(tmp_path):
    """Profiles a source in a folder of its own; gives the result and the fractions that were told."""

    def run(source) -> tuple[ModelProfile, list[float]]:
        events = []
        result = profile(ProfileRequest(model=source), JobFolder(tmp_path / "job"), Progress(events.append))
        return result, [event.fraction for event in events]

    return run


def test_a_timm_model(run):
    result, fractions = run(TimmModel(name="test_resnet", weights="random"))
    assert (result.format, result.weights, result.name, result.n_outputs) == ("timm", "random", "test_resnet", 1000)
    assert (result.inputs, result.outputs) == ({"image": ("batch", 3, 160, 160)}, {"logits": ("batch", 1000)})
    assert result.macs == catalogue.entry("test_resnet").macs
    assert result.layers["Conv"] == 15
    assert result.size_bytes > 4 * result.parameters
    assert fractions == sorted(fractions)
    assert ModelProfile.model_validate_json(result.model_dump_json()) == result


def test_the_sample(run):
    result, _ = run(SampleModel())
    assert (result.name, result.weights, result.classes) == ("sample digits", "sample", tuple("0123456789"))
    assert result.preprocess.channels == "gray"


def test_an_onnx_file(run, tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(small_classifier().SerializeToString())
    result, _ = run(FileModel(path=str(path)))
    assert (result.format, result.weights, result.name, result.opset) == ("onnx", "file", "mine.onnx", 18)
    assert result.size_bytes == path.stat().st_size
    assert result.layers == {"Conv": 1, "Flatten": 1, "Gemm": 1, "GlobalAveragePool": 1}
    assert [note.code for note in result.warnings] == ["preprocess_assumed"]


def test_what_cannot_be_read_is_a_source_error(run, tmp_path):
    (tmp_path / "page.onnx").write_text("<html></html>")
    with pytest.raises(SourceError, match="web page"):
        run(FileModel(path=str(tmp_path / "page.onnx")))
