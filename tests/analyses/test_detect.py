"""A model that is run with another preprocessing than it was trained with is found out, and no other is accused."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from engine import models
from engine.analyses import measure_lock, preprocessing_search
from engine.analyses.detect import _load_data, _unreported, detect
from engine.data import load
from engine.errors import SourceError
from engine.results import PreprocessingDetection
from engine.settings import (
    DetectRequest,
    FileModel,
    ImagesData,
    Preprocess,
    SampleData,
    Split,
)
from engine.store.folders import JobFolder
from engine.store.progress import Progress

pytestmark = pytest.mark.usefixtures("home")

TRUE = Preprocess(size=(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3, interpolation="bilinear")
"""What the colour network takes: red, green and blue from 0 to 1."""
COLOURS = {"blue": (30, 30, 110), "dark": (25, 20, 25), "red": (110, 30, 30)}
N_IMAGES = 40


def colour_network(path: Path, *, logarithm: bool = False) -> FileModel:
    """Answers blue, dark or red by the mean of each channel: dark where red and blue are both below 0.3.

    Red and blue images are not above the mean of ImageNet, so that no other normalisation is right as well.
    """
    weights = np.array([[0.0, 0, 1], [0, 0, 0], [1, 0, 0]], np.float32) * 10
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["scores" if logarithm else "logits"], transB=1),
        *([helper.make_node("Log", ["scores"], ["logits"])] if logarithm else []),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ("batch", 3, 8, 8))],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ("batch", 3))],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([0, 3, 0], np.float32), "bias"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return FileModel(path=str(path))


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch):
    """No other process waits for the lock."""
    monkeypatch.setattr(measure_lock, "OTHERS_FIRST_SECONDS", 0.0)


@pytest.fixture(scope="module")
def colours(tmp_path_factory) -> Path:
    """A folder per class of noisy images in one colour each, wider than high."""
    folder, rng = tmp_path_factory.mktemp("colours"), np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (folder / name).mkdir()
        for index in range(N_IMAGES):
            pixels = np.clip(rng.normal(colour, 20, (12, 16, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{index:02d}.png")
    return folder


@pytest.fixture
def detected(tmp_path, colours):
    """What is found with a preprocessing of the colour network, and the job's folder."""

    def run(preprocess: Preprocess | None, *, data=None, model=None, **asked) -> PreprocessingDetection:
        request = DetectRequest(
            model=model or colour_network(tmp_path / "colours.onnx"),
            data=data or ImagesData(path=str(colours)),
            preprocess=preprocess,
            **asked,
        )
        return detect(request, JobFolder(tmp_path / "job"), Progress(lambda event: None))

    return run


def changed(**values) -> Preprocess:
    return TRUE.model_copy(update=values)


def test_bgr_by_mistake_is_found(detected, tmp_path):
    result = detected(changed(channels="bgr"))
    winner = result.winner
    assert winner is not None
    assert (winner.preprocess.channels, winner.preprocess.scale, winner.top1) == ("rgb", 255.0, 1.0)
    assert result.declared.top1 < 0.5
    assert result.corrected_p_value(winner) < 0.05
    assert (result.comparison.n_better, result.comparison.n_worse) == (winner.n_better, 0)
    caption, declared, better = result.pictures[0]
    seen = {name: np.asarray(Image.open(tmp_path / "job" / name)) for name in (declared, better)}
    assert np.array_equal(seen[declared], seen[better][..., ::-1])
    assert abs(seen[better].mean(axis=(0, 1)) - COLOURS[caption]).max() < 20


def test_pixels_to_255_by_mistake_are_found(detected, tmp_path):
    result = detected(changed(scale=1.0))
    assert result.winner is not None
    assert (result.winner.preprocess.scale, result.winner.top1) == (255.0, 1.0)
    declared = [np.asarray(Image.open(tmp_path / "job" / row[1])) for row in result.pictures]
    assert min(picture.min() for picture in declared) == 255  # all that the model sees is white


@pytest.mark.parametrize("preprocess", [TRUE, changed(crop_pct=0.9), changed(interpolation="nearest")])
def test_nothing_is_found_where_nothing_is_wrong(detected, preprocess):
    result = detected(preprocess)
    assert (result.better, result.comparison, result.declared.top1, result.can_tell) == (None, None, 1.0, True)
    assert result.untried == ()
    assert {trial.stage for trial in result.trials} == {"declared", "normalisation", "crop", "interpolation"}
    assert len(result.trials) == result.n_compared + 1


def test_the_sample_is_right_as_it_is_and_found_out_when_it_is_not(detected, with_baseline, monkeypatch):
    monkeypatch.setattr(preprocessing_search, "MOST_IMAGES", 40)
    monkeypatch.setattr(preprocessing_search, "SCREEN_IMAGES", 20)
    file = FileModel(path=str(next(with_baseline.rglob("model.onnx"))))
    right = detected(None, model=file, data=SampleData())
    assert (right.better, right.declared.top1 > 0.9, right.untried) == (None, True, ())
    raw = Preprocess(size=(64, 64), mean=(0.0,), std=(1.0,), scale=1.0, interpolation="bilinear", channels="gray")
    wrong = detected(raw, model=file, data=SampleData())
    assert wrong.declared.top1 < 0.5
    assert wrong.winner is not None
    assert wrong.winner.top1 > 0.9
    assert wrong.winner.preprocess.scale == 255


def test_without_labels_there_is_a_hint_and_nothing_is_better(detected, colours):
    result = detected(changed(channels="bgr"), data=ImagesData(path=str(colours), labels="none"))
    assert (result.labelled, result.better, result.comparison) == (False, None, None)
    assert all(trial.top1 is None and trial.p_value is None for trial in result.trials)
    assert all(0 < trial.confidence <= 1 and trial.entropy >= 0 for trial in result.trials)
    assert {trial.stage for trial in result.trials} == {"declared", "normalisation"}


def test_labels_that_are_not_the_outputs_are_said_and_not_used(detected, tmp_path, colours):
    four = tmp_path / "four"
    for number in range(4):
        (four / str(number)).mkdir(parents=True)
        for index in range(12):
            Image.new("RGB", (8, 8), (index, 60 * number, 0)).save(four / str(number) / f"{index}.png")
    result = detected(TRUE, data=ImagesData(path=str(four)))
    assert (result.labelled, result.better) == (False, None)
    assert "head_does_not_fit" in [note.code for note in result.warnings]


def test_what_time_left_out_is_named(detected):
    result = detected(changed(channels="bgr"), minutes=1e-9)
    assert (len(result.trials), result.better) == (1, None)
    assert len(result.untried) == result.n_compared
    assert result.declared.n_images == preprocessing_search.FEWEST_IMAGES


def test_few_images_cannot_tell(detected, tmp_path):
    for name, colour in COLOURS.items():
        (tmp_path / "few" / name).mkdir(parents=True)
        for index in range(4):
            Image.new("RGB", (8, 8), tuple(value + index for value in colour)).save(
                tmp_path / "few" / name / f"{index}.png"
            )
    result = detected(changed(channels="bgr"), data=ImagesData(path=str(tmp_path / "few")))
    assert (result.better, result.can_tell) == (None, False)


def test_answers_that_are_not_finite_are_wrong(detected, tmp_path):
    """The logarithm of what is below 0: under the wrong numbers no answer is one."""
    model = colour_network(tmp_path / "logarithm.onnx", logarithm=True)
    result = detected(changed(mean=(1.0,) * 3), model=model)
    assert result.declared.top1 < 0.5
    assert result.winner is not None
    assert result.comparison.n_better == result.winner.n_better


def test_one_change_is_not_kept_for_the_sake_of_another(detected):
    """With the order right every cut is right: none of them may be recommended on top of it."""
    winner = detected(changed(channels="bgr", crop_pct=0.9)).winner
    assert (winner.preprocess.crop_pct, winner.preprocess.resize, winner.stage) == (0.9, "crop", "normalisation")


@pytest.mark.parametrize("shares", [(0.6, 0.1, 0.3, 0.0), (0.0, 0.1, 0.9, 0.0), (0.1, 0.1, 0.7, 0.1)])
def test_what_is_looked_at_reports_nothing_in_any_run(colours, tmp_path, shares):
    split = Split(**dict(zip(("train", "calibration", "evaluation", "holdout"), shares, strict=True)))
    runs = [
        load(ImagesData(path=str(colours)), split, TRUE, 0, merge_train=merge_train, n_outputs=3)
        for merge_train in (True, False)
    ]
    source = colour_network(tmp_path / "colours.onnx")
    request = DetectRequest(model=source, data=ImagesData(path=str(colours)), split=split)
    model = models.load(source, TRUE, 0, tmp_path)
    looked_at = _unreported(_load_data(request, model, tmp_path, Progress(lambda event: None)))
    assert len(set(looked_at.part.ids)) == len(looked_at.part) == looked_at.n_calibration + looked_at.n_selection > 20
    for data in runs:
        assert not set(looked_at.part.ids) & set(data.split("evaluation").ids)
    for index in (0, len(looked_at.part) - 1):
        colour = COLOURS[runs[0].classes[looked_at.part.labels[index]]]
        assert abs(looked_at.part.pixels(index).mean(axis=(0, 1)) - colour).max() < 20


def test_without_other_images_those_of_evaluation_are_looked_at_and_counted(detected):
    only = Split(train=0.0, calibration=0.0, evaluation=1.0)
    result = detected(TRUE, split=only)
    assert (result.n_calibration, result.n_evaluation) == (0, 0)
    assert result.n_selection == N_IMAGES


def test_a_model_that_tells_no_classes_apart_is_refused(detected, tmp_path):
    path = tmp_path / "vectors.onnx"
    model = FileModel(path=colour_network(path).path, task="embedding")
    with pytest.raises(SourceError, match="an embedding"):
        detected(TRUE, model=model)
