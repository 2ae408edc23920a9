"""Results mark figures on images that also train or calibrate, and one click leaves these out."""

import pytest

from engine import ImagesData
from pages._ui.draft import from_link
from tests.made import made_report
from tests.pages.test_pages import button, words
from tests.planning.suggestions.kept import LABELLED, kept, timm

MARK = "also train or calibrate, so the figures may be too good"


def leaked(report, n):
    return report.model_copy(update={"data": report.data.model_copy(update={"n_leaked": n})})


@pytest.mark.parametrize(("n_leaked", "n_marks"), [(0, 0), (36, 2)])
def test_the_figures_are_marked(app, finished, n_leaked, n_marks):
    at = app("pages/results.py", run=finished(leaked(made_report(), n_leaked)).id)
    marks = [caption.value for caption in at.caption if MARK in caption.value]
    assert len(marks) == n_marks  # beside the recommended variant's accuracy, and below the table
    assert all("36 of the 540 images" in mark for mark in marks)


def test_one_click_leaves_them_out(app, finished):
    report = leaked(kept(timm("resnet18"), LABELLED, code="duplicate_images"), 36)
    at = app("pages/results.py", run=finished(report).id)
    assert "Leave the copies out" in words(at)
    button(at, "Leave them out").click().run()
    assert not at.exception
    data = from_link(at.query_params["draft"]).data
    assert isinstance(data, ImagesData)
    assert data.leave_out == "duplicates"
