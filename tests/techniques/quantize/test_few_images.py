"""Few calibration images: crops of them set ranges too, in every method that calibrates, and nothing else."""

from dataclasses import replace

import onnx
import pytest

from engine import data as images
from engine.models.graph import read_onnx
from engine.search.context import RaceContext
from engine.search.race import race
from engine.settings import Preprocess, Qat, QuantizeAuto, QuantizeStatic, SampleData, Split
from engine.techniques.quantize import Calibrator, quantize_static
from engine.techniques.quantize.qat import qat
from engine.training.context import TrainingContext
from tests.drawn_weights import weights
from tests.made_contexts import made_context
from tests.techniques.given import classifier

COLOUR = Preprocess(size=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bilinear", channels="rgb")
LAYERS = [
    ("Conv", ["image", "w1", "b1"], "a", {"pads": [1] * 4}),
    ("Relu", ["a"], "b"),
    ("GlobalAveragePool", ["b"], "c"),
    ("Flatten", ["c"], "d"),
    ("Gemm", ["d", "w2", "b2"], "logits"),
]
N_CALIBRATION = 12
AUTO = QuantizeAuto(calibration_images=40, mixed_precision=False)
STATIC = QuantizeStatic(method="static", calibration_images=20)
QAT = Qat(epochs=1, calibration_images=20)
CASES = {
    "static": (quantize_static, STATIC, RaceContext, "engine.techniques.quantize.static", 9),
    "race": (race, AUTO, RaceContext, "engine.search.workspace", 6),
    "qat": (qat, QAT, TrainingContext, "engine.techniques.quantize.qat.step", 12),
}
"""The method, its settings for 20 range images, its context, where it calibrates, and the images it has for that."""


@pytest.fixture(scope="module")
def data():
    found = images.load(SampleData(), Split(), COLOUR, 0, merge_train=False, n_outputs=10)
    calibration = found.images("calibration").span(0, N_CALIBRATION)
    train, evaluation = found.images("train").span(0, 64), found.images("evaluation").span(0, 40)
    return replace(
        found,
        parts={"train": train, "calibration": calibration, "evaluation": evaluation, "holdout": train.span(0, 0)},
        selection=calibration.span(N_CALIBRATION // 2, N_CALIBRATION),
    )


@pytest.fixture
def model(tmp_path):
    constants = {"w1": weights(8, 3, 3, 3), "b1": weights(8), "w2": weights(8, 10), "b2": weights(10)}
    path = tmp_path / "given.onnx"
    onnx.save(classifier(LAYERS, constants, n_classes=10), path)
    return read_onnx(path, COLOUR)


@pytest.fixture
def outcome_of(model, data, tmp_path, monkeypatch):
    """Carries out a case on this data and returns its outcome with the ids of the images that set ranges."""

    def carry_out(case, **changes):
        method, settings, kind, module, _ = CASES[case]
        calibrated = []

        class Watched(Calibrator):
            def __init__(self, given, folded, examples, n_images, *args, **options):
                calibrated.append(list(examples.ids[:n_images]))
                super().__init__(given, folded, examples, n_images, *args, **options)

        monkeypatch.setattr(f"{module}.Calibrator", Watched)
        folder = tmp_path / case
        folder.mkdir(exist_ok=True)
        outcome = method(model, settings, made_context(kind, replace(data, **changes), folder))
        return outcome, calibrated

    return carry_out


def crop_notes(outcome):
    return [note for note in outcome.notes if note.code == "cropped_calibration_images"]


@pytest.mark.parametrize("case", CASES)
def test_crops_of_the_images_that_set_ranges_join_them_and_none_of_those_that_judge(case, outcome_of, data):
    outcome, ((*ids,),) = outcome_of(case)
    n_sources = CASES[case][-1]
    calibration = data.images("calibration").ids
    assert ids[:n_sources] == list(calibration[:n_sources])
    assert len(ids) == len(set(ids)) == 20
    assert {id.split(" (crop ")[0] for id in ids} == set(calibration[:n_sources])
    (note,) = crop_notes(outcome)
    assert note.text.startswith(f"{20 - n_sources} seeded crops of these {n_sources} images, mirrored or not, set the")
    assert "since 20 were asked for" in note.text


@pytest.mark.parametrize("case", ["static", "qat"])
def test_images_that_were_made_are_not_cropped(case, outcome_of):
    outcome, ((*ids,),) = outcome_of(case, synthetic=True)
    assert len(ids) == CASES[case][-1]
    assert not crop_notes(outcome)


def test_where_there_are_as_many_as_asked_for_nothing_is_cropped_or_said(outcome_of, data):
    plenty = {**data.parts, "calibration": data.images("train")}
    outcome, ((*ids,),) = outcome_of("static", parts=plenty)
    assert ids == list(data.images("train").ids[:20])
    assert not crop_notes(outcome)
