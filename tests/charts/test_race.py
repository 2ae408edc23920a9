import math

import pytest

from engine.charts import accuracy, alt_text, latency, race, similarity, size, speed, tradeoff
from engine.charts.style import BASELINE, CANDIDATE, RECOMMENDED
from tests.made import made_open_race_report, made_race_report, made_trial

SCATTER = ("won", "in", "out")


def trials(report):
    return list(report.races[0].trials.values())


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def said(figure):
    return [note.text for note in figure.layout.annotations]


def test_every_candidate_is_a_row_and_the_fastest_is_on_top():
    figure = race(trials(made_race_report()))
    drawn = traces(figure)
    assert [list(drawn[name].y) for name in SCATTER] == [[0], [-1], [-2]]
    assert [drawn[name].x[0] for name in SCATTER] == [pytest.approx(1 / ratio) for ratio in (0.55, 0.7, 4.1)]
    assert len(drawn["SQNR"].y) == 4
    assert figure.layout.xaxis.type == "log"
    assert {(shape.x0, shape.x1) for shape in figure.layout.shapes} == {(1, 1)}


def test_the_whiskers_are_the_interval_of_the_speed():
    won = traces(race(trials(made_race_report())))["won"]
    assert won.x[0] - won.error_x.arrayminus[0] == pytest.approx(1 / (0.55 * 1.06))
    assert won.x[0] + won.error_x.array[0] == pytest.approx(1 / (0.55 * 0.95))


def test_the_winner_stands_out_and_who_left_is_grey_with_its_stage():
    figure = race(trials(made_race_report()))
    drawn = traces(figure)
    assert [drawn[name].marker.color for name in SCATTER] == [RECOMMENDED, CANDIDATE, BASELINE]
    assert drawn["won"].marker.size > drawn["in"].marker.size
    for text in (
        "<b>Static INT8 · won</b>",
        "Dynamic INT8 · screening",
        "Static INT8, per tensor · not timed",
        "Static INT8, first 2 in float · final",
    ):
        assert text in said(figure)


def test_where_fp32_won_nobody_has_the_winners_colour():
    drawn = traces(race(trials(made_race_report(won=False))))
    assert len(drawn["won"].x) == 0
    assert list(drawn["in"].y) == [0, -1]


def test_a_race_that_goes_on_has_a_chart():
    figure = race(trials(made_open_race_report()))
    assert list(traces(figure)["in"].y) == [0]
    assert "Static INT8, per tensor · built" in said(figure)
    assert "not timed" in alt_text(figure)


def test_nobody_at_all_is_an_empty_chart():
    figure = race([])
    assert alt_text(figure).endswith("FP32: nobody yet")
    assert not any(len(trace.y) for trace in figure.data)


def test_a_fidelity_without_end_is_exact_and_does_not_stretch_the_others():
    perfect = made_trial("Simplified FP32", "final", "winner", "Won", 0.9, sqnr_db=None)
    close = made_trial("Close", "final", "slower", "x", 1.1, sqnr_db=124.0)
    ruined = made_trial("Ruined", "final", "slower", "x", 1.2, sqnr_db=-8.0)
    bars = traces(race([perfect, close, ruined]))["SQNR"]
    assert list(bars.text) == ["exact", "124", "-8"]
    assert list(bars.x) == [60.0, 60.0, 0.0]
    assert [name for _, name in bars.customdata] == ["exact", "SQNR 124.0 dB", "SQNR -8.0 dB"]


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.98, 1.02, 3.0, 20.0])
def test_the_axis_holds_every_speed_and_fp32_with_at_least_two_ticks(ratio):
    layout = race([made_trial("x", "final", "slower", "x", ratio)]).layout
    low, high = (10**end for end in layout.xaxis.range)
    assert low < min(1, 1 / (ratio * 1.06))
    assert high > max(1, 1 / (ratio * 0.95))
    assert 2 <= sum(low <= tick <= high for tick in layout.xaxis.tickvals) <= 8
    assert 1 in layout.xaxis.tickvals


def test_names_are_shown_not_obeyed_and_equal_ones_have_a_row_each():
    figure = race([made_trial("<b>x</b>", "final", "slower", "x", 1.1)] * 2)
    assert list(traces(figure)["in"].y) == [0, -1]
    assert said(figure).count("&lt;b&gt;x&lt;/b&gt; · final") == 2


def test_the_words_say_what_the_picture_shows():
    text = alt_text(race(trials(made_race_report())))
    assert "Static INT8 1.82 times (1.72 to 1.91, won), SQNR 30.0 dB" in text
    assert "Static INT8, per tensor not timed, SQNR 9.0 dB" in text


@pytest.mark.parametrize("draw", [size, latency, speed, accuracy, similarity, tradeoff])
def test_candidates_are_in_no_other_chart(draw):
    figure = draw(made_race_report())
    assert "Dynamic INT8" not in figure.to_json() + alt_text(figure)
    assert "first 2 in float" not in figure.to_json()
    assert "Static INT8" in alt_text(figure)
    assert not any(math.isnan(value) for trace in figure.data for value in trace.x)
