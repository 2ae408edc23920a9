"""A run without images makes some of the network's own statistics, once; where that cannot be, it takes noise."""

import numpy as np
import pytest

from engine.models import load
from engine.run import statistics as subject
from engine.run.progress import RunProgress
from engine.settings import FileModel, SampleModel, parse_recipe
from engine.store.cache import Cache
from engine.store.progress import Progress
from engine.training import statistics_images
from tests.conftest import carry_out

NO_DATA = "model: {kind: sample}\ndata: null\nsteps: [{technique: quantize, method: static, bias_correction: false}]"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(statistics_images, "STEPS", 10)


def codes(report) -> list[str]:
    return [warning.code for warning in report.warnings]


def test_a_run_without_images_calibrates_on_those_of_the_statistics_and_says_so(tmp_path, ready_home):
    report = carry_out(parse_recipe(NO_DATA), tmp_path / "run", ready_home).report
    assert report.state == "done"
    assert "statistics_images" in codes(report)
    assert "synthetic_images" not in codes(report)
    assert (report.data.n_calibration, report.data.n_evaluation > 40) == (32, True)
    int8 = report.variants[1]
    assert int8.accuracy is None
    assert int8.fidelity.sqnr_db > 10


def test_they_are_made_once(tmp_path, ready_home, monkeypatch):
    source = load(SampleModel(), None, 0, tmp_path)

    def made():
        progress = RunProgress(Progress(lambda event: None), ())
        return subject.statistics_images(parse_recipe(NO_DATA), source, Cache(tmp_path / "cache"), progress)

    pixels, distance = made()
    assert pixels.shape == (96, 64, 64, 1)
    assert 0 < distance < 1
    monkeypatch.setattr(subject, "make_images", lambda *arguments: pytest.fail("made again"))
    again, same_distance = made()
    np.testing.assert_array_equal(pixels, again)
    assert distance == same_distance


@pytest.mark.parametrize("text", [
    NO_DATA.replace("static, bias_correction: false", "weights"),
    NO_DATA.replace("data: null", "data: {kind: sample}"),
], ids=["nothing to calibrate", "images of its own"])  # fmt: skip
def test_none_are_made_where_none_are_needed(text, tmp_path):
    assert subject.statistics_images(parse_recipe(text), load(SampleModel(), None, 0, tmp_path), None, None) is None


def test_an_onnx_file_runs_on_noise():
    assert not subject.makes_images(parse_recipe(NO_DATA).model_copy(update={"model": FileModel(path="m.onnx")}))


def test_too_little_time_leaves_the_noise(tmp_path, ready_home):
    text = NO_DATA + "\nbudget: {minutes: 0.001}"
    report = carry_out(parse_recipe(text), tmp_path / "run", ready_home).report
    assert "synthetic_images" in codes(report)
