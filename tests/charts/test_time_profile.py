"""Pairs of bars: where the time of a call goes in two files."""

from engine.charts import alt_text, heaviest_nodes, operator_times
from engine.charts.style import BASELINE, CANDIDATE
from engine.charts.time_profile import MOST_NODES
from tests.charts.reading import texts
from tests.made_charts import made_time_profile


def bars(figure):
    return [(trace.hovertemplate.split("<br>")[0], trace.marker.color, trace.x[0]) for trace in figure.data]


def test_each_kind_of_operator_has_a_bar_for_each_file_that_has_it():
    figure = operator_times(made_time_profile(1), "INT8")
    assert bars(figure) == [
        ("Conv", BASELINE, 5.0),
        ("Conv", CANDIDATE, 1.5),
        ("Layout changes", BASELINE, 0.04),
        ("Quantize and dequantize", CANDIDATE, 0.03),
        ("Add", CANDIDATE, 0.02),
    ]
    assert "5.00 → 1.50 ms" in texts(figure)
    assert "0.0400 → –" in texts(figure)
    assert "Conv beside QLinearConv" in figure.data[0].hovertemplate
    assert "Conv 5.00 ms and 1.50 ms" in alt_text(figure)


def test_bars_of_a_pair_do_not_lie_on_each_other():
    first, second = operator_times(made_time_profile(1), "INT8").data[:2]
    assert abs(first.y[0] - second.y[0]) >= (first.width + second.width) / 2


def test_the_heaviest_nodes_are_drawn_and_one_without_a_match_says_so():
    figure = heaviest_nodes(made_time_profile(40), "INT8")
    assert len({name for name, _, _ in bars(figure)}) == MOST_NODES
    few = heaviest_nodes(made_time_profile(1), "<b>INT8</b>")
    (lonely,) = (trace for trace in few.data if trace.hovertemplate.startswith("ReorderOutput"))
    assert "no match in the other file" in lonely.hovertemplate
    assert "<b>INT8</b>" not in few.to_json()
