"""Where a file stands below the roofline, and what bounds it."""

import pytest

from engine.planning.roofline import place
from engine.results import Note
from engine.results.machine import Share
from tests.made import made_latency
from tests.made_machine import made_peaks, made_rate, made_workload, made_workloads


def placed(workload, peaks=None, **changed):
    (point,) = place(made_workloads(workload, **changed), peaks or made_peaks()).points
    return point


def test_the_least_time_is_that_of_each_operation_at_its_own_peak():
    shares = (
        Share(operation="conv", data_type="int8", operations=160_000_000),
        Share(operation="depthwise", data_type="int8", operations=20_000_000),
        Share(operation="gemm", data_type="f32", operations=100_000_000),
    )
    point = placed(made_workload(p50_ms=4.0, shares=shares))
    assert point.compute_ms == pytest.approx(160 / 200 + 20 / 20 + 100 / 100)
    assert point.memory_ms == pytest.approx(2_000_000 / 10e9 * 1000)
    assert point.share == pytest.approx(2.8 / 4.0)
    assert point.achieved == pytest.approx(280e6 / 4e-3 / 1e9)
    assert point.roof == pytest.approx(280e6 / 2.8e-3 / 1e9)
    assert point.intensity == pytest.approx(280 / 2)
    assert (point.data_type, point.bound) == ("int8", "compute")


@pytest.mark.parametrize(
    ("changed", "bound"),
    [
        ({"p50_ms": 3.0}, "compute"),
        ({"p50_ms": 4.01}, "overhead"),
        ({"p50_ms": 3.99}, "compute"),
        ({"p50_ms": 5.0, "activation_bytes": 29_000_000}, "memory"),
    ],
)
def test_it_is_bound_by_the_larger_of_both_where_that_explains_half_of_the_time(changed, bound):
    assert placed(made_workload(**changed)).bound == bound


def test_weights_move_once_a_call_and_the_rest_once_an_example():
    latency = made_latency(40.0, 1.0).model_copy(update={"batch_size": 8})
    point = placed(made_workload(latency=latency))
    assert point.bytes == 1_000_000 + 8 * 1_000_000
    assert point.operations == 8 * 160_000_000


def test_a_data_type_without_a_peak_takes_that_of_32_bits():
    shares = (Share(operation="conv", data_type="f16", operations=160_000_000),)
    assert placed(made_workload(shares=shares)).compute_ms == pytest.approx(2.0)


def test_what_other_programs_disturbed_counts_with_its_fastest_call():
    slow = made_peaks(bandwidth=made_rate(1.0, disturbed=True))
    assert placed(made_workload(), slow).memory_ms == pytest.approx(2.0)
    assert slow.is_estimate
    assert not made_peaks().is_estimate


ON_A_CARD = made_latency(2.0, 1.0).model_copy(update={"provider": "CUDAExecutionProvider"})
ONE_THREAD = made_latency(2.0, 1.0).model_copy(update={"threads": 1})
GRAPH_CORE = made_latency(2.0, 1.0).model_copy(update={"runtime": "elsewhere"})


@pytest.mark.parametrize(
    ("workload", "changed", "peaks", "why"),
    [
        (made_workload(latency=None), {}, {}, "it has no latency"),
        (made_workload(latency=ON_A_CARD), {}, {}, "CUDAExecutionProvider, and the peaks are those of the CPU"),
        (made_workload(latency=GRAPH_CORE), {}, {}, "the peaks are those of the CPU"),
        (made_workload(latency=ONE_THREAD), {}, {}, "with 1 thread, and the peaks are those of 2"),
        (made_workload(), {"cpu": "another"}, {}, "another processor (another)"),
        (made_workload(), {}, {"bandwidth": None}, "were not measured"),
        (made_workload(), {}, {"peaks": ()}, "were not measured"),
    ],
)
def test_what_cannot_be_compared_is_left_out_with_the_reason(workload, changed, peaks, why):
    roofline = place(made_workloads(workload, **changed), made_peaks(**peaks))
    assert roofline.points == ()
    (note,) = roofline.skipped
    assert (note.code, why in note.text, "Baseline" in note.text) == ("not_placed", True, True)


def test_what_was_not_counted_stays_told():
    note = Note(code="not_placed", text="Weights is not in the roofline: its graph does not tell")
    assert place(made_workloads(skipped=(note,)), made_peaks()).skipped == (note,)


def test_what_is_to_be_known_of_the_peaks_goes_with_the_points():
    note = Note(code="not_measured", text="Other programs disturbed 1 of 19 rates")
    assert place(made_workloads(), made_peaks(warnings=(note,))).warnings == (note,)
