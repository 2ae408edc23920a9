import re

import pytest

from engine.charts import (
    accuracy,
    alt_text,
    class_counts,
    cold_start,
    latency,
    layers,
    learning_curve,
    memory,
    preprocessing,
    sensitivity,
    similarity,
    size,
    speed,
    tradeoff,
    variant_names,
)
from engine.charts.style import LINE, RECOMMENDED, WRAP, figures, label, shortened
from engine.results import Accuracy, ClassCount, Event, Fidelity
from tests.charts.reading import colours, texts, values, whisker
from tests.made import BASE, INT8, made_large_report, made_report, made_variant
from tests.made_charts import CASES, made_detection, made_figures, made_preview, made_profile, made_sensitivity

UNITS = (
    r", (MB|ms|images/s|%|dB|×|count|points|at most 1|operations a byte|10⁹ operations a second)|[(]×[)]"
    r"|^Loss$|^Epoch$|^Answer$|^Label$|^Baseline's answer$"
)
OF_A_REPORT = (size, latency, speed, accuracy, similarity, tradeoff, cold_start, memory)


@pytest.mark.parametrize("draw", OF_A_REPORT)
def test_every_chart_of_a_report_is_transparent_says_what_it_shows_and_survives_json(draw):
    figure = draw(made_report())
    assert "Static INT8" in alt_text(figure)
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert "Static INT8" in figure.to_json()


@pytest.mark.parametrize("draw", OF_A_REPORT)
def test_a_report_without_measurements_still_has_charts(draw):
    bare = made_variant(BASE, "Baseline", latency=None, accuracy=None, throughput=None)
    assert alt_text(draw(made_report(bare)))


@pytest.mark.parametrize("case", CASES)
def test_every_axis_has_a_unit_and_different_ticks_within_its_range(case):
    for chart, figure in made_figures(case).items():
        for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
            ticks = axis.ticktext or ()
            assert len(set(ticks)) == len(ticks), (chart, ticks)
            assert not axis.title.text or re.search(UNITS, axis.title.text)
            if axis.type != "log" and axis.tickvals:
                assert min(axis.range) <= axis.tickvals[0], (chart, axis.tickvals)
                assert axis.tickvals[-1] <= max(axis.range), (chart, axis.tickvals)
        assert chart == "tree" or any(axis.title.text for axis in figure.select_xaxes()), chart


def test_size_is_in_mb_of_the_file_with_the_budget_as_a_line_through_no_name():
    figure = size(made_report())
    assert values(figure) == {"Baseline": 20.0, "Static INT8": 5.0}
    assert {shape.x0 for shape in figure.layout.shapes} == {30.0}
    assert "budget 30 MB" in texts(figure)
    names = [note.y for note in figure.layout.annotations if note.xanchor == "left" and note.yref != "paper"]
    for shape in figure.layout.shapes:
        assert not any(shape.y0 < y - LINE and y < shape.y1 for y in names)
        assert not any(shape.y0 < y - LINE / 2 < shape.y1 for y in names)


def test_latency_reaches_from_the_median_to_p95():
    figure = latency(made_report())
    assert values(figure) == {"Baseline": 2.0, "Static INT8": 1.0}
    assert [whisker(figure, name) for name in ("Baseline", "Static INT8")] == [(2.0, 3.0), (1.0, 1.5)]
    assert "1.00 ms, p95 1.50" in "".join(texts(figure))


@pytest.mark.parametrize("draw", [size, latency, speed, tradeoff])
def test_an_axis_is_logarithmic_where_its_values_span_more_than_ten_times(draw):
    assert draw(made_report()).layout.xaxis.type == "linear"
    figure = draw(made_large_report(2))
    assert figure.layout.xaxis.type == "log"
    low, high = (10**end for end in figure.layout.xaxis.range)
    assert all(low < value < high for value in values(figure).values())
    assert not any(trace.type == "bar" for trace in figure.data)


def test_speed_is_the_inverse_of_the_ratio_and_of_its_interval():
    figure = speed(made_report())
    assert values(figure) == {"Static INT8": 2.0}
    assert whisker(figure, "Static INT8") == pytest.approx((1 / 0.55, 1 / 0.45))
    assert "<b>2.00×</b>" in texts(figure)
    assert {shape.x0 for shape in figure.layout.shapes} == {1.0}


def test_accuracy_has_its_interval_and_the_lowest_that_the_budget_allows():
    figure = accuracy(made_report())
    assert values(figure) == {"Baseline": 99.0, "Static INT8": 99.0}
    assert whisker(figure, "Baseline") == pytest.approx((98.0, 99.5))
    assert [shape.x0 for shape in figure.layout.shapes] == [pytest.approx(98.0)] * 2


@pytest.mark.parametrize("top1", [0.0, 0.001, 0.5, 0.97, 1.0])
def test_an_axis_of_shares_ends_at_a_hundred_and_holds_every_value_whisker_and_budget(top1):
    sure = Accuracy(top1=top1, top5=None, n_images=50, low=max(top1 - 0.03, 0), high=min(top1 + 0.03, 1))
    base = made_variant(BASE, "Baseline", accuracy=sure)
    other = made_variant(INT8, "INT8", accuracy=sure, fidelity=Fidelity(agreement=top1, sqnr_db=None, n_images=50))
    report = made_report(base, other)
    for figure in (accuracy(report), similarity(report)):
        low, high = figure.layout.xaxis.range
        ends = [end for name in values(figure) for end in whisker(figure, name)]
        assert 0 <= low <= min(ends)
        assert max(ends) <= high <= 100
        assert all(low <= shape.x0 <= high for shape in figure.layout.shapes)
    low, high = tradeoff(report).layout.yaxis.range
    assert 0 <= low <= 100 * max(top1 - 0.01, 0)
    assert 100 * top1 <= high <= 100


def test_agreement_is_never_called_accuracy():
    report = made_report(labelled=False)
    for figure in (similarity(report), tradeoff(report)):
        assert "accuracy" not in (alt_text(figure) + figure.to_json()).lower()
        assert "agreement" in alt_text(figure).lower()
    assert values(similarity(report)) == {"Static INT8": 97.0}


def test_the_area_of_a_bubble_is_the_size_of_the_file():
    figure = tradeoff(made_report())
    large, small = (trace.marker.size for trace in figure.data)
    assert (large / small) ** 2 == pytest.approx(20 / 5)
    assert [trace.x[0] for trace in figure.data] == [2.0, 1.0]


def test_bubbles_have_their_names_beside_them_or_numbers_and_a_list_where_these_have_no_room():
    assert "Static INT8<br>5.00 MB" in texts(tradeoff(made_report()))
    written = texts(tradeoff(made_large_report(12)))
    assert {str(number) for number in range(1, 13)} <= set(written)
    assert "2 · Static INT8 · recommended · 0.45\N{NO-BREAK SPACE}MB" in written
    assert any(text.startswith("5 · Fine-tuned + Pruned + Fine-tuned + Static") for text in written)


def test_names_are_shown_not_obeyed_and_told_apart():
    twins = made_report(
        made_variant(BASE, "<b>x</b>"),
        made_variant(INT8, "same"),
        made_variant("d" * 12, "same"),
    )
    written = texts(size(twins))
    assert "&lt;b&gt;x&lt;/b&gt; · baseline" in written
    assert {"same · bbbb", "<b>same · dddd · recommended</b>"} <= set(written)
    assert "&lt;b&gt;x&lt;/b&gt;" in values(size(twins))


def test_a_long_name_is_wrapped_and_loses_its_middle_before_it_needs_a_fourth_line():
    long = "Fine-tuned + " * 12 + "Static INT8 (chain 3)"
    lines = label(long).split("<br>")
    assert len(lines) == 3
    assert max(map(len, lines)) <= WRAP
    assert lines[0].endswith("…")
    assert lines[-1].endswith("(chain 3)")
    assert variant_names(made_report(made_variant(BASE, long)))[BASE] == label(long)


@pytest.mark.parametrize(("text", "short"), [("short", "short"), ("exactly ten", "exact… ten"), ("x" * 10, "x" * 10)])
def test_a_shortened_name_keeps_its_ends(text, short):
    assert shortened(text, 10) == short


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.2314, "0.231"), (5, "5.00"), (9.996, "10.0"), (19.71, "19.7"), (99.96, "100"), (1234.5, "1,234"), (0, "0.00")],
)
def test_figures_have_three_digits(value, text):
    assert figures(value) == text


def test_layers_are_ranked_and_the_rest_is_counted_together():
    figure = layers(made_profile(12).model_copy(update={"layers": {f"Kind{n:02}": n for n in range(1, 16)}}))
    counts = [(trace.hovertemplate.removesuffix("<extra></extra>"), trace.x[0]) for trace in figure.data]
    assert counts[0] == ("Kind15: 15", 15)
    assert counts[-1] == ("5 other types: 15", 15)
    assert sum(count for _, count in counts) == sum(range(1, 16))
    assert texts(figure)[:2] == ["Kind15", "15"]


def test_classes_are_stacked_by_split_and_an_empty_split_is_left_out():
    counts = tuple(ClassCount(name=str(n), train=6, calibration=1, evaluation=3, holdout=0) for n in range(30))
    figure = class_counts(made_preview(2).model_copy(update={"counts": counts}))
    assert [trace.name for trace in figure.data] == ["train", "calibration", "evaluation"]
    assert len(figure.data[0].x) == 24
    assert "30 classes: 180 train, 30 calibration, 90 evaluation" in alt_text(figure)
    assert "holdout" not in figure.to_json()


def test_classes_that_begin_alike_have_rows_of_their_own():
    figure = class_counts(made_preview(12))
    assert len(set(figure.layout.yaxis.ticktext)) == len(figure.data[0].x) == 12
    assert figure.data[0].customdata[0] == "a class with a long name 0"


def test_groups_of_layers_are_told_apart_and_listed():
    figure = sensitivity(made_sensitivity(12))
    assert len({(trace.line.color, trace.line.dash, trace.marker.symbol) for trace in figure.data}) == 12
    (key,) = texts(figure)
    assert key.startswith("dotted: as it is, 100.0 %<br>")
    assert all(one.layer in key for one in made_sensitivity(12).layers)


def test_preprocessings_are_drawn_the_best_first_with_the_declared_one_however_many_there_are():
    detection = made_detection(12)
    figure = preprocessing(detection)
    names = list(values(figure))
    assert len(names) == 10
    assert (names[0], names[-1]) == ("crop 88 %", "as declared")
    assert "<b>crop 88 %</b>" in texts(figure)
    assert whisker(figure, "crop 88 %") == pytest.approx((87.0, 93.0))
    assert "declared 30.0 %" in texts(figure)
    assert "the best of 13: crop 88 % 90.0 %" in alt_text(figure)
    assert colours(figure)["crop 88 %"] == {RECOMMENDED}
    with pytest.raises(ValueError, match="without labels"):
        preprocessing(made_detection(2, labelled=False))


def epoch(number):
    metrics = {"epoch": float(number), "train_loss": 1 / number, "validation_top1": 0.9}
    return Event(time="", step="finetune", phase="train", fraction=0.5, message="", metrics=metrics)


def test_the_learning_curve_begins_with_the_first_epoch():
    before = Event(time="", step="", phase="load", fraction=0.0, message="loading", metrics={"seconds": 1.0})
    assert learning_curve([before]) is None
    figure = learning_curve([before, epoch(1), epoch(2)])
    assert [(trace.name, trace.y) for trace in figure.data] == [
        ("train loss", (1.0, 0.5)),
        ("validation top-1", (90.0, 90.0)),
    ]
    assert "train loss 0.5" in alt_text(figure)
    assert "tuning" not in (alt_text(figure) + figure.to_json()).lower()
