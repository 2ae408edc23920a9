from contextlib import contextmanager

import numpy as np
import onnx
import pytest

from engine.errors import MeasureError
from engine.measure import calls, latency
from engine.measure.calls import Calls
from engine.measure.latency import RoundTiming, compare, measure_latency, time_rounds
from engine.measure.verdict import judge
from engine.models.graph import read_onnx
from engine.settings import Budget, Target
from engine.settings.target import CUDA
from tests.made import INT8, made_variant
from tests.models.small import Shape, small_classifier

IMAGES = np.zeros((2, 3, 32, 32), dtype=np.float32)
TARGET = Target(threads=1, batch_size=2)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    path = tmp_path_factory.mktemp("latency") / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 32, 32))), path)
    return {"a": read_onnx(path), "b": read_onnx(path)}


def test_every_round_times_every_file_and_the_baseline_is_its_own_measure(models):
    rounds = []
    found = measure_latency(models, "a", TARGET, IMAGES, lambda done, total: rounds.append((done, total)), n_rounds=3)
    assert rounds == [(1, 3), (2, 3), (3, 3)]
    base, throughput, estimate = found["a"]
    assert estimate is None
    assert (base.ratio_to_baseline, base.ratio_low, base.ratio_high) == (1, 1, 1)
    assert (base.n_rounds, base.batch_size, base.threads) == (3, 2, 1)
    assert base.n_runs >= 3 * calls.MIN_CALLS
    assert base.n_disturbed == 0
    assert 0 < base.p50_ms <= base.p95_ms
    assert throughput.low <= throughput.images_per_s <= throughput.high
    other = found["b"].latency
    assert other.ratio_low <= other.ratio_to_baseline <= other.ratio_high
    assert other.session_options["intra_op_num_threads"] == "1"


def test_after_the_deadline_no_round_begins_but_the_first_few(models):
    found = measure_latency(models, "a", TARGET, IMAGES, n_rounds=9, deadline=0.0)
    assert found["b"].latency.n_rounds == latency.FEWEST_ROUNDS


def test_one_session_lives_at_a_time_and_the_order_turns_round(models, monkeypatch):
    live, opened = [], []
    real = latency.open_session

    @contextmanager
    def watched(path, target, **names):
        assert not live
        with real(path, target, **names) as session:
            live.append(session)
            opened.append(session)
            yield session
        live.clear()

    monkeypatch.setattr(latency, "open_session", watched)
    order = []
    monkeypatch.setattr(
        latency, "_time_model", lambda model, *rest, turn=latency._time_model: order.append(model) or turn(model, *rest)
    )
    first, second = models.values()
    measure_latency(models, "a", TARGET, IMAGES, n_rounds=3)
    assert len(opened) == 6
    assert [model is first for model in order] == [True, False, False, True, True, False]
    assert second is order[1]


def test_slow_calls_are_warmed_up_less(models, monkeypatch):
    monkeypatch.setattr(calls, "WARMUP_SECONDS", 0.0)
    found = measure_latency(models, "a", TARGET, IMAGES, n_rounds=3)
    assert found["a"].latency.n_warmup == 1


def test_any_model_can_be_the_baseline_of_the_same_rounds(models):
    turns = time_rounds(models, TARGET, IMAGES, n_rounds=3)
    forth, back = compare(turns, "a", TARGET)["b"].latency, compare(turns, "b", TARGET)["a"].latency
    assert forth.ratio_to_baseline == pytest.approx(1 / back.ratio_to_baseline)
    assert compare(turns, "b", TARGET)["b"].latency.ratio_to_baseline == 1


def rounds(*medians_ms, slowest=1.5):
    """A turn a round of five calls about its median, the last of them `slowest` times as long."""
    return [turn(ms * np.array([0.9, 0.95, 1.0, 1.05, slowest])) for ms in medians_ms]


def turn(ms, waited_ms=None, processor_ms=None):
    """The timing of calls in one round."""
    none = np.zeros(len(ms))
    waited = none if waited_ms is None else np.asarray(waited_ms)
    processor = ms if processor_ms is None else np.asarray(processor_ms)
    return RoundTiming(Calls(np.asarray(ms), processor, none, waited), 1, {})


DRIFT = {"a": rounds(2.0, 4.0, 2.2, 3.0), "b": rounds(1.0, 1.9, 1.3, 1.4, slowest=3.0), "c": rounds(4.4, 8.0, 4.0, 6.6)}
"""The machine gets slower and quicker from round to round, for all of them at once."""


@pytest.mark.parametrize("id", DRIFT)
def test_all_figures_of_a_file_say_the_same(id):
    found = compare(DRIFT, "a", TARGET)
    base, (own, per_s, _) = found["a"].latency, found[id]
    assert base.p50_ms == np.median(np.concatenate([turn.undisturbed_ms for turn in DRIFT["a"]]))
    assert own.p50_ms == base.p50_ms * own.ratio_to_baseline
    assert per_s.images_per_s == pytest.approx(2 * 1000 / own.p50_ms)
    assert own.speedup == pytest.approx(per_s.images_per_s / found["a"][1].images_per_s)
    assert own.speedup_low <= own.speedup <= own.speedup_high
    assert per_s.low <= per_s.images_per_s <= per_s.high


UNSURE = tuple(np.linspace(8.0, 12.0, 12))
"""The baseline's medians in milliseconds, of which nobody can tell where their middle lies."""


def test_a_variant_of_exactly_half_is_no_surer_than_the_baseline_itself():
    found = compare({"a": rounds(*UNSURE), "half": rounds(*np.array(UNSURE) / 2)}, "a", TARGET)
    (_, base, _), (own, per_s, _) = found["a"], found["half"]
    assert (own.ratio_low, own.ratio_high) == pytest.approx((0.5, 0.5))
    assert (per_s.low, per_s.images_per_s, per_s.high) == pytest.approx(
        (2 * base.low, 2 * base.images_per_s, 2 * base.high)
    )
    assert per_s.low < 0.95 * per_s.images_per_s
    assert per_s.high > 1.05 * per_s.images_per_s


def test_the_interval_of_the_throughput_holds_the_drift_of_the_files_own_rounds():
    found = compare({"a": rounds(*[10.0] * 12), "b": rounds(*[4.0, 6.0] * 6)}, "a", TARGET)
    (_, base, _), (own, per_s, _) = found["a"], found["b"]
    assert (base.low, base.high) == pytest.approx((base.images_per_s, base.images_per_s))
    assert (per_s.low, per_s.high) == pytest.approx(
        tuple(2 * 1000 / (10.0 * ratio) for ratio in (own.ratio_high, own.ratio_low))
    )
    assert per_s.low < per_s.images_per_s < per_s.high


@pytest.mark.parametrize(
    ("most_ms", "codes"), [(5.2, ("latency_uncertain",)), (6.5, ()), (4.8, ("latency_over_budget",))]
)
def test_a_budget_that_is_met_on_an_unsure_baseline_is_flagged(most_ms, codes):
    found = compare({"a": rounds(*UNSURE), "half": rounds(*np.array(UNSURE) / 2)}, "a", TARGET)
    own, per_s, _ = found["half"]
    half = made_variant(INT8, "half", latency=own, throughput=per_s)
    assert judge(half, Budget(max_accuracy_drop=None, max_latency_ms=most_ms)).codes == codes


def test_the_interval_holds_the_figure_however_few_and_different_the_rounds_are():
    for seed in range(20):
        ms = np.random.default_rng(seed).exponential(5.0, (2, 3, 4)) + 0.1
        one, other = ([turn(row) for row in rows] for rows in ms)
        for ratio, per_s, _ in compare({"a": one, "b": other}, "a", TARGET).values():
            assert per_s.low <= per_s.images_per_s <= per_s.high
            assert ratio.ratio_low <= ratio.ratio_to_baseline <= ratio.ratio_high


def test_the_95th_percentile_is_as_far_above_the_median_as_among_the_files_own_calls():
    found = {id: pair.latency for id, pair in compare(DRIFT, "a", TARGET).items()}
    ms = np.concatenate([turn.undisturbed_ms for turn in DRIFT["b"]])
    assert found["b"].p95_ms / found["b"].p50_ms == pytest.approx(np.percentile(ms, 95) / np.median(ms))
    assert all(one.p95_ms >= one.p50_ms for one in found.values())


@pytest.fixture
def strict(monkeypatch):
    """Calls count as they do in the product."""
    monkeypatch.setattr(calls, "TOLERANCE", 0.02)


QUIET, WAITING = [0.0] * 5, [0.0, 0.0, 8.0, 8.0, 0.0]


def test_disturbed_calls_are_counted_and_move_no_figure(strict):
    ms = np.array([1.0, 1.1, 9.0, 9.0, 0.9])
    base, own = [turn(np.full(5, 2.0), QUIET) for _ in range(4)], [turn(ms, WAITING) for _ in range(4)]
    latency = compare({"a": base, "b": own}, "a", TARGET)["b"].latency
    assert latency.ratio_to_baseline == pytest.approx(0.5)
    assert (latency.n_runs, latency.n_disturbed) == (12, 8)
    assert latency.p95_ms < 1.2


def test_a_round_counts_where_both_files_have_three_undisturbed_calls(strict):
    disturbed = [0.0, 0.0, 1.0, 1.0, 1.0]
    base = [turn(np.full(5, 2.0), disturbed if number == 1 else QUIET) for number in range(5)]
    own = [turn(np.full(5, 1.0), disturbed if number == 2 else QUIET) for number in range(5)]
    found = compare({"a": base, "b": own}, "a", TARGET)
    assert (found["a"].latency.n_rounds, found["b"].latency.n_rounds) == (4, 3)
    assert found["b"].latency.p50_ms == pytest.approx(1.0)


def test_a_turn_of_which_hardly_any_call_was_undisturbed_does_not_count(strict):
    def timed(n_disturbed):
        return turn(np.ones(3 + n_disturbed), np.array([0.0] * 3 + [0.5] * n_disturbed))

    assert len(timed(27).undisturbed_ms) == 3
    assert len(timed(28).undisturbed_ms) == 0


def test_where_too_few_rounds_count_there_is_an_estimate_from_processor_time_and_no_latency(strict):
    def disturbed(ms, processor_ms):
        return [turn(np.full(5, ms), np.full(5, ms / 2), np.full(5, processor_ms)) for _ in range(4)]

    timings = {"a": disturbed(9.0, 3.0), "b": disturbed(8.0, 1.0), "c": [turn(np.full(5, 1.0), QUIET)] * 4}
    found = compare(timings, "a", TARGET)
    assert all(pair.latency is None and pair.throughput is None for pair in found.values())
    with pytest.raises(MeasureError, match="quiet machine"):
        found["b"].require()
    estimate = found["b"].estimate
    assert (estimate.ratio_to_baseline, estimate.speedup) == pytest.approx((1 / 3, 3.0))
    assert (estimate.processor_ms, estimate.n_runs, estimate.n_disturbed) == (1.0, 20, 20)
    assert compare(timings, "c", TARGET)["c"].latency is not None


@pytest.mark.parametrize(
    ("target", "ratio"),
    [
        (Target(threads=4), 1 / 3),
        (Target(threads=1), 4 / 3),
        (Target(runtime="openvino", threads=2), 2 / 3),
        (Target(provider=CUDA, threads=4), 4 / 3),  # one thread waits for the card
    ],
)
def test_an_estimate_beside_another_target_is_by_the_processor_time_of_a_thread(strict, target, ratio):
    def disturbed(processor_ms):
        return [turn(np.full(5, 9.0), np.full(5, 4.5), np.full(5, processor_ms)) for _ in range(4)]

    found = compare({"a": disturbed(3.0), "b": disturbed(1.0)}, "a", Target(threads=4), {"b": target})
    assert found["b"].estimate.ratio_to_baseline == pytest.approx(ratio)


def test_rounds_are_added_while_too_few_count(models, monkeypatch):
    waits, asked = [], []
    monkeypatch.setattr(latency, "wait_for_quiet", lambda threads, seconds: waits.append(threads))

    def disturbed_at_first(session, images, n_calls, seconds):
        asked.append(n_calls)
        return turn(np.ones(5), np.zeros(5) if len(asked) > 4 else np.full(5, 0.5)).calls

    monkeypatch.setattr(calls, "time_calls", disturbed_at_first)
    monkeypatch.setattr(calls, "TOLERANCE", 0.02)
    seen = []
    found = measure_latency(models, "a", TARGET, IMAGES, lambda done, total: seen.append((done, total)), n_rounds=3)
    assert found["b"].latency.n_rounds == 3
    assert seen == [(1, 3), (2, 3), (3, 3), (4, 6), (5, 6)]
    assert waits == [1, 1]


def test_rounds_are_not_added_for_ever(models, monkeypatch):
    monkeypatch.setattr(latency, "wait_for_quiet", lambda threads, seconds: None)
    monkeypatch.setattr(calls, "time_calls", lambda *rest: turn(np.ones(5), np.full(5, 0.5)).calls)
    monkeypatch.setattr(calls, "TOLERANCE", 0.02)
    turns = time_rounds(models, TARGET, IMAGES, n_rounds=3)
    assert len(turns["a"]) == 6
    assert compare(turns, "a", TARGET)["a"].latency is None
