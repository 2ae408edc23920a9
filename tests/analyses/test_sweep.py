"""A sweep: every cell, what is skipped and why, what a failure and a cancel leave."""

from contextlib import contextmanager, nullcontext

import numpy as np
import onnx
import pytest

from engine.analyses import sweep as module
from engine.analyses.sweep import sweep, turn_order
from engine.errors import LimitError, RequestError, RunError, TargetError, memory_error
from engine.measure.calls import Calls
from engine.measure.latency import RoundTiming
from engine.models.artifacts import file_sha256
from engine.results import Note, Sweep
from engine.runtimes.onnx_runtime.loading import error_of
from engine.settings import FileModel, SweepRequest, Target, VariantFile
from engine.settings.target import CUDA
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.models.small import Shape, small_classifier

LABEL = "small.onnx"


@pytest.fixture
def file(tmp_path) -> VariantFile:
    path = tmp_path / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 16, 16))), path)
    return VariantFile(model=FileModel(path=str(path), sha256=file_sha256(path)), label=LABEL)


@pytest.fixture
def folder(home, tmp_path) -> JobFolder:
    folder = JobFolder(tmp_path / "job")
    folder.work.mkdir(parents=True)
    return folder


@pytest.fixture
def asked(file, folder, monkeypatch):
    """Asks for a sweep of a machine with two cores, which nobody else uses as far as it knows."""
    monkeypatch.setattr("engine.analyses.measure_lock.OTHERS_FIRST_SECONDS", 0)
    monkeypatch.setattr(module, "cores", lambda: 2)
    monkeypatch.setattr(module, "watched", lambda threads: nullcontext([]))

    def ask(**values) -> Sweep:
        request = SweepRequest.parse({"file": file, "batch_sizes": (1, 2, 4), "threads": (1,), "rounds": 3, **values})
        return sweep(request, folder, Progress(folder))

    return ask


@pytest.fixture
def calls(monkeypatch):
    """Turns are not timed: a call takes as many ms as it has images; what is raised for a target is set by a test.

    A target is its threads and its batch size, and between them its streams where it names them.
    """
    errors: dict[tuple[int, ...], BaseException] = {}
    turns: list[tuple[int, ...]] = []

    def turn(model, target, inputs):
        size = tuple(n for n in (target.threads, target.streams, target.batch_size) if n is not None)
        turns.append(size)
        if size in errors:
            raise errors[size]
        ms = np.full(10, float(target.batch_size) / target.threads)
        return RoundTiming(Calls(ms, ms, np.zeros(10, int), np.zeros(10)), 1, {})

    monkeypatch.setattr(module, "time_round", turn)
    turn.errors, turn.turns = errors, turns
    return turn


def states(result: Sweep) -> list[tuple[int, int, str]]:
    return [(cell.target.threads, cell.target.batch_size, cell.state) for cell in result.cells]


def test_every_cell_is_timed_for_real(asked):
    result = asked(batch_sizes=(1, 4))
    assert states(result) == [(1, 1, "measured"), (1, 4, "measured")]
    assert all(cell.low_ms <= cell.p50_ms <= cell.high_ms and cell.n_rounds == 3 for cell in result.cells)
    assert (result.complete, result.measuring, result.file.label) == (True, None, LABEL)


def test_with_streams_as_many_calls_are_in_flight_and_all_of_them_count(asked):
    result = asked(target={"runtime": "openvino", "precision": "f32"}, threads=(1, 2), streams=(1, 2), batch_sizes=(1,))
    assert [(cell.target.threads, cell.target.streams, cell.in_flight) for cell in result.cells] == [
        (1, 1, 1), (2, 1, 1), (2, 2, 2),
    ]  # fmt: skip
    assert result.axes == {"threads": (1, 2), "streams": (1, 2), "batch_size": (1,)}
    assert all(cell.state == "measured" for cell in result.cells)
    assert result.cells[2].images_per_s == pytest.approx(2 * 1000 / result.cells[2].p50_ms)


def test_rounds_go_over_all_cells_and_every_other_one_backwards(asked, calls):
    assert turn_order(2, 3) == (0, 1, 2, 2, 1, 0)
    asked(threads=(1, 2), batch_sizes=(1, 2))
    forwards = [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert calls.turns == [*forwards, *reversed(forwards), *forwards]


def test_a_larger_batch_is_skipped_where_a_smaller_one_takes_too_long(asked, calls):
    result = asked(threads=(1, 2), max_latency_ms=1.5)
    assert states(result) == [
        (1, 1, "measured"), (1, 2, "measured"), (1, 4, "skipped"),
        (2, 1, "measured"), (2, 2, "measured"), (2, 4, "measured"),
    ]  # fmt: skip
    assert result.cells[2].note.text == (
        "even the shortest call of 2 images took 2 ms, over the 1.5 ms that are allowed"
    )
    assert (1, 4) not in calls.turns
    assert result.best_within(1.5).target.threads == 2


def test_a_cell_that_takes_too_long_has_the_rounds_of_its_interval_and_no_more(asked, calls):
    result = asked(batch_sizes=(1, 2), max_latency_ms=1.5, rounds=6)
    fast, slow = result.cells
    assert [(one.state, one.n_rounds) for one in (fast, slow)] == [("measured", 6), ("measured", 3)]
    assert (fast.note, slow.low_ms, slow.high_ms) == (None, 2.0, 2.0)
    assert slow.note.text == "even its shortest call took 2 ms, over the 1.5 ms that are allowed"
    assert (calls.turns.count((1, 1)), calls.turns.count((1, 2))) == (6, 3)
    assert [one.n_rounds for one in asked(batch_sizes=(1, 2), rounds=6).cells] == [6, 6]


def test_a_round_without_undisturbed_calls_is_none_of_the_three(asked, calls, monkeypatch):
    monkeypatch.setattr("engine.measure.calls.TOLERANCE", -1.0)
    asked(batch_sizes=(2,), max_latency_ms=1.5, rounds=6)
    assert calls.turns.count((1, 2)) == 6


FULL_CARD = error_of(RuntimeError("Failed to allocate memory for requested buffer"), Target(provider=CUDA), "run", "")


@pytest.mark.parametrize("error", [memory_error(), FULL_CARD])
def test_what_runs_out_of_memory_is_named_and_the_measured_cells_are_kept(asked, calls, error):
    calls.errors[1, 2] = error
    result = asked(threads=(1, 2))
    assert states(result) == [
        (1, 1, "measured"), (1, 2, "failed"), (1, 4, "skipped"),
        (2, 1, "measured"), (2, 2, "skipped"), (2, 4, "skipped"),
    ]  # fmt: skip
    assert result.cells[1].note.text == "there was not enough memory for 2 images a call"
    assert result.cells[4].note.text == "2 images a call had not enough memory already"
    assert result.complete


def test_what_runs_out_of_memory_in_several_streams_skips_no_cell_with_fewer(asked, calls, monkeypatch):
    monkeypatch.setattr("engine.planning.target.cores", lambda: 4)
    calls.errors[2, 2, 2] = memory_error()
    result = asked(target={"runtime": "openvino"}, threads=(2, 4), streams=(1, 2), batch_sizes=(1, 2))
    assert [(one.target.threads, one.target.streams, one.target.batch_size, one.state) for one in result.cells] == [
        (2, 1, 1, "measured"), (2, 1, 2, "measured"), (2, 2, 1, "measured"), (2, 2, 2, "failed"),
        (4, 1, 1, "measured"), (4, 1, 2, "measured"), (4, 2, 1, "measured"), (4, 2, 2, "skipped"),
    ]  # fmt: skip


def test_inputs_that_do_not_fit_into_memory_are_the_same(asked, calls):
    calls.errors[1, 4] = MemoryError()
    assert states(asked())[2] == (1, 4, "failed")


def test_what_does_not_run_costs_no_other_cell(asked, calls):
    calls.errors[1, 2] = RunError("the reshape is fixed to one image")
    result = asked()
    assert [state for _, _, state in states(result)] == ["measured", "failed", "measured"]
    assert result.cells[1].note.text == "the reshape is fixed to one image"
    assert calls.turns.count((1, 2)) == 1


def test_where_no_cell_runs_the_first_reason_is_told(asked, calls):
    calls.errors |= {(1, size): RunError(f"no {size}") for size in (1, 2, 4)}
    with pytest.raises(RunError, match="no 1"):
        asked()


def test_another_limit_than_that_of_memory_ends_it(asked, calls):
    calls.errors[1, 2] = LimitError("the disk is full", code="disk_full")
    with pytest.raises(LimitError, match="the disk is full"):
        asked()


def test_a_cancel_keeps_what_was_measured_and_says_what_was_being_timed(asked, calls, folder):
    calls.errors[1, 2] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        asked()
    so_far = folder.result(Sweep)
    assert [cell.state for cell in so_far.cells] == ["measured", "waiting", "waiting"]
    assert (so_far.measuring, so_far.complete) == (1, False)
    assert so_far.cells[0].low_ms is None  # one round tells no interval


def test_when_the_time_is_up_the_other_cells_say_so(asked, calls):
    result = asked(minutes=1e-9)
    assert {cell.state for cell in result.cells} == {"skipped"}
    assert [note.code for note in result.warnings] == ["out_of_time"]


@pytest.fixture
def clock(monkeypatch):
    """The seconds of a clock that a test sets."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_the_minutes_do_not_count_while_others_measure_and_do_while_it_measures(asked, calls, clock, monkeypatch):
    @contextmanager
    def hold(lock, name, on_wait):
        clock[0] += 600
        yield

    monkeypatch.setattr(module, "hold_measure_lock", hold)
    result = asked(minutes=2)
    assert ([cell.n_rounds for cell in result.cells], result.warnings) == ([3, 3, 3], ())
    time_round = module.time_round

    def slow(*given):
        clock[0] += 50
        return time_round(*given)

    monkeypatch.setattr(module, "time_round", slow)
    result = asked(minutes=2)
    assert [cell.n_rounds for cell in result.cells] == [1, 1, 1]
    assert [note.text for note in result.warnings] == ["The 2 minutes were up before every cell had all of its rounds"]


def test_a_sweep_whose_time_is_up_when_no_cell_needs_a_turn_lacks_nothing(asked, calls, clock, monkeypatch):
    time_round = module.time_round

    def slow(*given):
        clock[0] += 20
        return time_round(*given)

    monkeypatch.setattr(module, "time_round", slow)
    result = asked(batch_sizes=(2, 4), max_latency_ms=1.5, rounds=6, minutes=1)
    assert [(cell.state, cell.n_rounds) for cell in result.cells] == [("measured", 3), ("skipped", 0)]
    assert result.warnings == ()


def test_turns_beside_busy_programs_are_counted_in_a_warning(asked, calls, monkeypatch):
    busy = Note(code="machine_busy", text="others")
    monkeypatch.setattr(module, "watched", lambda threads: nullcontext([busy] if threads == 2 else []))
    assert asked(threads=(1,)).warnings == ()
    (warning,) = asked(threads=(1, 2)).warnings
    assert warning.code == "machine_busy"
    assert warning.text.startswith("Other programs used the cores in 9 of 18 turns")


def test_a_cell_whose_calls_others_disturbed_has_no_figure_and_says_why(asked, calls, monkeypatch):
    monkeypatch.setattr("engine.measure.calls.TOLERANCE", -1.0)
    result = asked()
    assert {(cell.state, cell.note.code) for cell in result.cells} == {("failed", "not_measured")}
    assert (result.measured, result.best_within(None)) == ((), None)


def test_other_batches_than_the_fixed_one_are_refused_before_anything_is_timed(asked, calls, tmp_path):
    onnx.save(small_classifier(Shape(image=(2, 3, 16, 16), logits=(2, 5))), tmp_path / "fixed.onnx")
    fixed = VariantFile(model=FileModel(path=str(tmp_path / "fixed.onnx")), label="fixed.onnx")
    with pytest.raises(TargetError, match=r"'fixed\.onnx' is fixed to 2, and 1, 4 images a call are asked for"):
        asked(file=fixed)
    assert calls.turns == []
    assert states(asked(file=fixed, batch_sizes=(2,))) == [(1, 2, "measured")]


def test_a_variant_whose_file_has_changed_is_refused(asked, calls, file):
    changed = file.model_copy(
        update={"run": "run1", "variant": "a" * 12, "model": file.model.model_copy(update={"sha256": "0" * 64})}
    )
    with pytest.raises(RequestError, match="has changed"):
        asked(file=changed)
