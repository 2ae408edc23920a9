"""Goals: the ratio that reaches one, by what was measured, and what is said where none does."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from engine.errors import StepError
from engine.export.onnx_file import export_onnx
from engine.measure.latency import PairedLatency
from engine.results import LatencyEstimate, Note
from engine.search import ratio
from engine.search.context import RatioContext
from engine.search.ratio import HIGHEST, TRIES, Remaining, prune_channels
from engine.settings import PruneChannel
from tests.made_contexts import made_context
from tests.techniques.prune.conftest import images_for, living


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A small network, a context that exports, and what was exported, the network itself first."""
    folder = tmp_path_factory.mktemp("given")
    model = living("test_resnet", 32, folder)
    exports = {}

    def export(one):
        if one.key not in exports:
            exports[one.key] = export_onnx(one, folder / f"{len(exports)}.onnx")
        return exports[one.key]

    (folder / "made").mkdir()
    context = made_context(RatioContext, images_for(model.preprocess), folder / "made", export=export)
    return model, context, export(model)


@pytest.fixture
def few(monkeypatch):
    """Two tries: each is an export."""
    monkeypatch.setattr(ratio, "TRIES", 2)


def asked(goal, value, **settings):
    return PruneChannel(goal=goal, goal_value=value, **settings)


@pytest.mark.parametrize(("goal", "value"), [("macs", 0.5), ("size", 1.0)])
def test_the_least_ratio_that_is_enough(goal, value, given, few):
    model, context, whole = given
    made = prune_channels(model, asked(goal, value, ratio=0.6), context)
    file = export_onnx(made.model, context.folder / f"{goal}.onnx")
    left = {"macs": file.macs / whole.macs, "size": file.path.stat().st_size / 1e6}[goal]
    assert 0.5 * value < left <= value
    assert made.notes[0].code == "goal_reached"
    said = {"macs": f"leaves {100 * left:.0f} % of the MACs", "size": f"leaves {left:.2f} MB"}[goal]
    assert said in made.notes[0].text


def test_what_cannot_be_reached_ends_with_the_most_that_was_cut(given, few):
    model, context, _ = given
    made = prune_channels(model, asked("size", 0.001, ratio=HIGHEST), context)
    size = export_onnx(made.model, context.folder / "most.onnx").path.stat().st_size / 1e6
    assert made.notes[0].code == "goal_not_reached"
    assert f"could not be reached: a ratio of 0.90 leaves {size:.2f} MB" in made.notes[0].text


def test_a_latency_is_measured_while_nothing_else_is(given, monkeypatch):
    model, context, _ = given
    monkeypatch.setattr(ratio, "TRIES", 1)
    entered = []

    class SpyLock:
        def __enter__(self):
            entered.append(True)

        def __exit__(self, *error):
            return None

    made = prune_channels(model, asked("latency", 0.99, ratio=0.6), replace(context, measure_lock=SpyLock))
    assert entered == [True]
    assert "of the latency (asked: at most 99 % of the latency; tries: 1)" in made.notes[0].text


@pytest.mark.parametrize("note", [None, Note(code="machine_busy", text="Others were at work")])
def test_a_ratio_that_was_found_on_a_busy_machine_says_so_and_is_not_kept(given, monkeypatch, note):
    model, context, _ = given
    monkeypatch.setattr(ratio, "TRIES", 2)
    monkeypatch.setattr("engine.measure.contention.busy_note", lambda *args: note)
    made = prune_channels(model, asked("latency", 0.99, ratio=0.6), context)
    assert [one.code for one in made.notes if one.code == "machine_busy"] == (["machine_busy"] if note else [])
    assert made.complete == (note is None)


def test_a_goal_that_processor_time_alone_reaches_is_an_estimate(given, monkeypatch):
    model, context, _ = given
    monkeypatch.setattr(ratio, "TRIES", 1)
    estimate = LatencyEstimate(processor_ms=1.0, ratio_to_baseline=0.6, n_runs=9, n_disturbed=9)
    disturbed = PairedLatency(None, None, estimate)
    monkeypatch.setattr(ratio, "measure_latency", lambda *args, **kwargs: {"pruned": disturbed, "base": disturbed})
    monkeypatch.setattr(
        "engine.measure.contention.busy_note", lambda *args: Note(code="machine_busy", text="Others were at work")
    )
    made = prune_channels(model, asked("latency", 0.99, ratio=0.6), context)
    assert [one.code for one in made.notes[:3]] == ["goal_estimated", "machine_busy", "not_measured"]
    assert "may leave 60 % of the latency, an estimate (asked: at most 99 %" in made.notes[0].text
    assert "in 1 of 1 try" in made.notes[2].text
    missed = prune_channels(model, asked("latency", 0.5, ratio=0.6), context)
    assert "may leave 60 % of the latency, an estimate, which is kept" in missed.notes[0].text
    assert not made.complete


@pytest.mark.parametrize(("wanted", "found"), [(0.5, 0.5), (0.75, 0.25), (0.15, 0.85)])
def test_the_search_halves_what_is_left(wanted, found, given):
    _, context, _ = given
    tries, late = ratio._search(0.3, wanted, lambda asked: Remaining(1 - asked), context)
    assert not late
    best = min(one.ratio for one in tries if one.remaining <= wanted)
    assert best == pytest.approx(found, abs=0.03)
    assert len(tries) <= TRIES


def test_the_deadline_ends_it_with_the_best_so_far(given):
    _, context, _ = given
    tries, late = ratio._search(0.3, 0.5, lambda asked: Remaining(1 - asked), replace(context, deadline=-math.inf))
    assert ([one.ratio for one in tries], late) == ([0.3], True)


@pytest.fixture
def counting(given):
    """The same, and what is left counted in parameters: nothing is exported."""
    model, context, _ = given
    told = []

    def on_progress(share, text, **figures):
        told.append(share)

    return (
        model,
        replace(context, export=lambda one: SimpleNamespace(macs=parameters(one)), on_progress=on_progress),
        told,
    )


def parameters(model):
    return sum(tensor.numel() for tensor in model.build().parameters())


def test_ratios_that_change_nothing_are_not_the_end_of_the_search(counting):
    """The least that reaches the goal is found above them."""
    model, context, told = counting
    made = prune_channels(model, asked("macs", 0.97, ratio=0.3, round_to=16), context)
    assert made.notes[0].code == "goal_reached"
    assert 0.5 < parameters(made.model) / parameters(model) <= 0.97
    assert told == sorted(told)


def test_where_no_ratio_changes_anything_that_is_said(counting, monkeypatch):
    model, context, _ = counting
    monkeypatch.setattr(ratio, "HIGHEST", 0.04)
    with pytest.raises(StepError, match="pruning 4 % changes no layer"):
        prune_channels(model, asked("macs", 0.5, ratio=0.01, round_to=16), context)


@pytest.mark.parametrize(("deadline", "cut"), [(-math.inf, True), (math.inf, False)])
def test_a_search_that_its_time_cut_short_says_so_and_is_no_answer_for_later(deadline, cut, counting, few):
    model, context, _ = counting
    made = prune_channels(model, asked("macs", 0.7, ratio=0.3), replace(context, deadline=deadline))
    assert ("out_of_time" in [note.code for note in made.notes], made.complete) == (cut, not cut)


@pytest.mark.parametrize(
    ("deadline", "recovered", "cut"),
    [
        (math.inf, True, []),
        (-math.inf, True, ["the search for the ratio; "]),
        (math.inf, False, ["the recovery between rounds; "]),
        (-math.inf, False, ["the search for the ratio and of the recovery between rounds; "]),
    ],
)
def test_what_the_time_cut_short_is_said_once(deadline, recovered, cut, counting, few, monkeypatch):
    model, context, _ = counting
    monkeypatch.setattr(
        ratio, "prune_to", lambda *given, real=ratio.prune_to: replace(real(*given), complete=recovered)
    )
    made = prune_channels(model, asked("macs", 0.7, ratio=0.3), replace(context, deadline=deadline))
    notes = [note.text for note in made.notes if note.code == "out_of_time"]
    assert notes == [f"The time was up before the end of {words}what there was by then counts" for words in cut]
    assert made.complete == (not cut)
