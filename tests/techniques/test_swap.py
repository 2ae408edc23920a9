"""A swap: another architecture, taught by labels or by the model that it replaces."""

from dataclasses import replace

import pytest

from engine.context import no_progress
from engine.errors import StepError
from engine.settings import Distill, Swap
from tests.techniques.conftest import unlabelled

QUICK = Swap(architecture="test_resnet", weights="random", epochs=1, batch_size=32)
ANSWERS = QUICK.model_copy(update={"learn_from": "model"})


def test_a_new_architecture_learns_the_labels_for_the_same_images(bench, source):
    kept = bench.apply(source, QUICK, no_progress)
    made = kept.model
    assert (made.architecture, made.num_classes, made.in_chans) == ("test_resnet", 10, 1)
    assert (made.preprocess, made.classes, made.weights_label) == (source.preprocess, source.classes, "fine-tuned")
    assert [note.code for note in kept.notes][:2] == ["best_epoch", "swapped"]
    assert kept.notes[1].text == "test_resnet with random weights took the model's place and was trained on the labels"
    assert [left.name for left in bench.work.iterdir()] == ["shared"]


def test_an_onnx_file_is_replaced_too_and_teaches_its_successor_without_labels(bench, source):
    free = unlabelled(bench)
    kept = free.apply(free.export(source, no_progress).model, ANSWERS, no_progress)
    assert (kept.model.architecture, kept.model.weights_label) == ("test_resnet", "distilled")
    assert kept.notes[0].text.startswith("The teacher, the model so far, answered")
    assert kept.notes[1].text == "Labels had no part in it"


def test_answers_are_learnt_as_distilling_with_its_defaults_does(bench, source):
    as_distilled = Distill(student="test_resnet", student_weights="random", epochs=1, batch_size=32)
    assert ANSWERS.as_distill == as_distilled
    swapped, distilled = (bench.apply(source, step, no_progress).model.weights for step in (ANSWERS, as_distilled))
    assert swapped.read_bytes() == distilled.read_bytes()


def test_without_labels_or_images_there_is_nothing_to_learn_from(bench, source):
    with pytest.raises(StepError, match="the images have none"):
        unlabelled(bench).apply(source, QUICK, no_progress)
    parts = {**bench.data.parts, "train": bench.data.split("train").span(0, 0)}
    with pytest.raises(StepError, match="swap needs labelled train images, and there are none"):
        replace(bench, data=replace(bench.data, parts=parts)).apply(source, QUICK, no_progress)


def test_time_that_is_up_keeps_the_best_epoch_so_far(bench, source):
    kept = replace(bench, deadline=0.0).apply(source, QUICK.model_copy(update={"epochs": 9}), no_progress)
    assert "training_stopped_by_budget" in [note.code for note in kept.notes]
    assert kept.model.weights.exists()
