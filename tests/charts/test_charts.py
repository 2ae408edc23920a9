import pytest

from engine.charts import (
    accuracy,
    agreement,
    alt_text,
    class_counts,
    latency,
    layers,
    learning_curve,
    size,
    speed,
    tradeoff,
)
from engine.charts.style import NEUTRAL
from engine.results import ClassCount, DataPreview, Event, Fidelity, ModelProfile
from engine.settings import Preprocess
from tests.made import BASE, INT8, made_report, made_variant

OF_A_REPORT = (size, latency, speed, accuracy, agreement, tradeoff)


def rows(figure):
    """What each trace draws: {name on the y axis: x}."""
    return {trace.y[0]: trace.x[0] for trace in figure.data}


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


@pytest.mark.parametrize("draw", OF_A_REPORT)
def test_only_the_baseline_has_a_colour_of_its_own_and_the_recommended_comes_first(draw):
    other = made_variant("d" * 12, "Another")
    report = made_report(made_variant(BASE, "Baseline"), other, made_variant(INT8, "Static INT8"))
    drawn = list(draw(report).data)
    colours = [trace.marker.color for trace in drawn]
    assert [colour for colour in colours if colour] in ([NEUTRAL], [])
    assert "Static INT8" in str(drawn[0])


def test_size_is_in_mb_of_the_file_with_the_budget_as_a_line():
    figure = size(made_report())
    assert rows(figure) == {"Baseline": 20.0, "Static INT8": 5.0}
    assert figure.layout.shapes[0].x0 == 30.0


def test_latency_reaches_from_the_median_to_p95():
    figure = latency(made_report())
    assert rows(figure) == {"Baseline": 2.0, "Static INT8": 1.0}
    assert [trace.error_x.array[0] for trace in figure.data] == [0.5, 1.0]
    assert [trace.error_x.arrayminus[0] for trace in figure.data] == [0, 0]


def test_speed_is_the_inverse_of_the_ratio_and_of_its_interval():
    (trace,) = speed(made_report()).data
    assert trace.x[0] == 2.0
    assert trace.x[0] - trace.error_x.arrayminus[0] == pytest.approx(1 / 0.55)
    assert trace.x[0] + trace.error_x.array[0] == pytest.approx(1 / 0.45)


def test_accuracy_has_its_interval_and_the_lowest_that_the_budget_allows():
    figure = accuracy(made_report())
    assert rows(figure) == {"Baseline": 99.0, "Static INT8": 99.0}
    assert figure.data[0].error_x.array[0] == pytest.approx(0.5)
    assert figure.layout.shapes[0].x0 == pytest.approx(98.0)


def test_agreement_is_never_called_accuracy():
    report = made_report(labelled=False)
    for figure in (agreement(report), tradeoff(report)):
        assert "accuracy" not in (alt_text(figure) + figure.to_json()).lower()
        assert "agreement" in alt_text(figure).lower()
    assert rows(agreement(report)) == {"Static INT8": 97.0}


def test_the_area_of_a_bubble_is_the_size_of_the_file():
    figure = tradeoff(made_report())
    small, large = (trace.marker.size for trace in figure.data)
    assert (large / small) ** 2 == pytest.approx(20 / 5)
    assert [trace.x[0] for trace in figure.data] == [1.0, 2.0]


def test_names_are_shown_not_obeyed_and_told_apart():
    twins = made_report(
        made_variant(BASE, "<b>x</b>"), made_variant(INT8, "same"), made_variant("d" * 12, "same"),
    )  # fmt: skip
    assert set(rows(size(twins))) == {"&lt;b&gt;x&lt;/b&gt;", "same · bbbb", "same · dddd"}


def profile(counts):
    return ModelProfile(name="m", format="onnx", weights="file", inputs={}, outputs={}, opset=18, parameters=1,
                        macs=None, size_bytes=1, layers=counts, classes=None, n_outputs=None,
                        preprocess=None)  # fmt: skip


def test_layers_are_ranked_and_the_rest_is_counted_together():
    figure = layers(profile({f"Kind{n:02}": n for n in range(1, 16)}))
    assert figure.data[0].y[0] == "Kind15"
    assert figure.data[0].y[-1] == "5 other types"
    assert sum(figure.data[0].x) == sum(range(1, 16))


def test_classes_are_stacked_by_split_and_an_empty_split_is_left_out():
    counts = tuple(ClassCount(name=str(n), train=6, calibration=1, evaluation=3, holdout=0) for n in range(30))
    preview = DataPreview(summary=made_report().data, counts=counts, skipped=(), examples=(), n_outputs=30,
                          head_fits=True, preprocess=Preprocess(size=(8, 8), mean=(0.5,), std=(0.5,)))  # fmt: skip
    figure = class_counts(preview)
    assert [trace.name for trace in figure.data] == ["train", "calibration", "evaluation"]
    assert len(figure.data[0].x) == 24
    assert "30 classes: 180 train, 30 calibration, 90 evaluation" in alt_text(figure)


def epoch(number):
    metrics = {"epoch": float(number), "train_loss": 1 / number, "validation_top1": 0.9}
    return Event(time="", step="finetune", phase="train", fraction=0.5, message="", metrics=metrics)


def test_the_learning_curve_begins_with_the_first_epoch():
    before = Event(time="", step="", phase="load", fraction=0.0, message="loading", metrics={"seconds": 1.0})
    assert learning_curve([before]) is None
    figure = learning_curve([before, epoch(1), epoch(2)])
    assert [(trace.name, trace.y) for trace in figure.data] == [
        ("train loss", (1.0, 0.5)), ("validation top-1", (90.0, 90.0)),
    ]  # fmt: skip
    assert "train loss 0.5" in alt_text(figure)


def test_a_perfect_variant_has_no_room_above_a_hundred_percent_worth_speaking_of():
    perfect = made_variant(INT8, "Perfect", fidelity=Fidelity(agreement=1.0, sqnr_db=None, n_images=10), accuracy=None)
    report = made_report(made_variant(BASE, "Baseline", labelled=False), perfect)
    assert tradeoff(report).layout.yaxis.range[1] < 101
