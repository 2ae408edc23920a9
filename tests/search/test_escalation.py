"""The last stage of a race: rounding is learnt, then the weights are, where a fast file loses too much."""

import math
import time
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import onnx
import pytest

from engine.context import Outcome
from engine.data import load
from engine.errors import StepError
from engine.measure.latency import PairedLatency
from engine.results import codes
from engine.runtimes import RaceTarget
from engine.search.context import RaceContext
from engine.search.qat_hint import is_trainable
from engine.search.race import race
from engine.search.workspace import Workspace
from engine.settings import Budget, Qat, QuantizeAuto, QuantizeStatic, SampleData, Split, Target
from tests.made import made_latency
from tests.made_contexts import SATURATES, made_context
from tests.search.spoilt import spoilt_graph
from tests.techniques.given import given

AUTO = QuantizeAuto(calibration_images=32, mixed_precision=False)
TRAINED = "trained"
HERE = RaceTarget("onnxruntime", Target(threads=1))
THERE = RaceTarget("OpenVINO f32", Target(runtime="openvino", precision="f32", threads=1), is_first=False)
COARSE, RUINED = (30, 500) if SATURATES else (60, 1000)
"""Factors of the weights that spoil a scale: learnt rounding mends what the first does, and nothing but training the
other. Weights of 7 bits have half the steps, so that half of it spoils as much."""


def static_takes_half(models, *_, targets, slow=None, **__):
    """Latencies in which a file with calibrated ranges, or a trained one, takes half the time of FP32, and others all
    of it; at the target `slow` every file does."""
    is_fast = {key: is_static(onnx.load(model.path)) and targets.get(key) != slow for key, model in models.items()}
    return {key: PairedLatency(made_latency(1.0, 0.5 if is_fast[key] else 1.0), None) for key in models}


def is_static(proto):
    return proto.producer_name == TRAINED or any(node.op_type == "QuantizeLinear" for node in proto.graph.node)


def per_tensor_takes(share, others, models, *_, **__):
    """Latencies in which a file with one scale a layer takes this share of FP32's time, and other static ones that of
    the `others`."""
    shares = dict.fromkeys(models, 1.0)
    for key, model in models.items():
        proto = onnx.load(model.path)
        if is_static(proto):
            (size,) = {math.prod(one.dims) for one in proto.graph.initializer if one.name == "w2_scale"} or {0}
            shares[key] = share if size == 1 else others
    return {key: PairedLatency(made_latency(1.0, value), None) for key, value in shares.items()}


def as_trained(asked, model, settings, context):
    """In place of training: the model as it is, under another producer."""
    asked.append((settings, context))
    path = context.folder / "model.onnx"
    proto = onnx.load(model.path)
    proto.producer_name = TRAINED
    onnx.save(proto, path)
    return Outcome(model=replace(model, path=path))


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    """A function from a factor to the model that it spoils and a context with unlabelled digits; INT8 takes half the
    time of FP32."""
    monkeypatch.setattr("engine.measure.timing.measure_latency", static_takes_half)

    def prepare(factor, **changes):
        model, bare = given(spoilt_graph(factor=factor, n_classes=10), tmp_path)
        data = load(SampleData(), Split(), model.preprocess, 0, merge_train=False, n_outputs=10)
        parts = {name: replace(part.span(0, 120), labels=None) for name, part in data.parts.items()}
        unlabelled = replace(
            data, parts=parts, selection=replace(data.selection.span(0, 120), labels=None), classes=None
        )
        context = made_context(RaceContext, unlabelled, bare.folder, budget=Budget(max_accuracy_drop=0.1), **changes)
        context.shared.mkdir()
        return model, context

    return prepare


def trials(outcome, code):
    return [one for one in outcome.search.candidates if one.trial.reason.code == code]


def notes(outcome, code):
    return [note.text for note in outcome.notes if note.code == code]


def forbidden(*_):
    raise AssertionError("this race need not train")


def test_learnt_rounding_wins_where_the_nearest_loses_too_much(prepared, monkeypatch):
    monkeypatch.setattr("engine.search.workspace.qat", forbidden)
    model, context = prepared(COARSE)
    outcome = race(model, AUTO, context)
    (learnt,) = trials(outcome, "learn_rounding")
    assert learnt.trial.reason.text.startswith("Static INT8")
    assert "2.00 times as fast as FP32 (1.82 to 2.22) and has agreement with FP32 on " in learnt.trial.reason.text
    assert learnt.trial.reason.text.endswith(": learn the rounding of its weights from FP32's outputs")
    assert learnt.settings.rounding == "learnt"
    assert (learnt.trial.stage, outcome.search.winner_key) == ("final", learnt.model.key)
    assert learnt.seconds > 0
    over = next(one.trial for one in outcome.search.candidates if one.trial.name == "Static INT8")
    assert (over.stage, over.outcome.code) == ("screened", "over_budget")


@pytest.mark.parametrize("is_learnt", [True, False])
def test_the_rounding_is_learnt_of_what_keeps_the_budget_by_gains_alone_and_no_such_file_is_trained(
    prepared, monkeypatch, is_learnt
):
    """Training left as many answers to chance where it was tried, so that its lack is not told either."""
    monkeypatch.setattr("engine.search.workspace.qat", forbidden)
    for module in ("escalation", "selection"):
        monkeypatch.setattr(f"engine.search.{module}.holds", lambda one, budget: not one.is_static)
    if not is_learnt:
        monkeypatch.setattr("engine.search.escalation._learn", lambda *_: None)
    model, context = prepared(RUINED)
    outcome = race(model, AUTO, replace(context, budget=Budget(max_accuracy_drop=1.0)))
    assert len(trials(outcome, "learn_rounding")) == is_learnt
    assert not notes(outcome, codes.NOT_ESCALATED)


def test_of_a_file_that_keeps_the_budget_by_gains_alone_no_lack_of_training_is_told(prepared, monkeypatch):
    """Though slower files lose too much."""
    monkeypatch.setattr("engine.search.workspace.qat", forbidden)
    for module in ("escalation", "selection"):
        monkeypatch.setattr(f"engine.search.{module}.holds", lambda one, budget: not one.is_static)
    monkeypatch.setattr("engine.search.escalation.over_accuracy", lambda one, budget: "per tensor" not in one.name)
    monkeypatch.setattr("engine.search.escalation._learn", lambda *_: None)
    monkeypatch.setattr("engine.measure.timing.measure_latency", partial(per_tensor_takes, 0.5, 1.2))
    model, context = prepared(RUINED)
    outcome = race(model, AUTO, replace(context, budget=Budget(max_accuracy_drop=0.0)))
    assert not notes(outcome, codes.NOT_ESCALATED)


def test_training_ends_in_no_file_that_is_equalized():
    static = QuantizeStatic(method="static", calibration="percentile")
    plans = [static, static.model_copy(update={"cross_layer_equalization": True})]
    assert [is_trainable(SimpleNamespace(plan=SimpleNamespace(settings=one))) for one in plans] == [True, False]


def test_where_that_is_asked_not_to_be_nothing_is_learnt_or_trained(prepared, monkeypatch):
    monkeypatch.setattr("engine.search.workspace.qat", forbidden)
    model, context = prepared(COARSE)
    outcome = race(model, AUTO.model_copy(update={"escalate": False}), context)
    assert not trials(outcome, "learn_rounding")
    assert outcome.search.winner_key is None
    assert notes(outcome, codes.QAT_MAY_HELP)


def test_where_learnt_rounding_is_not_enough_the_file_is_trained_without_labels(prepared, monkeypatch):
    asked = []
    monkeypatch.setattr("engine.search.workspace.qat", partial(as_trained, asked))
    model, context = prepared(RUINED, deadline=time.monotonic() + 1000)
    outcome = race(model, AUTO, context)
    ((settings, given_context),) = asked
    assert isinstance(settings, Qat)
    assert (settings.label_share, settings.epochs, settings.calibration_images) == (0.0, 27, 16)
    assert len(given_context.data.split("train")) == 120
    assert given_context.deadline < context.deadline
    (winner,) = trials(outcome, "train_int8")
    assert winner.trial.name == "Static INT8, trained"
    assert outcome.search.winner_key == winner.model.key
    assert not notes(outcome, codes.QAT_MAY_HELP)


@pytest.mark.parametrize(("nearly", "n_learnt"), [(1.0, 1), (1000.0, 2)])
def test_where_learnt_rounding_is_nearly_enough_another_file_is_learnt_before_training(
    prepared, monkeypatch, nearly, n_learnt
):
    asked = []
    monkeypatch.setattr("engine.search.workspace.qat", partial(as_trained, asked))
    monkeypatch.setattr("engine.search.escalation.NEARLY", nearly)
    model, context = prepared(RUINED)
    outcome = race(model, AUTO, context)
    learnt = trials(outcome, "learn_rounding")
    assert len({one.model.key for one in learnt}) == len(learnt) == n_learnt
    assert len(asked) == 1


@pytest.mark.parametrize(("n_calibration", "n_trained"), [(120, [60]), (40, [])])
def test_without_train_images_calibration_images_that_do_not_choose_train(
    prepared, monkeypatch, n_calibration, n_trained
):
    asked = []

    def refuse(model, settings, context):
        asked.append(len(context.data.split("train")))
        raise StepError("it does not suit it", "Leave it out")

    monkeypatch.setattr("engine.search.workspace.qat", refuse)
    model, context = prepared(RUINED)
    parts = {"train": context.data.split("train").span(0, 0)}
    parts["calibration"] = context.data.split("calibration").span(0, n_calibration)
    data = replace(context.data, parts=context.data.parts | parts)
    outcome = race(model, AUTO, replace(context, data=data))
    assert asked == n_trained
    too_few = [text.partition(" was not trained: ")[2] for text in notes(outcome, codes.NOT_ESCALATED)]
    assert too_few == ([] if n_trained else ["20 images are too few, 32 are needed"])
    failed = notes(outcome, "candidate_failed")
    assert failed == (["Static INT8, trained could not be built: it does not suit it"] if n_trained else [])


def test_at_the_deadline_nothing_is_begun_and_the_best_so_far_stays(prepared, monkeypatch):
    def out_of_time(workspace, work):
        is_over = work.startswith("learning")
        workspace.left_out.extend([work] if is_over else [])
        return is_over

    monkeypatch.setattr("engine.search.workspace.qat", forbidden)
    monkeypatch.setattr(Workspace, "out_of_time", out_of_time)
    model, context = prepared(COARSE)
    outcome = race(model, AUTO, context)
    assert not trials(outcome, "learn_rounding")
    assert notes(outcome, codes.OUT_OF_TIME)[0].endswith("Left out: learning the rounding where INT8 loses too much")
    assert outcome.search.winner_key is None
    assert not outcome.complete


def test_without_images_the_report_says_that_nothing_was_learnt(prepared):
    model, context = prepared(COARSE)
    outcome = race(model, AUTO, replace(context, data=replace(context.data, synthetic=True)))
    (text,) = notes(outcome, codes.NOT_ESCALATED)
    assert text == "INT8 loses too much, and there are no images to learn its rounding from or to train it on"
    assert not trials(outcome, "learn_rounding")


def test_where_int8_is_not_faster_nothing_is_said_of_missing_images(prepared, monkeypatch):
    model, context = prepared(COARSE)
    monkeypatch.setattr(
        "engine.measure.timing.measure_latency",
        lambda models, *_, **__: {key: PairedLatency(made_latency(1.0, 1.0), None) for key in models},
    )
    outcome = race(model, AUTO, replace(context, data=replace(context.data, synthetic=True)))
    assert any(one.trial.outcome.code == "over_budget" for one in outcome.search.candidates)
    assert not notes(outcome, codes.NOT_ESCALATED)


def test_it_learns_and_trains_at_the_target_where_the_file_is_fast(prepared, monkeypatch):
    monkeypatch.setattr("engine.search.workspace.qat", partial(as_trained, []))
    model, context = prepared(RUINED, race_targets=(HERE, THERE))
    slow_here = partial(static_takes_half, slow=HERE.target)
    monkeypatch.setattr("engine.measure.timing.measure_latency", slow_here)
    outcome = race(model, AUTO, context)
    (learnt,), (trained,) = trials(outcome, "learn_rounding"), trials(outcome, "train_int8")
    for one in (learnt, trained):
        assert one.at == THERE
        assert one.trial.name.endswith(f", {THERE.label}")
        assert one.trial.name.count(THERE.label) == 1
        assert "2.00 times as fast as FP32 in onnxruntime" in one.trial.reason.text
    assert outcome.search.winner_key == trained.key


def test_what_is_trained_is_the_best_of_the_files_that_training_ends_in(prepared, monkeypatch):
    asked = []
    monkeypatch.setattr("engine.search.workspace.qat", partial(as_trained, asked))
    model, context = prepared(RUINED)
    monkeypatch.setattr("engine.measure.timing.measure_latency", partial(per_tensor_takes, 0.4, 0.5))
    outcome = race(model, AUTO, context)
    (learnt,), (trained,) = notes(outcome, codes.NOT_ESCALATED), trials(outcome, "train_int8")
    assert learnt.startswith("Static INT8, per tensor, learnt rounding gave a file that was there already")
    assert "2.00 times as fast" in trained.trial.reason.text
    assert "per tensor" not in trained.trial.reason.text
    assert len(asked) == 1


def test_where_only_a_file_that_training_does_not_end_in_is_fast_nothing_is_trained(prepared, monkeypatch):
    monkeypatch.setattr("engine.search.workspace.qat", forbidden)
    model, context = prepared(RUINED)
    monkeypatch.setattr("engine.measure.timing.measure_latency", partial(per_tensor_takes, 0.5, 1.2))
    outcome = race(model, AUTO, context)
    *_, text = notes(outcome, codes.NOT_ESCALATED)
    assert not notes(outcome, codes.QAT_MAY_HELP)
    assert "per tensor was not trained: training knows no such file" in text
