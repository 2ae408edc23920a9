"""The Compare page: what is chosen is in the address, what does not compare is said, and rows open their run."""

import csv
import io

import pytest

from engine import compare
from engine.errors import RequestError
from pages._ui.compare import comparison_table
from tests.made import BASE, INT8, made_report, made_variant
from tests.pages.test_pages import words

PAGE = "pages/compare.py"


def test_without_runs_it_teaches(app):
    assert "Nothing to compare yet" in words(app(PAGE))


def test_two_runs_stand_side_by_side_with_limits_and_columns_of_the_address(app, finished):
    first, second = finished(name="first"), finished(name="second")
    at = app(PAGE)
    table = at.dataframe[0].value
    assert table["Run"].tolist() == ["second", "second", "first", "first"]
    assert table["Variant"].tolist()[1] == "Static INT8 (recommended)"
    assert "Within the limits: 4 of 4 variants" in words(at)
    at.number_input(key="mb").set_value(6.0).run()
    assert "Within the limits: 2 of 4 variants" in words(at)
    at.multiselect(key="with").set_value([first.id]).run()
    assert at.dataframe[0].value["Run"].tolist() == ["first", "first"]
    at.multiselect(key="with").set_value([]).run()
    assert "Choose a run to see its variants" in words(at)
    assert not at.exception
    assert second.id != first.id


def test_the_address_has_the_runs_and_the_variants_by_their_ids(app, finished):
    """A label says how long ago a run was, and what a page begins with changes with every run."""
    first, second = finished(name="first"), finished(name="second")
    assert app(PAGE).query_params["runs"] == f"{second.id},{first.id}"
    at = app(PAGE, runs=f"{first.id},gone", only=f"{first.id}.{INT8}")
    assert at.dataframe[0].value["Variant"].tolist() == ["Static INT8 (recommended)"]
    assert at.dataframe[0].value["Size, change"].tolist() == [-75.0]
    assert "Not here any more: gone" in words(at)
    at.multiselect(key="only-variants").set_value([]).run()
    assert len(at.dataframe[0].value) == 2
    assert "only" not in at.query_params


def test_it_opens_with_the_newest_runs_that_have_figures(app, finished, queued, queue):
    first = finished(name="first")
    queue.cancel(queued("cancelled before it began").id)
    at = app(PAGE)
    assert at.multiselect(key="with").value == [first.id]
    assert not at.error


def test_what_does_not_compare_is_said(app, finished):
    finished(name="plain")
    other = made_report(made_variant(BASE, "Baseline", sha256="e" * 64), made_variant(INT8, "Static INT8"))
    finished(other, name="![x](https://example.com/x.png)")
    at = app(PAGE)
    assert "What does not compare" in words(at)
    assert "its baseline is another file" in words(at).lower()
    assert not at.exception


def test_the_csv_has_every_figure(home, finished):
    run = finished()
    rows = list(csv.DictReader(io.StringIO(comparison_table.as_csv(compare([run.id]).variants))))
    assert tuple(rows[0]) == comparison_table.CSV_COLUMNS
    assert (rows[0]["load_ms"], float(rows[1]["session_bytes"]) > 0) == ("40.0", True)
    assert (rows[1]["label"], rows[1]["speedup"], rows[1]["run_id"]) == ("Static INT8", "2.0", run.id)


@pytest.mark.parametrize("ids", [[], ["x"] * 51])
def test_no_runs_and_too_many_are_refused(home, ids):
    with pytest.raises(RequestError, match="runs cannot be compared"):
        compare(ids)
