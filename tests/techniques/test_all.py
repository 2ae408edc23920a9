"""One body for all techniques: each row of the table runs, leaves its input alone, and gives what can be trusted."""

import hashlib
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from pydantic import TypeAdapter

from engine import data as images
from engine import models
from engine.context import no_progress
from engine.data import Data
from engine.models.artifacts import TorchModel
from engine.planning.estimate import plan_phases
from engine.planning.parts import full_title, phase_of
from engine.run.branch import label
from engine.run.registry import STEPS
from engine.run.step_runner import StepRunner
from engine.settings import (
    TECHNIQUES,
    Distill,
    Finetune,
    Float16,
    PruneChannel,
    PruneSparse,
    Qat,
    QuantizeAuto,
    QuantizeDynamic,
    QuantizeStatic,
    QuantizeWeights,
    Recipe,
    SampleData,
    SampleModel,
    Simplify,
    Split,
    Step,
    Swap,
    Target,
)
from engine.settings.training import Training
from engine.store.cache import Cache

SETTINGS: dict[type[Step], tuple[Step, float]] = {
    Finetune: (Finetune(epochs=1, batch_size=32, learning_rate=1e-4), 0.9),
    Distill: (Distill(epochs=1, batch_size=32, learning_rate=1e-4, views=2), 0.9),
    Swap: (Swap(architecture="test_resnet", weights="random", epochs=1, batch_size=32), 0.0),
    PruneChannel: (PruneChannel(ratio=0.2), 0.5),
    PruneSparse: (PruneSparse(method="sparse", ratio=0.2), 0.9),
    Simplify: (Simplify(), 1.0),
    Float16: (Float16(), 0.95),
    QuantizeAuto: (QuantizeAuto(calibration_images=16), 0.9),
    QuantizeDynamic: (QuantizeDynamic(method="dynamic"), 0.95),
    QuantizeWeights: (QuantizeWeights(method="weights"), 0.9),
    Qat: (Qat(epochs=1, learning_rate=1e-4, calibration_images=16), 0.9),
    QuantizeStatic: (QuantizeStatic(method="static", calibration_images=16), 0.9),
}
"""For each technique settings that are quick, and the least agreement with the model that it was given."""

KEPT = {"train": 64, "calibration": 16, "evaluation": 64, "holdout": 0}


def few(data: Data) -> Data:
    """The first images of every split."""
    parts = {
        name: replace(part, ids=part.ids[:n], hashes=part.hashes[:n], labels=part.labels[:n])
        for name, part in data.parts.items()
        for n in [KEPT[name]]
    }
    return replace(data, parts=parts)


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> StepRunner:
    home = tmp_path_factory.mktemp("bench")
    (home / "work").mkdir()
    preprocess = models.load(SampleModel(), None, 0, home).preprocess
    data = images.load(SampleData(), Split(), preprocess, 0, merge_train=False, n_outputs=10)
    return StepRunner(
        cache=Cache(home / "cache"),
        data=few(data),
        target=Target(threads=1),
        seed=0,
        work=home / "work",
        deadline=math.inf,
    )


class StoppedBeforeTrainingError(Exception):
    pass


TRAINING = {
    **{technique: SETTINGS[technique][0] for technique in (Finetune, Distill, Swap, Qat)},
    PruneChannel: PruneChannel(ratio=0.2, rounds=2, recovery_epochs=1),
}
"""Settings with which a technique trains."""


def test_what_trains_is_named_here():
    own = {technique for technique in STEPS if issubclass(technique, Training)}
    assert own <= set(TRAINING)


@pytest.mark.parametrize("technique", TRAINING, ids=lambda technique: technique.__name__)
def test_what_trains_does_so_on_the_card_of_the_target(technique, bench, tmp_path, monkeypatch):
    cards = []

    def on_card(number):
        cards.append(number)
        raise StoppedBeforeTrainingError

    monkeypatch.setattr("engine.training.loop.on_card", on_card)
    source = models.load(SampleModel(), None, 0, tmp_path)
    given = source if TRAINING[technique].stage == "torch" else bench.export(source, no_progress).model
    # The CPU in the place of the second card, on which no session can be opened here.
    played = bench.at(bench.target.model_copy(update={"device_id": 1}))
    with pytest.raises(StoppedBeforeTrainingError):
        played.apply(given, TRAINING[technique], no_progress)
    assert cards == [1]


def sum_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unchanged(model) -> tuple:
    """What no technique may change of its input: the description, the file's bytes, the network's weights."""
    if isinstance(model, TorchModel):
        return model, sum_of(model.weights), {name: value.clone() for name, value in model.build().state_dict().items()}
    return model, sum_of(model.path), {}


@pytest.mark.parametrize("technique", STEPS, ids=lambda technique: technique.__name__)
def test_it_runs_leaves_its_input_alone_and_stays_close(technique, bench, tmp_path):
    if technique not in SETTINGS:
        pytest.fail(f"{technique.__name__} has no row in SETTINGS of this test")
    settings, least_agreement = SETTINGS[technique]
    source = models.load(SampleModel(), None, 0, tmp_path)
    exported = bench.export(source, no_progress).model
    given = source if settings.stage == "torch" else exported
    description, content, weights = unchanged(given)

    kept = bench.apply(given, settings, no_progress)

    same_description, same_content, same_weights = unchanged(given)
    assert (same_description, same_content) == (description, content)
    assert all(torch.equal(same_weights[name], value) for name, value in weights.items())
    assert kept.model.key != given.key
    assert kept.notes
    assert all(note.text for note in kept.notes)
    made = bench.export(kept.model, no_progress).model
    after, before = (bench.predict(model, no_progress).logits for model in (made, exported))
    assert after.shape == before.shape == (KEPT["evaluation"], 10)
    assert np.isfinite(after).all()
    assert not np.array_equal(after, before)
    assert (after.argmax(1) == before.argmax(1)).mean() >= least_agreement
    assert (made.preprocess, made.classes) == (exported.preprocess, exported.classes)
    assert bench.apply(given, settings, no_progress) == kept.model_copy(update={"reused": True, "fresh": False})


@pytest.mark.parametrize("technique", STEPS, ids=lambda technique: technique.__name__)
def test_its_file_takes_any_batch(technique, bench, tmp_path):
    given = models.load(SampleModel(), None, 0, tmp_path)
    settings = SETTINGS[technique][0]
    model = bench.apply(
        given if settings.stage == "torch" else bench.export(given, no_progress).model, settings, no_progress
    ).model
    session = onnxruntime.InferenceSession(bench.export(model, no_progress).model.path)
    for n in (1, 3):
        (logits,) = session.run(None, {session.get_inputs()[0].name: bench.inputs(n)})
        assert logits.shape == (n, 10)


@pytest.mark.parametrize("technique", STEPS, ids=lambda technique: technique.__name__)
def test_its_settings_survive_json(technique):
    settings, _ = SETTINGS[technique]
    assert TypeAdapter(Step).validate_json(settings.model_dump_json()) == settings


def test_the_tables_name_the_same_techniques():
    assert set(STEPS) == set(TECHNIQUES) == set(SETTINGS)


@pytest.mark.parametrize("technique", STEPS, ids=lambda technique: technique.__name__)
def test_estimates_labels_and_titles_know_it(technique):
    settings, _ = SETTINGS[technique]
    asked = Recipe(model=SampleModel(), data=SampleData(), steps=(settings,))
    (planned,) = [one for one in plan_phases(asked) if one.phase == phase_of(settings)]
    assert planned.seconds > 0
    assert full_title(settings, asked.target)
    assert label((settings,)) not in ("", label(()))
