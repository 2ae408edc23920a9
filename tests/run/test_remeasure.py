"""Latencies that are measured again: which of the measurements stands, and what follows from it."""

import shutil

import pytest

from engine import remeasure
from engine.errors import RequestError, RunError, StateError, TargetError
from engine.measure.latency import PairedLatency
from engine.measure.timing import FileTimings
from engine.results import LatencyEstimate, Note, Report, Throughput
from engine.run import remeasure as module
from engine.run.remeasure import measurement_of, with_measurement
from tests.made import BASE, INT8, made_disturbed_report, made_latency

ESTIMATE = LatencyEstimate(processor_ms=1.0, ratio_to_baseline=0.5, n_runs=100, n_disturbed=99)
REPORT = made_disturbed_report(
    warnings=(Note(code="not_measured", text="busy"), Note(code="random_weights", text="random"))
)
BUSY = Note(code="not_measured", text="other programs")


def pair(ratio):
    per_s = 500 / ratio
    throughput = Throughput(batch_size=1, images_per_s=per_s, low=0.9 * per_s, high=1.1 * per_s)
    return PairedLatency(made_latency(2.0 * ratio, ratio), throughput)


def measurement(*warnings, errors=(), **pairs):
    ids = {"base": BASE, "int8": INT8}
    failed = {ids[name]: RunError("it asks for more memory") for name in errors}
    return measurement_of(FileTimings({ids[name]: one for name, one in pairs.items()}, failed, missing=warnings))


def test_a_measurement_takes_the_place_of_estimates_and_makes_the_recommendation():
    report = with_measurement(REPORT, measurement(base=pair(1.0), int8=pair(0.4)))
    own, again = report.measurements
    assert (own.stands, again.stands) == (False, True)
    assert own.estimates.keys() == {BASE, INT8}
    int8 = report.variant(INT8)
    assert (int8.latency.ratio_to_baseline, int8.latency_estimate) == (0.4, None)
    assert int8.verdict.faster == "yes"
    assert report.recommended.id == INT8
    assert [note.code for note in report.warnings] == ["random_weights"]


def test_a_measurement_that_was_disturbed_takes_no_figure_away():
    first = with_measurement(REPORT, measurement(base=pair(1.0), int8=pair(0.4)))
    disturbed = PairedLatency(None, None, ESTIMATE)
    report = with_measurement(first, measurement(BUSY, base=disturbed, int8=disturbed))
    assert [one.stands for one in report.measurements] == [False, True, False]
    assert report.variants == first.variants
    assert report.warnings == first.warnings


def test_of_two_that_measured_all_the_newer_one_stands():
    first = with_measurement(REPORT, measurement(base=pair(1.0), int8=pair(0.4)))
    report = with_measurement(first, measurement(base=pair(1.0), int8=pair(1.3)))
    assert [one.stands for one in report.measurements] == [False, False, True]
    assert report.variant(INT8).verdict.faster == "no"
    assert report.recommended.id == BASE
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_of_two_that_measured_all_one_beside_busy_programs_gives_way():
    first = with_measurement(REPORT, measurement(base=pair(1.0), int8=pair(0.4)))
    busy = Note(code="machine_busy", text="Other programs used a core")
    report = with_measurement(first, measurement(busy, base=pair(1.0), int8=pair(1.3)))
    assert [one.stands for one in report.measurements] == [False, True, False]
    assert report.variants == first.variants


def test_what_does_not_run_any_more_is_counted_and_noted_and_what_runs_again_has_no_old_note():
    first = with_measurement(REPORT, measurement(base=pair(1.0), errors=("int8",)))
    assert [note.code for note in first.variant(INT8).notes] == ["scheme", "not_timed"]
    assert (first.measurements[1].n_variants, len(first.measurements[1].latencies)) == (2, 1)
    again = with_measurement(first, measurement(base=pair(1.0), int8=pair(0.4)))
    assert [note.code for note in again.variant(INT8).notes] == ["scheme"]


def test_figures_of_another_machine_stand_under_its_own_name(monkeypatch):
    another = REPORT.environment.model_copy(update={"cpu": "Another CPU"})
    monkeypatch.setattr(module, "environment", lambda: another)
    report = with_measurement(REPORT, measurement(base=pair(1.0), int8=pair(0.4)))
    assert (REPORT.latency_cpu, report.latency_cpu, report.environment.cpu) == ("A CPU", "Another CPU", "A CPU")


@pytest.fixture
def ran(sample_run, tmp_path, home):
    folder = tmp_path / "run"
    shutil.copytree(sample_run.folder.path, folder)
    report = sample_run.report
    few = tuple(one for one in report.variants if one.role != "candidate")  # each costs seconds
    (folder / "report.json").write_text(report.model_copy(update={"variants": few, "races": ()}).model_dump_json())
    return folder


def test_a_run_is_measured_again_by_its_folder(ran, monkeypatch):
    before = Report.model_validate_json((ran / "report.json").read_bytes())
    events = []
    after = remeasure(ran, events.append)
    assert after == Report.model_validate_json((ran / "report.json").read_bytes())
    assert len(after.measurements) == 2
    assert [one.id for one in after.variants] == [one.id for one in before.variants]
    assert [one.accuracy for one in after.variants] == [one.accuracy for one in before.variants]
    assert any(event.message.startswith("round") for event in events)


def test_what_cannot_be_measured_again_is_refused_by_name_and_stays_as_it_was(ran, tmp_path):
    report = Report.model_validate_json((ran / "report.json").read_bytes())
    file = ran / report.variants[1].file
    content = file.read_bytes()
    file.write_bytes(content + b" ")
    with pytest.raises(RequestError, match="has changed"):
        remeasure(ran)
    file.unlink()
    with pytest.raises(RequestError, match=r"model\.onnx' of .* is missing"):
        remeasure(ran)
    file.write_bytes(content)
    assert Report.model_validate_json((ran / "report.json").read_bytes()) == report
    greedy = report.recipe.model_copy(update={"target": report.recipe.target.model_copy(update={"threads": 999})})
    (ran / "report.json").write_text(report.model_copy(update={"recipe": greedy}).model_dump_json())
    with pytest.raises(TargetError, match="999 threads"):
        remeasure(ran)
    (ran / "report.json").write_text(report.model_copy(update={"recommended": None}).model_dump_json())
    with pytest.raises(StateError, match="before its variants were compared"):
        remeasure(ran)
    with pytest.raises(RequestError, match=r"no report\.json"):
        remeasure(tmp_path)
    with pytest.raises(RequestError, match="neither a run here nor a folder"):
        remeasure("nowhere")


def test_every_verdict_code_of_a_measurement_goes_with_it():
    assert set(module.OF_A_MEASUREMENT) == {"machine_busy", "not_measured", "precision"}
