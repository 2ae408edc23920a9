"""Steps that are asked for again: in the same run, after a failure, after a deadline, on another processor."""

import math
import time
from dataclasses import replace
from pkgutil import resolve_name as resolve

import pytest
from PIL import Image

from engine import data as images
from engine import models
from engine.context import Outcome, SearchResult, no_progress
from engine.errors import StepError
from engine.results import Note
from engine.run.registry import STEPS
from engine.run.step_runner import CHECK_IMAGES, StepRunner
from engine.settings import (
    Budget,
    Distill,
    Finetune,
    ImagesData,
    Qat,
    QuantizeAuto,
    QuantizeDynamic,
    QuantizeStatic,
    SampleData,
    SampleModel,
    Split,
    Target,
)
from engine.store.cache import Cache

STATIC = QuantizeStatic(method="static", calibration_images=4)


@pytest.fixture
def step_runner(tmp_path):
    def make(deadline=math.inf):
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        data = images.load(SampleData(), Split(), sample(tmp_path).preprocess, 0, merge_train=False, n_outputs=10)
        return StepRunner(
            cache=Cache(tmp_path / "cache"), data=data, target=Target(threads=1), seed=0, work=work, deadline=deadline
        )

    return make


def sample(folder):
    return models.load(SampleModel(), None, 0, folder)


def test_a_step_that_failed_fails_again_in_the_next_chain_and_leaves_nothing(step_runner, tmp_path):
    made = step_runner()
    quantized = made.apply(made.export(sample(tmp_path), no_progress).model, STATIC, no_progress).model
    for _ in range(2):
        with pytest.raises(StepError, match="quantized already"):
            made.apply(quantized, STATIC, no_progress)
    assert not list(made.work.iterdir())


def test_chains_share_what_a_deadline_cut_short_and_a_later_run_does_not(step_runner, tmp_path, monkeypatch):
    made, settings = step_runner(deadline=time.monotonic()), Finetune(epochs=3, batch_size=256)
    first, again = (made.apply(sample(tmp_path), settings, no_progress) for _ in range(2))
    assert (first.model, first.notes) == (again.model, again.notes)
    assert again.reused
    assert not first.fresh
    assert "training_stopped_by_budget" in [note.code for note in first.notes]
    monkeypatch.setitem(STEPS, Finetune, refuse)
    with pytest.raises(StepError, match="asked to train"):
        step_runner().apply(sample(tmp_path), settings, no_progress)


class Killed(BaseException):
    """As a signal ends it."""


def test_a_training_that_was_killed_goes_on_when_it_is_asked_for_again(step_runner, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.training.checkpoint.EVERY_SECONDS", 0.0)
    heard = []

    def on_progress(fraction, message, **metrics):
        heard.append(metrics.get("epoch"))
        if heard == [None, 1, 2]:
            raise Killed

    made, settings = few(step_runner(), 16), Finetune(epochs=3)
    with pytest.raises(Killed):
        made.apply(sample(tmp_path), settings, on_progress)
    assert list(made.cache.unfinished("x").parent.glob(".unfinished-*"))
    epochs = counted(monkeypatch, "engine.training.loop._epoch")
    ended = made.apply(sample(tmp_path), settings, on_progress)
    resumed = ended.model
    assert not ended.fresh
    assert (len(epochs), heard[3:]) == (2, [None, 1, 2, 3])
    assert not list(made.cache.unfinished("x").parent.glob(".unfinished-*"))
    whole = replace(made, cache=Cache(tmp_path / "other")).apply(sample(tmp_path), settings, no_progress)
    assert whole.fresh
    assert resumed.weights.read_bytes() == whole.model.weights.read_bytes()


def test_the_steps_of_a_run_decode_its_images_once(step_runner, tmp_path, monkeypatch):
    made = few(step_runner(), 16)
    decoded = counted(monkeypatch, "engine.data.parts.to_pixels")
    tuned = made.apply(sample(tmp_path), Finetune(epochs=1), no_progress).model
    made.apply(tuned, Finetune(epochs=1, shift=0.1), no_progress)
    made.apply(tuned, Distill(epochs=1, views=1), no_progress)
    assert len(decoded) <= 16 + CHECK_IMAGES


def test_variants_and_later_runs_are_predicted_on_images_that_were_decoded_once(step_runner, tmp_path, monkeypatch):
    for number in range(40):
        Image.new("L", (48, 48), 6 * number).save(tmp_path / f"{number}.png")
    source = ImagesData(path=str(tmp_path), labels="none")
    preprocess = sample(tmp_path / "sample").preprocess
    made = step_runner()
    decoded = counted(monkeypatch, "engine.data.parts.to_pixels")
    for number in range(2):
        work = tmp_path / "work" / str(number)
        work.mkdir()
        data = images.load(source, Split(), preprocess, 0, merge_train=True, n_outputs=None)
        run = replace(made, data=data, work=work, decoded={})
        model = run.export(sample(work), no_progress).model
        tuned = run.apply(model, QuantizeDynamic(method="dynamic"), no_progress).model
        decoded.clear()
        variant = tuned if number else model
        assert run.predict(variant, no_progress).ids == data.split("evaluation").ids
        assert len(decoded) == (1 if number else 1 + len(data.split("evaluation")))


def few(step_runner, n):
    """The same bench with so many images in each part."""
    parts = {name: part.span(0, n) for name, part in step_runner.data.parts.items()}
    return replace(step_runner, data=replace(step_runner.data, parts=parts))


def counted(monkeypatch, name):
    """A list that grows by every call of the function of this name."""
    calls, function = [], resolve(name)
    monkeypatch.setattr(name, lambda *args: calls.append(1) or function(*args))
    return calls


def test_what_a_search_that_was_cut_short_found_is_not_given_to_a_later_one(step_runner, tmp_path, monkeypatch):
    """FP32 stays each time, so that the model is the same, and the reasons are not."""
    reasons = iter(("first", "second"))

    def cut_short(model, settings, context):
        search = SearchResult(candidates=(), winner_key=None, reason=Note(code="x", text=next(reasons)), n_images=1)
        return Outcome(model=model, complete=False, search=search)

    monkeypatch.setitem(STEPS, QuantizeAuto, cut_short)
    model = step_runner().export(sample(tmp_path), no_progress).model
    assert [step_runner().apply(model, QuantizeAuto(), no_progress).search.reason.text for _ in range(2)] == [
        "first",
        "second",
    ]


def test_it_says_whether_it_was_there_already(step_runner, tmp_path, monkeypatch):
    made = step_runner()
    model = made.export(sample(tmp_path), no_progress).model

    def searched(model, settings, context):
        search = SearchResult(candidates=(), winner_key=None, reason=Note(code="x", text="x"), n_images=1)
        return Outcome(model=model, search=search)

    monkeypatch.setitem(STEPS, QuantizeAuto, searched)
    first, again = (made.apply(model, QuantizeAuto(), no_progress) for _ in range(2))
    assert (first.reused, again.reused) == (False, True)
    assert (first.fresh, again.fresh) == (True, False)


@pytest.mark.parametrize(
    ("fit", "step"),
    [
        ("engine.training.supervised.fit", Finetune(epochs=1)),
        ("engine.training.distillation.fit", Distill(epochs=1, views=1)),
        ("engine.techniques.quantize.qat.step.fit", Qat(epochs=1)),
    ],
    ids=["finetune", "distill", "qat"],
)
def test_a_training_that_ended_early_is_not_fresh(step_runner, tmp_path, monkeypatch, fit, step):
    made = few(step_runner(), 16)
    model = sample(tmp_path) if step.stage == "torch" else made.export(sample(tmp_path), no_progress).model
    assert made.apply(model, step, no_progress).fresh
    whole = resolve(fit)
    monkeypatch.setattr(fit, lambda *args, **settings: replace(whole(*args, **settings), stopped_early=True))
    assert not replace(made, cache=Cache(tmp_path / "other")).apply(model, step, no_progress).fresh


def test_a_step_that_found_a_part_of_its_work_done_is_not_fresh(step_runner, tmp_path):
    made, model = few(step_runner(), 16), sample(tmp_path)
    chains = [Distill(epochs=1, views=1), Distill(epochs=1, views=1, temperature=2), Distill(epochs=1, views=2)]
    assert [made.apply(model, step, no_progress).fresh for step in chains] == [True, False, True]


def test_the_baseline_that_may_teach_is_the_torch_model_or_the_file_where_there_is_no_other(
    step_runner, tmp_path, monkeypatch
):
    seen = []

    def look(model, settings, context):
        seen.append(context.baseline_model)
        return Outcome(model=model)

    monkeypatch.setitem(STEPS, Distill, look)
    made, model = step_runner(), sample(tmp_path)
    file = made.export(model, no_progress).model
    runs = [made, replace(made, baseline=file), replace(made, baseline=file, baseline_model=model)]
    for number, run in enumerate(runs, 1):
        run.apply(model, Distill(epochs=number), no_progress)
    assert seen == [None, file, model]


def refuse(*args, **kwargs):
    raise StepError("asked to train")


def test_predictions_of_another_processor_are_not_taken_for_this_one(step_runner, tmp_path, monkeypatch):
    made, seen = step_runner(), []

    def see(done, message):
        if message.startswith("image "):  # and not that they are decoded, which is done once
            seen.append(message)

    model = made.export(sample(tmp_path), no_progress).model
    monkeypatch.setattr("engine.run.step_runner.isa", lambda: ("avx2",))
    made.predict(model, see)
    here = len(seen)
    made.predict(model, see)
    assert len(seen) == here > 0
    monkeypatch.setattr("engine.run.step_runner.isa", lambda: ("avx2", "avx512_vnni"))
    made.predict(model, see)
    assert len(seen) == 2 * here


def test_predictions_are_kept_by_their_images_and_by_the_batch_where_answers_depend_on_it(step_runner, tmp_path):
    made = few(step_runner(), 8)
    made = replace(made, data=replace(made.data, selection=made.data.selection.span(0, 8)))
    model = made.export(sample(tmp_path), no_progress).model
    dynamic = made.apply(model, QuantizeDynamic(method="dynamic"), no_progress).model
    for one in (model, dynamic):
        made.predict(one, no_progress)
        assert made.was_predicted(one)
        assert not made.was_predicted(one, "selection")
    chosen_on = made.predict(model, no_progress, "selection")
    assert chosen_on.ids == made.data.selection.ids
    together = replace(made, target=Target(threads=1, batch_size=4))
    assert (together.was_predicted(model), together.was_predicted(dynamic)) == (True, False)


def test_a_step_is_done_anew_at_another_batch_where_answers_depend_on_it(step_runner, tmp_path):
    made = few(step_runner(), 8)
    model = made.export(sample(tmp_path), no_progress).model
    dependent = replace(model, batch_dependent=True, key="d" * 64)
    for one in (model, dependent):
        made.apply(one, STATIC, no_progress)
    together = replace(made, target=Target(threads=1, batch_size=4))
    assert [together.apply(one, STATIC, no_progress).reused for one in (model, dependent)] == [True, False]


def test_a_step_that_measures_is_done_anew_where_another_budget_target_or_processor_may_change_it(
    step_runner, tmp_path, monkeypatch
):
    made, asked = step_runner(), []

    def counted(model, settings, context):
        asked.append(settings.method)
        return Outcome(model=model)

    monkeypatch.setitem(STEPS, QuantizeAuto, counted)
    monkeypatch.setitem(STEPS, QuantizeStatic, counted)
    model = made.export(sample(tmp_path), no_progress).model
    others = [
        made,
        made,
        replace(made, goal="size"),
        replace(made, budget=Budget(max_size_mb=1)),
        replace(made, target=Target(threads=2)),
        replace(made, baseline=replace(model, key="other")),
    ]
    for each in others:
        each.apply(model, QuantizeAuto(), no_progress)
        each.apply(model, STATIC, no_progress)
    for name, other in (("cpu_name", "another one"), ("cores", 999)):
        monkeypatch.setattr(f"engine.run.step_runner.{name}", lambda other=other: other)
        made.apply(model, QuantizeAuto(), no_progress)
        made.apply(model, STATIC, no_progress)
    assert (asked.count("auto"), asked.count("static")) == (7, 1)
    monkeypatch.setattr("engine.run.step_runner.graphics_cards", lambda: ("another card",))
    made.apply(model, STATIC, no_progress)
    assert asked.count("static") == 2
