"""Distillation: who may teach whom, what is asked of the teacher and how often, and what comes out."""

import shutil
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from engine import models
from engine.errors import StepError
from engine.models.artifacts import TorchModel
from engine.models.graph import read_onnx, write_metadata
from engine.settings import BaselineModel, Distill, FileModel, Preprocess, TimmModel
from engine.store.cache import Cache
from tests.models.small import Shape, small_classifier
from tests.techniques.conftest import N_TRAIN, Heard, unlabelled

SMALL = Distill(student="test_resnet", student_weights="random", epochs=1, batch_size=32, views=2)


def test_a_student_of_its_own_takes_the_models_place(bench, source):
    heard = Heard()
    kept = bench.apply(source, SMALL, heard)
    made = kept.model
    assert isinstance(made, TorchModel)
    assert (made.architecture, made.num_classes, made.in_chans) == ("test_resnet", 10, 1)
    assert (made.preprocess, made.classes, made.weights_label) == (source.preprocess, source.classes, "distilled")
    codes = [note.code for note in kept.notes]
    assert codes == ["teacher", "label_share", "best_epoch", "batch_capped", "family_defaults"]
    assert "the model so far, answered 2 views of 96 train images" in kept.notes[0].text
    assert "Labels had a share of 10 %" in kept.notes[1].text
    assert [entry.name for entry in bench.work.iterdir()] == ["shared"]
    shares = [share for share, _ in heard]
    assert shares == sorted(shares)


def test_an_onnx_file_teaches_without_labels(bench, source):
    free = unlabelled(bench)
    kept = free.apply(free.export(source, Heard()).model, SMALL, Heard())
    assert isinstance(kept.model, TorchModel)
    assert kept.notes[1].text == "Labels had no part in it"
    assert kept.notes[2].text.endswith("are answered as the teacher does")


def test_the_teacher_answers_once_until_the_views_change(bench, source):
    first, again = Heard(), Heard()
    bench.apply(source, SMALL, first)
    bench.apply(source, SMALL.model_copy(update={"temperature": 2.0, "epochs": 2}), again)
    assert len(first.asked()) == 2 * N_TRAIN / 32
    assert not again.asked()
    for changes in ({"shift": 0.2}, {"flip": True}, {"crop": 0.5}, {"auto_augment": "rand_augment"}):
        other = Heard()
        bench.apply(source, SMALL.model_copy(update=changes), other)
        assert other.asked(), changes


@pytest.mark.parametrize("loss", ["standardised", "dist"])
def test_another_loss_makes_another_student_of_the_same_answers(loss, bench, source):
    plain, heard = bench.apply(source, SMALL, Heard()), Heard()
    other = bench.apply(source, SMALL.model_copy(update={"loss": loss}), heard)
    assert not heard.asked()
    assert other.model.weights.read_bytes() != plain.model.weights.read_bytes()


def test_other_pixels_get_other_answers(bench, source):
    """What a teacher said of images that were cropped otherwise is not its answer to these."""
    bench.apply(source, SMALL, Heard())
    parts = {
        name: replace(part, preprocess=part.preprocess.model_copy(update={"interpolation": "nearest"}))
        for name, part in bench.data.parts.items()
    }
    other, heard = replace(bench, data=replace(bench.data, parts=parts)), Heard()
    other.apply(source, SMALL.model_copy(update={"temperature": 3.0}), heard)
    assert heard.asked()


def test_it_answers_anew_at_every_step_where_no_views_are_kept(bench, source):
    heard = Heard()
    kept = bench.apply(source, SMALL.model_copy(update={"views": 0}), heard)
    assert not heard.asked()
    assert "every view at every step" in kept.notes[0].text


def test_the_same_seed_gives_the_same_student(bench, source, tmp_path, with_baseline):
    first = bench.apply(source, SMALL, Heard()).model.weights.read_bytes()
    fresh, heard = replace(bench, cache=Cache(shutil.copytree(with_baseline, tmp_path / "another"))), Heard()
    assert fresh.apply(source, SMALL, heard).model.weights.read_bytes() == first
    assert heard.asked()


def test_more_epochs_bring_the_student_closer_to_its_teacher(bench, source):
    images = torch.from_numpy(bench.inputs(N_TRAIN))
    teacher = answers(source, images)

    def agreement(epochs):
        settings = SMALL.model_copy(update={"epochs": epochs, "learning_rate": 3e-3, "batch_size": 8})
        return (answers(bench.apply(source, settings, Heard()).model, images) == teacher).float().mean()

    assert agreement(12) > max(agreement(1), 0.3)


@torch.inference_mode()
def answers(model, images):
    return model.build()(images).argmax(1)


def file(bench, source, folder, change=lambda proto, preprocess: None):
    """The sample as the user's own ONNX file."""
    proto = onnx.load(bench.export(source, Heard()).model.path)
    change(proto, source.preprocess)
    path = folder / "teacher.onnx"
    onnx.save(proto, path)
    return FileModel(path=str(path))


def test_a_named_teacher_is_asked_in_place_of_the_model_so_far(bench, source, tmp_path):
    teacher = file(bench, source, tmp_path)
    kept = bench.apply(
        untaught(source, tmp_path), SMALL.model_copy(update={"student": None, "teacher": teacher}), Heard()
    )
    assert "The teacher, teacher.onnx, answered" in kept.notes[0].text
    assert kept.model.architecture == "test_resnet"


def untaught(source, folder):
    """A network that knows nothing yet, as one that was pruned hard."""
    timm_model = TimmModel(name="test_resnet", weights="random", num_classes=10, in_chans=1)
    return models.load(timm_model, source.preprocess, 0, folder)


def test_the_baseline_teaches_whatever_the_model_so_far_has_become(bench, source, tmp_path):
    """And another baseline gives another student, though model and settings are the same."""
    settings, model = SMALL.model_copy(update={"student": None, "teacher": BaselineModel()}), untaught(source, tmp_path)
    heard = Heard()
    run = replace(bench, baseline=bench.export(source, Heard()).model)
    kept = run.apply(model, settings, heard)
    assert "The teacher, the baseline, answered" in kept.notes[0].text
    assert kept.model.architecture == "test_resnet"
    other = replace(bench, baseline=bench.export(model, Heard()).model).apply(model, settings, Heard())
    assert not other.reused
    assert other.model.weights.read_bytes() != kept.model.weights.read_bytes()
    assert run.apply(model, settings, Heard()).reused


@pytest.mark.parametrize("views", [2, 0])
def test_features_are_matched_through_a_projection_that_is_not_kept(views, bench, source):
    """The sample has 512 pooled features and the student 96; what it is asked for is kept apart from the answers."""
    heard, again = Heard(), Heard()
    settings = SMALL.model_copy(update={"match": "features", "views": views})
    kept = bench.apply(source, settings, heard)
    assert [note.code for note in kept.notes][:4] == ["teacher", "matched", "label_share", "best_epoch"]
    assert set(kept.model.build().state_dict()) == set(untaught(source, bench.work).build().state_dict())
    assert len([message for message in heard.asked() if "(features)" in message]) == views * N_TRAIN / 32
    shares = [share for share, _ in heard]
    assert shares == sorted(shares)
    alone = bench.apply(source, settings.model_copy(update={"match": "logits"}), again).model
    assert not again.asked()
    assert alone.weights.read_bytes() != kept.model.weights.read_bytes()


def test_the_baselines_features_are_those_before_its_export(bench, source, tmp_path):
    run = replace(bench, baseline=bench.export(source, Heard()).model, baseline_model=source)
    settings = SMALL.model_copy(update={"student": None, "teacher": BaselineModel(), "match": "features"})
    assert "matched" in [note.code for note in run.apply(untaught(source, tmp_path), settings, Heard()).notes]


def test_an_onnx_file_shows_no_features(bench, source):
    with pytest.raises(StepError, match="is an ONNX file, which shows its answers and no features"):
        bench.apply(bench.export(source, Heard()).model, SMALL.model_copy(update={"match": "features"}), Heard())


@pytest.mark.slow
def test_a_token_learns_from_any_teacher_and_both_heads_answer_together(bench, source):
    exported = bench.export(source, Heard()).model
    student = {"student": "levit_128s", "match": "tokens", "epochs": 1}
    kept = bench.apply(exported, SMALL.model_copy(update=student), Heard())
    assert "matched" in [note.code for note in kept.notes]
    assert bench.predict(bench.export(kept.model, Heard()).model, Heard()).logits.shape == (N_TRAIN, 10)


def test_a_student_without_a_token_cannot_learn_through_one(bench, source):
    with pytest.raises(StepError, match=r"test_resnet.* has no distillation token"):
        bench.apply(source, SMALL.model_copy(update={"match": "tokens"}), Heard())


def small_file(path, channels, edge, outputs):
    """A classifier made by hand, which says how its images are prepared."""
    proto = small_classifier(Shape(image=("batch", channels, edge, edge), logits=("batch", outputs)))
    for tensor in proto.graph.initializer:
        if tensor.name.startswith("fc."):
            shape = (*tensor.dims[:-1], outputs)
            tensor.CopyFrom(numpy_helper.from_array(np.ones(shape, np.float32), tensor.name))
    preprocess = Preprocess(size=(edge, edge), mean=(0.5,) * channels, std=(0.5,) * channels)
    write_metadata(proto, preprocess, None)
    onnx.save(proto, path)


def rename(proto, preprocess):
    write_metadata(proto, preprocess, tuple("abcdefghij"))


def spoil(proto, preprocess):
    tensor = next(one for one in proto.graph.initializer if one.name.endswith("weight"))
    tensor.CopyFrom(numpy_helper.from_array(np.full(tuple(tensor.dims), np.nan, np.float32), tensor.name))


@pytest.mark.parametrize(
    ("change", "message"),
    [(rename, "calls 'a' what the data calls '0'"), (spoil, "answers are not finite")],
    ids=["other names", "NaN"],
)
def test_a_teacher_file_that_does_not_fit_is_refused(change, message, bench, source, tmp_path):
    settings = SMALL.model_copy(update={"teacher": file(bench, source, tmp_path, change)})
    with pytest.raises(StepError, match=message):
        bench.apply(source, settings, Heard())
    assert {entry.name for entry in bench.work.iterdir()} <= {"shared"}


@pytest.mark.parametrize(
    ("channels", "edge", "outputs", "message"),
    [
        (1, 32, 10, "takes images of 1x32x32 and the student of 1x64x64"),
        (3, 64, 10, "takes images of 3x64x64 and the student of 1x64x64"),
        (1, 64, 7, "tells 7 classes apart and the data 10"),
        (1, 64, 1, "is read as a regression, and students learn classes"),
    ],
    ids=["size", "channels", "classes", "one output"],
)
def test_a_teacher_file_that_takes_other_images_or_gives_other_answers_is_refused(
    channels, edge, outputs, message, bench, source, tmp_path
):
    small_file(tmp_path / "teacher.onnx", channels, edge, outputs)
    settings = SMALL.model_copy(update={"teacher": FileModel(path=str(tmp_path / "teacher.onnx"))})
    with pytest.raises(StepError, match=message):
        bench.apply(source, settings, Heard())


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        (TimmModel(name="test_resnet", weights="random", num_classes=7), "tells 7 classes apart and the data 10"),
        (
            TimmModel(name="test_resnet", weights="random", num_classes=10, in_chans=3),
            "takes images of 3x64x64 and the student of 1x64x64",
        ),
        (TimmModel(name="test_resnet", weights="random", num_classes=10, img_size=96), "takes images of 1x96x96"),
    ],
    ids=["classes", "channels", "size"],
)
def test_a_timm_teacher_that_does_not_fit_is_refused(teacher, message, bench, source):
    with pytest.raises(StepError, match=message):
        bench.apply(source, SMALL.model_copy(update={"teacher": teacher}), Heard())


def test_a_student_learns_from_images_smaller_than_any_that_timm_can_say(bench, tmp_path):
    small_file(tmp_path / "tiny.onnx", 1, 8, 10)
    model = read_onnx(tmp_path / "tiny.onnx")
    parts = {name: replace(part, preprocess=model.preprocess) for name, part in bench.data.parts.items()}
    kept = replace(bench, data=replace(bench.data, parts=parts)).apply(model, SMALL, Heard())
    assert kept.model.preprocess.size == (8, 8)


def test_an_onnx_file_cannot_learn_and_without_images_nobody_can(bench, source):
    exported = bench.export(source, Heard()).model
    with pytest.raises(StepError, match="distill changes a torch model"):
        bench.apply(exported, SMALL.model_copy(update={"student": None}), Heard())
    parts = {**bench.data.parts, "train": bench.data.split("train").span(0, 0)}
    with pytest.raises(StepError, match="a student needs train images"):
        replace(bench, data=replace(bench.data, parts=parts)).apply(source, SMALL, Heard())


def test_time_that_is_up_keeps_the_best_epoch_so_far(bench, source):
    kept = replace(bench, deadline=0.0).apply(source, SMALL.model_copy(update={"epochs": 9}), Heard())
    assert "training_stopped_by_budget" in [note.code for note in kept.notes]
    assert kept.model.weights.exists()
