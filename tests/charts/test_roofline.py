"""The roofline: ceilings of what was measured, and files as points below them."""

import pytest

from engine.charts import alt_text, roofline
from engine.planning.roofline import place
from engine.results.machine import Roofline
from tests.charts.reading import values
from tests.made import INT8, made_latency
from tests.made_machine import BANDWIDTH, made_peaks, made_workload, made_workloads

NOTHING = Roofline(name="", points=())


def lines(figure):
    return {trace.name: trace for trace in figure.data if trace.mode == "lines" and trace.name != "room"}


def test_a_data_type_has_the_faster_of_both_dense_operations_and_its_depthwise_one():
    found = lines(roofline(NOTHING, made_peaks()))
    assert found["FP32 gemm · onnxruntime"].y[0] == 100
    assert found["FP32 conv · OpenVINO"].y[0] == 100
    assert found["INT8 depthwise · onnxruntime"].y[0] == 20
    assert found["INT8 depthwise · onnxruntime"].line.dash == "dash"
    assert "FP32 conv · onnxruntime" not in found


def test_a_ceiling_begins_where_memory_allows_as_much():
    found = lines(roofline(NOTHING, made_peaks()))
    for name, line in found.items():
        if name != "memory":
            assert line.x[0] * BANDWIDTH == pytest.approx(line.y[0])
    slope = found["memory"]
    assert [y / x for x, y in zip(slope.x, slope.y, strict=True)] == pytest.approx([BANDWIDTH] * 2)


def test_a_file_is_a_point_at_what_it_achieves_with_a_line_to_its_roof():
    placed = place(made_workloads(), made_peaks())
    figure = roofline(placed, made_peaks())
    first, second = placed.points
    assert values(figure)["Baseline"] == pytest.approx(first.intensity)
    points = [trace for trace in figure.data if trace.mode == "markers"]
    assert [one.text for one in figure.layout.annotations if one.text in ("1", "2")] == ["1", "2"]
    assert [trace.y[0] for trace in points] == [first.achieved, second.achieved]
    assert [trace.y[1] for trace in figure.data if trace.name == "room"] == [first.roof, second.roof]
    assert {trace.marker.symbol for trace in points} == {"circle", "diamond"}
    assert "Static INT8" in alt_text(figure)


def test_only_the_runtimes_of_the_points_have_ceilings():
    placed = place(made_workloads(), made_peaks())
    assert not any("OpenVINO" in name for name in lines(roofline(placed, made_peaks())))
    assert any("OpenVINO" in name for name in lines(roofline(NOTHING, made_peaks())))


@pytest.mark.parametrize("p50_ms", [0.001, 1.0, 10_000.0])
def test_every_point_and_line_is_within_the_axes(p50_ms):
    tiny = made_workload(INT8, "a <b>name</b>", latency=made_latency(p50_ms, 1.0), weight_bytes=10**9)
    figure = roofline(place(made_workloads(tiny, made_workload()), made_peaks()), made_peaks())
    x_low, x_high = (10**end for end in figure.layout.xaxis.range)
    y_low, y_high = (10**end for end in figure.layout.yaxis.range)
    for trace in figure.data:
        assert all(0.999 * x_low <= x <= 1.001 * x_high for x in trace.x), trace.name
        assert all(0.999 * y_low <= y <= 1.001 * y_high for y in trace.y), trace.name
    assert "<b>" not in figure.to_json().replace("\\u003cb\\u003e", "")


def test_peaks_that_were_not_measured_leave_a_chart_without_ceilings():
    figure = roofline(NOTHING, made_peaks(peaks=(), bandwidth=None))
    assert lines(figure) == {}
    assert "Ceilings: none" in alt_text(figure)
