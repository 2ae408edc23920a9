"""The charts of layers and of classes: order, colours by what is sure, and a heat map of what moves."""

import pytest

from engine.charts import alt_text, class_changes, confusion_difference, layer_errors, moved_classes
from engine.charts.layer_errors import MOST
from engine.charts.style import BASELINE, OVER
from tests.charts.reading import texts
from tests.made_charts import made_class_changes, made_layer_errors


def test_the_layers_with_the_largest_errors_stand_on_top_and_the_chosen_one_is_bold():
    figure = layer_errors(made_layer_errors(40), "error", "layer38/Conv")
    names = [text for text in texts(figure) if "layer" in text]
    assert names[:2] == ["layer39/Conv", "<b>layer38/Conv</b>"]
    assert len(names) == MOST
    first = figure.data[0]
    assert first.x[0] - first.error_x.arrayminus[0] == pytest.approx(38 - 20 * 39 / 40)


def test_along_the_graph_every_layer_that_differs_is_a_point():
    figure = layer_errors(made_layer_errors(40), "graph", "layer3/Conv")
    on_all, worst = figure.data
    assert len(on_all.x) == len(worst.x) == 39
    assert list(on_all.marker.size).index(14) == 2
    assert all(low < value for low, value in zip(worst.y, on_all.y, strict=True))
    assert "39 layers, the lowest layer39/Conv" in alt_text(figure)


def test_where_nothing_differs_there_is_still_a_chart():
    for order in ("error", "graph"):
        assert "none differs" in alt_text(layer_errors(made_layer_errors(1), order))


def test_a_class_has_the_colour_of_what_is_sure_and_is_hollow_with_few_images():
    figure = class_changes(made_class_changes(12))
    by_name = {trace.hovertemplate.split("<br>")[0].removesuffix("<extra></extra>"): trace for trace in figure.data}
    first = by_name["a class with a name that is long 0"]
    last = by_name["a class with a name that is long 11"]
    assert first.marker.color == OVER
    assert first.marker.symbol == "circle"
    assert (last.marker.color, last.marker.symbol) == (BASELINE, "circle-open")


def test_of_many_classes_the_heat_map_has_those_that_move_the_most_images():
    changes = made_class_changes(1000)
    shown = moved_classes(changes)
    assert len(shown) <= 20
    assert {0, 999} <= set(shown)
    (heat,) = confusion_difference(changes).data
    diagonal, moved = heat.z[0][0], heat.z[0][shown.index(999)]
    assert diagonal == moved == 1  # fewer right and more wrong are both red
    assert "20 of a class with a name that is long 0 from" in alt_text(confusion_difference(changes))
