"""Whole runs in this process, on the sample: what the report says is what lies on disk."""

import hashlib
import time
from functools import partial

import numpy as np
import onnx
import pytest
from PIL import Image

from engine import data as images
from engine.errors import DataError, TargetError, memory_error
from engine.measure.latency import measure_latency
from engine.planning.remeasurable import remeasurable_report
from engine.results import Report, codes
from engine.run import pipeline, remeasure
from engine.runtimes.onnx_runtime import session
from engine.runtimes.onnx_runtime.loading import error_of
from engine.settings import RemeasureRequest, SampleData, Split, parse_recipe
from engine.store.cache import Cache
from engine.store.home import Home
from engine.store.measure_lock import measure_lock
from engine.store.progress import Progress
from tests.conftest import N_ROUNDS, SAMPLE_RECIPE, carry_out
from tests.made_card import card_message, put_in_card
from tests.measure.test_trial_call import demanding


def recipe(text):
    return parse_recipe("model: {kind: sample}\ndata: {kind: sample}\n" + text)


def test_the_sample_becomes_faster_and_smaller_and_stays_right(sample_run):
    baseline, int8 = sample_run.report.variants
    assert sample_run.report.state == "done"
    assert int8.latency.ratio_high < 1
    assert int8.verdict.faster == "yes"
    assert int8.size_bytes <= 0.35 * baseline.size_bytes
    assert baseline.accuracy.top1 >= 0.97
    assert int8.accuracy.top1 >= 0.97
    assert sample_run.report.recommended.id == int8.id


def test_the_report_on_disk_is_the_report(sample_run):
    assert sample_run.folder.report() == sample_run.report
    text = sample_run.report.model_dump_json(by_alias=True)
    assert Report.model_validate_json(text) == sample_run.report


def test_every_file_has_the_size_and_the_sum_that_the_report_states(sample_run):
    for variant in sample_run.report.variants:
        content = (sample_run.folder.path / variant.file).read_bytes()
        assert len(content) == variant.size_bytes
        assert hashlib.sha256(content).hexdigest() == variant.sha256


def test_the_int8_file_is_qdq_with_its_preprocessing_and_comes_from_the_baseline(sample_run):
    baseline, int8 = sample_run.report.variants
    proto = onnx.load(sample_run.folder.path / int8.file)
    assert {"QuantizeLinear", "DequantizeLinear"} <= {node.op_type for node in proto.graph.node}
    assert any(entry.key == "featherweight" for entry in proto.metadata_props)
    assert (int8.parent_id, baseline.parent_id) == (baseline.id, None)
    assert (int8.macs, int8.parameters) == (baseline.macs, baseline.parameters)


def test_predictions_are_kept_for_every_evaluation_image(sample_run):
    for variant in sample_run.report.variants:
        with np.load(sample_run.folder.variants / variant.id / "predictions.npz") as kept:
            assert kept["logits"].shape == (sample_run.report.data.n_evaluation, 10)
            assert len(set(kept["ids"])) == sample_run.report.data.n_evaluation


def test_a_few_images_are_kept_with_the_answers_of_every_variant(sample_run):
    examples = sample_run.report.examples
    assert len(examples) >= 4
    predictions = {}
    for variant in sample_run.report.variants:
        with np.load(sample_run.folder.variants / variant.id / "predictions.npz") as kept:
            predictions[variant.id] = dict(zip(kept["ids"].tolist(), kept["logits"].argmax(axis=1), strict=True))
    for example in examples:
        assert Image.open(sample_run.folder.path / example.picture).size == (64, 64)
        answers = {id: int(one.name) for id, one in example.answers.items()}
        assert answers == {id: of_image[example.image_id] for id, of_image in predictions.items()}
    alike = [one.label for one in examples if len({answer.name for answer in one.answers.values()}) == 1]
    assert alike == ["0", "1", "2", "3"]


def test_what_chooses_reports_nothing_and_both_are_in_the_report(sample_run):
    report = sample_run.report
    gray = report.baseline.input.preprocess
    data = images.load(SampleData(), Split(), gray, 0, merge_train=False, n_outputs=10)
    baseline, int8 = report.variants
    with np.load(sample_run.folder.variants / int8.id / "predictions.npz") as kept:
        assert not set(kept["ids"]) & {*data.selection.ids}
    assert (report.data.n_evaluation, report.data.n_selection) == (360, 269)
    assert (int8.comparison.n_images, int8.selection.comparison.n_images) == (360, 269)
    assert int8.comparison.drop == int8.verdict.drop
    assert int8.class_loss.n_classes == int8.selection.class_loss.n_classes == 10
    assert baseline.comparison is baseline.selection is None
    assert int8.verdict.certainty in ("surely", "probably", "cannot_tell")


def test_the_baseline_is_its_own_measure(sample_run):
    baseline = sample_run.report.baseline
    assert baseline.latency.ratio_to_baseline == baseline.latency.ratio_low == baseline.latency.ratio_high == 1
    assert baseline.fidelity is None


def test_progress_only_grows_and_ends_at_one(sample_run):
    fractions = [event.fraction for event in sample_run.events]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_the_same_again_reuses_files_and_predictions_and_times_anew(sample_run, shared_home, tmp_path):
    again = carry_out(parse_recipe(SAMPLE_RECIPE), tmp_path / "again", shared_home, N_ROUNDS)
    assert [v.sha256 for v in again.report.variants] == [v.sha256 for v in sample_run.report.variants]
    assert not any("calibrating" in event.message or "exporting" in event.message for event in again.events)
    assert any("round 12 of 12" in event.message for event in again.events)
    assert again.report.variants[0].latency.p95_ms != sample_run.report.variants[0].latency.p95_ms


def test_chains_of_the_same_techniques_are_told_apart_by_their_labels(shared_home, tmp_path):
    static = "technique: quantize, method: static"
    branches = f"branches: [[{{{static}}}], [{{{static}, per_channel: false}}]]"
    ran = carry_out(recipe(branches), tmp_path / "run", shared_home)
    assert [variant.label for variant in ran.report.variants] == ["Baseline", "INT8", "INT8 (chain 2)"]


def test_a_cache_that_is_freed_while_a_run_goes_on_changes_nothing(tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    home.prepare()

    def freeing(*args, **kwargs):
        Cache(home.cache).trim(0, unused_since=time.time() + 10)
        return measure_latency(*args, **kwargs)

    monkeypatch.setattr("engine.measure.timing.measure_latency", freeing)
    ran = carry_out(parse_recipe(SAMPLE_RECIPE), tmp_path / "run", home)
    assert [entry for entry in home.cache.iterdir() if not entry.name.startswith(".")]
    assert all(variant.latency for variant in ran.report.variants)


def test_a_chain_that_fails_keeps_what_it_had_and_the_others_go_on(shared_home, tmp_path):
    wrong = "technique: quantize, method: static, float_nodes: [nowhere]"
    ran = carry_out(recipe(f"branches: [[{{technique: simplify}}, {{{wrong}}}], []]"), tmp_path / "run", shared_home)
    (failure,) = ran.report.failures
    assert ran.report.state == "failed"
    assert [variant.label for variant in ran.report.variants] == ["Baseline", "Simplified"]
    assert failure.message == (
        "step 2 of 2 (quantize) failed after simplify: the model has no node 'nowhere', which is to stay in float "
        "(float_nodes)"
    )
    assert all(variant.latency for variant in ran.report.variants)


TWO_CHAINS = "branches: [[{technique: simplify}], [{technique: quantize, method: weights}]]"


@pytest.fixture
def breaks(monkeypatch):
    """Spoils the file of the variant of this label between its scoring and the timing, so that it runs no more."""

    def break_file(label):
        def timing(context):
            (id,) = [id for id, variant in context.builder.variants.items() if variant.label == label]
            demanding(context.builder.models[id].path)
            return real(context)

        real = pipeline._time
        monkeypatch.setattr(pipeline, "_time", timing)

    return break_file


def test_a_variant_that_does_not_run_costs_its_own_latency_alone(shared_home, tmp_path, breaks):
    breaks("8-bit weights")
    report = carry_out(recipe(TWO_CHAINS), tmp_path / "run", shared_home).report
    baseline, simplified, broken = report.variants
    assert baseline.latency
    assert simplified.latency.n_rounds == 3
    assert (broken.latency, broken.throughput) == (None, None)
    assert broken.accuracy.top1 > 0.9
    (note,) = [note for note in broken.notes if note.code == "not_timed"]
    assert "mask" in note.text
    assert report.state == "done"
    assert report.recommended.id != broken.id


def test_without_the_baselines_latency_nothing_has_one_and_nothing_is_recommended(shared_home, tmp_path, breaks):
    breaks("Baseline")
    report = carry_out(recipe(TWO_CHAINS), tmp_path / "run", shared_home).report
    assert [variant.latency for variant in report.variants] == [None] * 3
    assert [warning.code for warning in report.warnings if warning.code == "not_timed"] == ["not_timed"]
    assert (report.recommended.id, report.recommended.reason.code) == (report.baseline.id, "nothing_timed")


def test_a_card_that_goes_before_the_timing_costs_the_latencies_alone(shared_home, tmp_path, monkeypatch):
    def without_card(path, target, *args, **more):
        raise error_of(
            RuntimeError(card_message("CUDA failure 100: no CUDA-capable device is detected")), target, "", ""
        )

    def timing(context):
        monkeypatch.setattr(session, "load", without_card)
        return real(context)

    real = pipeline._time
    put_in_card(monkeypatch)
    monkeypatch.setattr(pipeline, "_time", timing)
    on_card = "target: {provider: CUDAExecutionProvider, threads: 1}\nsteps: [{technique: simplify}]"
    report = carry_out(recipe(on_card), tmp_path / "run", shared_home).report
    assert report.state == "done"
    assert [variant.accuracy.top1 > 0.9 for variant in report.variants] == [True, True]
    for variant in report.variants:
        (note,) = [note for note in variant.notes if note.code == codes.NOT_TIMED]
        assert "the card does not work with onnxruntime: CUDA failure 100" in note.text
    (note,) = [note for note in report.baseline.notes if note.code == codes.PRECISION]
    assert "its answers could not be compared: the card does not work" in note.text


def test_where_the_memory_runs_out_in_the_timing_a_run_keeps_its_other_figures_and_can_be_measured_again(
    shared_home, tmp_path, monkeypatch
):
    def time_files(*args, **more):
        raise memory_error()

    monkeypatch.setattr(pipeline, "time_files", time_files)
    ran = carry_out(recipe(TWO_CHAINS), tmp_path / "run", shared_home)
    (failure,) = ran.report.failures
    assert (ran.report.state, failure.code) == ("failed", "memory")
    assert all(one.accuracy and one.verdict for one in ran.report.variants)
    assert all("out of memory" in note.text for one in ran.report.variants for note in one.notes[-1:])
    assert remeasurable_report(ran.folder.path) == ran.report


def test_a_leading_finetune_makes_the_baseline(shared_home, tmp_path):
    steps = "steps: [{technique: finetune, epochs: 1}, {technique: quantize, method: static}]"
    ran = carry_out(recipe(steps), tmp_path / "run", shared_home)
    baseline, int8 = ran.report.variants
    assert (baseline.technique, baseline.role, baseline.step) == ("baseline", "baseline", 0)
    assert "best_epoch" in [note.code for note in baseline.notes]
    assert int8.parent_id == baseline.id
    curve = [event.metrics for event in ran.events if "validation_top1" in event.metrics]
    assert len(curve) == 1


def test_no_data_gives_fidelity_and_no_accuracy_and_says_why(shared_home, tmp_path):
    text = "model: {kind: sample}\ndata: null\nsteps: [{technique: quantize, method: static}]\nbudget: {minutes: 0.01}"
    ran = carry_out(parse_recipe(text), tmp_path / "run", shared_home)
    baseline, int8 = ran.report.variants
    assert baseline.accuracy is int8.accuracy is None
    assert 0 <= int8.fidelity.agreement <= 1
    assert any("synthetic" in warning.code for warning in ran.report.warnings)


def test_the_budget_of_time_ends_training_and_keeps_the_best(shared_home, tmp_path):
    text = "budget: {minutes: 0.0001}\nsteps: [{technique: finetune, epochs: 50}]"
    ran = carry_out(recipe(text), tmp_path / "run", shared_home)
    assert "training_stopped_by_budget" in [note.code for note in ran.report.baseline.notes]


def test_a_provider_that_is_not_here_is_refused_before_anything_is_made(shared_home, tmp_path):
    with pytest.raises(TargetError, match=r"NopeExecutionProvider.*CPUExecutionProvider"):
        carry_out(recipe("target: {provider: NopeExecutionProvider}"), tmp_path / "run", shared_home)
    assert not (tmp_path / "run" / "report.json").exists()


def test_a_head_that_does_not_fit_is_refused_with_the_way_out(shared_home, tmp_path):
    text = "model: {kind: timm, name: test_resnet, weights: random, in_chans: 1}\ndata: {kind: sample}\nsteps: []"
    with pytest.raises(DataError, match="1,000 outputs and the data 10 classes") as caught:
        carry_out(parse_recipe(text), tmp_path / "run", shared_home)
    assert "fine-tune" in caught.value.next


def test_a_leading_finetune_gives_such_a_model_a_new_head(shared_home, tmp_path):
    text = """
    model: {kind: timm, name: test_resnet, weights: random, in_chans: 1, num_classes: 7}
    data: {kind: sample}
    steps: [{technique: finetune, epochs: 1}]
    """
    ran = carry_out(parse_recipe(text), tmp_path / "run", shared_home)
    assert "new_head" in [note.code for note in ran.report.baseline.notes]
    assert "random_weights" not in [note.code for note in ran.report.warnings]
    assert np.load(ran.folder.variants / ran.report.baseline.id / "predictions.npz")["logits"].shape[1] == 10


UNTRAINED = (
    "model: {kind: timm, name: test_resnet, weights: random, in_chans: 1, num_classes: 10}\ndata: {kind: sample}\n"
)


def test_a_model_that_guesses_is_never_a_success(shared_home, tmp_path):
    report = carry_out(parse_recipe(UNTRAINED + "steps: [{technique: simplify}]"), tmp_path / "run", shared_home).report
    baseline, simplified = report.variants
    assert baseline.accuracy.chance == pytest.approx(0.1, abs=0.02)
    assert all("no_better_than_chance" in one.verdict.codes for one in (baseline, simplified))
    assert (report.recommended.id, report.recommended.reason.code) == (baseline.id, "not_learnt")
    warnings = [note.code for note in report.warnings if note.code != "machine_busy"]
    assert warnings == ["random_weights", "baseline_looks_broken"]


def test_where_another_job_measures_for_too_long_the_run_fails_with_what_it_has(tmp_path, ready_home, monkeypatch):
    """Its latencies can be measured later, from the very same files."""
    monkeypatch.setattr("engine.store.measure_lock.MAX_WAIT_SECONDS", 0.02)
    with measure_lock(ready_home.measure_lock, "somebody's run"):
        ran = carry_out(recipe("steps: [{technique: simplify}]"), tmp_path / "run", ready_home)
    report = ran.report
    (failure,) = report.failures
    assert (report.state, failure.code, failure.branch) == ("failed", "wait", None)
    assert "'somebody's run' still measures" in failure.message
    assert all(one.accuracy and one.latency is None and one.verdict for one in report.variants)
    assert {note.code for one in report.variants for note in one.notes} >= {codes.NOT_TIMED}
    assert report.recommended.id == report.baseline.id
    monkeypatch.setattr(remeasure, "time_files", partial(remeasure.time_files, n_rounds=3))
    remeasured = remeasure.remeasure(RemeasureRequest(folder=str(ran.folder.path)), ran.folder, Progress(ran.folder))
    assert remeasured.latencies.keys() == {one.id for one in report.variants}
    assert not [one for one in ran.folder.report().variants if codes.NOT_TIMED in {note.code for note in one.notes}]
