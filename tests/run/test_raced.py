"""A run whose target's runtime is any: each file at each target, and the pair of both that is recommended."""

from functools import partial

import pytest

from engine.cli import lines
from engine.errors import RunError
from engine.results import codes
from engine.run import remeasure
from engine.run.step_runner import StepRunner
from engine.runtimes import RUNTIMES, race_targets
from engine.runtimes.missing import MissingRuntime
from engine.settings import Recipe, RemeasureRequest, Target, parse_recipe
from engine.settings.target import CUDA
from engine.store.progress import Progress
from tests.conftest import carry_out
from tests.made_card import put_in_card

TARGETS = race_targets(Target(runtime="any", threads=1))
LABELS = [one.label for one in TARGETS]
ALONE = parse_recipe("{model: {kind: sample}, data: {kind: sample}, target: {runtime: any, threads: 1}, steps: []}")


def test_each_file_is_a_variant_at_each_target_with_its_own_answers_and_latency(raced_run):
    variants = raced_run.report.variants
    assert [one.label for one in variants] == [f"{file}, {at}" for file in ("Baseline", "Simplified") for at in LABELS]
    assert len({one.id for one in variants}) == len(variants)
    for one, at in zip(variants, TARGETS * 2, strict=True):
        assert (one.target, one.target_label) == (at.target, at.label)
        assert (one.latency.runtime, one.latency.provider) == (at.target.runtime, at.target.provider)
        assert (raced_run.folder.variants / one.id / "predictions.npz").exists()
        precision = one.latency.session_options.get("INFERENCE_PRECISION_HINT", "auto")
        assert precision == at.target.precision
    others = [one for one in variants if one.role != "baseline"]
    assert all(one.fidelity is not None and one.selection is not None and one.verdict is not None for one in others)


def test_a_file_at_another_target_comes_from_itself_at_the_first_and_takes_no_room(raced_run):
    report = raced_run.report
    for one in report.variants:
        if one.target_label == LABELS[0]:
            assert one.same_file_as is None
            continue
        first = report.variant(one.same_file_as)
        assert (one.parent_id, one.sha256, first.target_label) == (first.id, first.sha256, LABELS[0])
        assert (raced_run.folder.path / one.file).samefile(raced_run.folder.path / first.file)
        assert one.step_label == f"in {one.target_label}"


def test_the_baseline_is_fp32_in_onnxruntime_and_says_what_every_ratio_is_to(raced_run):
    report = raced_run.report
    assert (report.baseline.latency.runtime, report.baseline.latency.ratio_to_baseline) == ("onnxruntime", 1)
    assert report.reference == "the baseline in onnxruntime"
    (note,) = [note for note in report.baseline.notes if note.code == codes.RACED_TARGETS]
    assert all(label in note.text for label in LABELS)
    text = "\n".join(lines.of_report(report))
    assert "every ratio is to the baseline in onnxruntime" in text
    best = report.variant(report.recommended.id)
    assert f"run it in {best.target.runtime} ({best.target.provider}) with " in text


def test_measured_again_each_variant_runs_at_its_own_target(raced_run, home, monkeypatch):
    seen = {}

    def time_files(models, baseline_id, target, *args, targets, **more):
        seen.update(targets)
        return remeasure_time_files(models, baseline_id, target, *args, targets=targets, n_rounds=3, **more)

    remeasure_time_files = remeasure.time_files
    monkeypatch.setattr(remeasure, "time_files", partial(time_files))
    request = RemeasureRequest(folder=str(raced_run.folder.path))
    written = {}
    monkeypatch.setattr(type(raced_run.folder), "write", lambda self, name, value: written.update({name: value}))
    found = remeasure.remeasure(request, raced_run.folder, Progress(raced_run.folder))
    assert {id: one.runtime for id, one in found.latencies.items()} == {
        one.id: one.target.runtime for one in raced_run.report.variants
    }
    assert [one.precision for one in seen.values()] == [one.target.precision for one in TARGETS * 2]


def test_a_runtime_that_does_not_work_is_left_out_with_the_reason(ready_home, tmp_path, monkeypatch):
    monkeypatch.setitem(RUNTIMES, "openvino", MissingRuntime("openvino", "CPU", ImportError("no such library")))
    report = carry_out(ALONE, tmp_path / "run", ready_home).report
    assert [one.label for one in report.variants] == ["Baseline"]
    (warning,) = [note for note in report.warnings if note.code == codes.NOT_RACED]
    assert warning.text.endswith("does not work here: its package cannot be loaded: no such library")


def test_a_file_that_does_not_run_in_one_of_them_has_a_note_and_runs_in_the_others(ready_home, tmp_path, monkeypatch):
    def predict(self, model, *args):
        if self.target.runtime == "openvino":
            raise RunError("it has no such operator")
        return real(self, model, *args)

    real = StepRunner.predict
    monkeypatch.setattr(StepRunner, "predict", predict)
    report = carry_out(ALONE, tmp_path / "run", ready_home).report
    assert [one.label for one in report.variants] == ["Baseline, onnxruntime"]
    texts = [note.text for note in report.baseline.notes if note.code == codes.NOT_RACED]
    assert texts == [f"It does not run in {label}: it has no such operator" for label in LABELS[1:]]
    assert report.state == "done"


def test_a_graph_that_a_card_cannot_capture_is_left_out_with_the_reason(ready_home, tmp_path, monkeypatch):
    put_in_card(monkeypatch, not_captured=("Conv",))
    monkeypatch.setattr(Recipe, "races", True)
    recipe = ALONE.model_copy(update={"target": Target(provider=CUDA, threads=1)})
    report = carry_out(recipe, tmp_path / "run", ready_home).report
    assert [one.label for one in report.variants] == ["Baseline, CUDA", "Baseline, CUDA TF32"]
    texts = [note.text for note in report.baseline.notes if note.code == codes.NOT_RACED]
    reason = "the graph cannot be captured (target.cuda_graph): some of its operators do not run on the card"
    assert texts == [f"It does not run in {at}: {reason}" for at in ("CUDA graph", "CUDA TF32 graph")]
    assert all(one.latency is not None for one in report.variants)


def test_a_baseline_that_a_card_cannot_capture_ends_the_run_before_any_chain(ready_home, tmp_path, monkeypatch):
    put_in_card(monkeypatch, not_captured=("Conv",))
    recipe = ALONE.model_copy(update={"target": Target(provider=CUDA, cuda_graph=True, threads=1)})
    with pytest.raises(RunError, match=r"the graph cannot be captured \(target.cuda_graph\)"):
        carry_out(recipe, tmp_path / "run", ready_home)
