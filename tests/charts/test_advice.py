import math

import pytest

from engine.analyses.pareto import advised
from engine.charts import advice, alt_text
from engine.charts.style import BASELINE, CANDIDATE, RECOMMENDED
from engine.results import Accuracy
from tests.made import made_advice, made_architecture


def told(**changed):
    return advised(
        made_advice(
            made_architecture("fast", 0.5, 0.70),
            made_architecture("best", 1.5, 0.80),
            made_architecture("beaten", 0.9, 0.69),
            made_architecture("<b>odd</b>", 0.4, None),
            made_architecture("refused", None, 0.9),
            **changed,
        )
    )


def with_accuracy():
    right = Accuracy(top1=0.99, top5=None, n_images=539, low=0.98, high=0.995)
    found = told()
    return found.model_copy(update={"own": found.own.model_copy(update={"accuracy": right})})


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def numbers(figure):
    return [note.text for note in figure.layout.annotations if note.text.startswith("<b>")]


def test_a_point_lies_at_its_ratio_times_the_models_median_and_its_colour_says_what_it_is():
    figure = advice(told())
    drawn = traces(figure)
    assert (list(drawn["advised"].x), list(drawn["advised"].y)) == ([1.0], [70.0])
    assert (list(drawn["front"].x), list(drawn["front"].y)) == ([3.0], [80.0])
    assert (list(drawn["other"].x), list(drawn["other"].y)) == ([1.8], [69.0])
    assert [drawn[name].marker.color for name in ("advised", "front", "other")] == [RECOMMENDED, CANDIDATE, BASELINE]
    assert drawn["advised"].x[0] + drawn["advised"].error_x.array[0] == pytest.approx(2 * 0.5 * 1.1)
    assert list(drawn["line"].x) == [1.0, 3.0]
    assert drawn["line"].line.shape == "hv"
    assert numbers(figure) == ["<b>1</b>", "<b>2</b>"]


def test_the_users_model_is_a_line_and_its_published_figure_one_across_and_words_say_so():
    figure = advice(told())
    assert [shape.x0 for shape in figure.layout.shapes] == [2.0, 0]
    assert figure.layout.shapes[1].y0 == pytest.approx(66.7)
    assert "dotted: your model, 2.00 ms, 66.7 % published" in [note.text for note in figure.layout.annotations]
    assert len(advice(told(own=None)).layout.shapes) == 1


@pytest.mark.parametrize(("ratio", "kind"), [(0.5, "linear"), (20.0, "log")])
def test_the_axis_is_logarithmic_where_latencies_span_more_than_ten_times(ratio, kind):
    one = made_architecture("one", ratio, 0.7)
    figure = advice(advised(made_advice(one)))
    low, high = figure.layout.xaxis.range
    at = {"linear": float, "log": math.log10}[kind]
    assert figure.layout.xaxis.type == kind
    assert low < at(2 * min(ratio * 0.9, 1.0))
    assert high > at(2 * max(ratio * 1.1, 1.0))
    assert len(figure.layout.xaxis.tickvals) >= 2


def test_accuracy_on_the_users_images_has_a_panel_and_a_scale_of_its_own():
    figure = advice(with_accuracy())
    own = traces(figure)["own"]
    assert (own.yaxis, list(own.x), list(own.y)) == ("y2", [2.0], [99.0])
    assert figure.layout.yaxis2.domain[1] < figure.layout.yaxis.domain[0]
    assert figure.layout.yaxis.range[1] < 90
    assert "99.00 %" in alt_text(figure)
    assert "own" not in traces(advice(told()))


def test_names_are_never_obeyed_and_the_front_is_told_in_words():
    figure = advice(advised(made_advice(made_architecture("<b>odd</b>", 0.4, 0.7))))
    assert traces(figure)["advised"].customdata[0][0] == "&lt;b&gt;odd&lt;/b&gt;"
    assert "fast 2.00 times as fast as your model and 70.0 %" in alt_text(advice(told()))
