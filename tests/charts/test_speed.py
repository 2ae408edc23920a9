"""The charts of sweeps and showdowns."""

import pytest

from engine import charts
from engine.charts.style import BASELINE, CANDIDATE, OVER, RECOMMENDED
from engine.results import LatencyEstimate
from tests.made import made_call_latency
from tests.made_serving import made_serve_bench
from tests.made_speed import ROWS, made_cell, made_showdown, made_skipped, made_streamed_sweep, made_sweep


def traces(figure, mode: str) -> list:
    return [trace for trace in figure.data if trace.mode == mode]


def test_a_sweep_has_a_line_for_each_number_of_threads_and_a_number_for_each_batch():
    figure = charts.sweep(made_sweep())
    one, two = traces(figure, "lines+markers")
    assert (one.name, two.name) == ("1 thread", "2 threads")
    assert list(two.x) == pytest.approx([0.6 * size**0.9 for size in (1, 2, 4, 8)])
    assert list(two.y) == pytest.approx([size * 1000 / ms for size, ms in zip((1, 2, 4, 8), two.x, strict=True)])
    numbers = [one.text for one in figure.layout.annotations if one.text.isdecimal()]
    assert sorted(numbers) == sorted(["1", "2", "4", "8"] * 2)


def test_a_sweep_over_streams_has_a_line_for_each_number_of_both():
    figure = charts.sweep(made_streamed_sweep())
    lines = traces(figure, "lines+markers")
    assert [one.name for one in lines] == ["1 thread, 1 stream", "2 threads, 1 stream", "2 threads, 2 streams"]
    assert list(lines[2].y) == pytest.approx([2 * 1000 / 0.8] * 2)


def test_the_sweet_spot_is_ringed_and_what_takes_longer_is_pale():
    figure = charts.sweep(made_sweep(), 3.0)
    (ring,) = traces(figure, "markers")
    assert (ring.x[0], ring.marker.color) == (pytest.approx(0.6 * 4**0.9), RECOMMENDED)
    assert traces(figure, "lines+markers")[1].marker.opacity == (1.0, 1.0, 1.0, 0.35)
    assert figure.layout.shapes[0].x0 == 3.0
    assert "The most within 3 ms: batch 4, 2 threads" in charts.alt_text(figure)


def test_cells_without_a_figure_are_left_out_and_a_first_round_has_no_whisker():
    cells = (made_cell(1, 1, low_ms=None, high_ms=None), made_skipped(1, 2))
    figure = charts.sweep(made_sweep((1, 2), (1,), cells=cells))
    (line,) = traces(figure, "lines+markers")
    assert (len(line.x), line.error_x.array) == (1, (0,))
    assert charts.sweep(made_sweep((1,), (1,), cells=(made_skipped(1, 1),))).data == ()


def test_every_row_of_a_showdown_has_the_colour_of_its_verdict():
    close = (*ROWS[0][:4], 1.02)
    figure = charts.showdown(made_showdown((*ROWS, close)))
    assert [trace.marker.color for trace in figure.data] == [BASELINE, RECOMMENDED, RECOMMENDED, OVER, CANDIDATE]
    assert [round(trace.x[0], 2) for trace in figure.data] == [1.0, 2.0, 1.92, 0.71, 0.98]
    assert "Baseline · OpenVINO in bf16 2.00 times (95 % interval 1.82 to 2.22)" in charts.alt_text(figure)


def test_an_estimate_is_hollow_and_what_does_not_run_has_no_row():
    showdown = made_showdown(ROWS[:3])
    estimate = LatencyEstimate(processor_ms=1.0, ratio_to_baseline=0.5, n_runs=9, n_disturbed=9)
    estimated = showdown.rows[1].model_copy(update={"latency": None, "estimate": estimate})
    broken = showdown.rows[2].model_copy(update={"latency": None})
    rows = (showdown.rows[0], estimated, broken)
    figure = charts.showdown(showdown.model_copy(update={"rows": rows, "pairs": ()}))
    assert [trace.marker.symbol for trace in figure.data] == ["circle", "circle-open"]


def test_only_what_was_measured_beside_the_first_row_has_an_interval():
    made = made_showdown(ROWS[:3])
    estimate = LatencyEstimate(processor_ms=1.0, ratio_to_baseline=0.5, n_runs=9, n_disturbed=9)
    measured = made.rows[1].model_copy(update={"latency": made_call_latency(1.0), "estimate": estimate})
    figure = charts.showdown(made.model_copy(update={"rows": (made.rows[0], measured, made.rows[2])}))
    first, estimated, other = (trace.hovertemplate for trace in figure.data)
    assert first == "1.000×, which the others are compared with<extra></extra>"
    assert estimated == "≈ 2.000×, an estimate from processor time: its calls were disturbed<extra></extra>"
    assert "95 % interval 1.75 to 2.14" in other
    assert charts.alt_text(figure).count("95 % interval") == 1
    assert "Baseline · OpenVINO in bf16 2.00 times (an estimate from processor time" in charts.alt_text(figure)


def test_the_setting_that_answers_most_in_time_is_ringed():
    figure = charts.serving(made_serve_bench(), 50.0)
    alone, together = traces(figure, "lines+markers")
    assert (alone.name, together.name) == ("1 image a call", "up to 8 images, 2 ms")
    assert list(together.x) == pytest.approx([160.0, 280.0])
    (ring,) = traces(figure, "markers")
    assert (ring.x[0], ring.y[0]) == (pytest.approx(160.0), 20.0)  # at 280 a second the p99 is 60 ms
    assert list(charts.serving(made_serve_bench(), cached=True).data[1].x) == pytest.approx([320.0, 560.0])
