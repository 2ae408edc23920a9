"""The Data page shows the output of each label beside the predictions, and sets a better order at a press."""

from io import BytesIO

import pytest

from engine import Confusion, Finetune, ImagesData, LabelOutput, OrderSuggestion, SampleModel, save_upload
from engine.results import LabelPredictions, OutputCount
from pages._ui.cards import of_chain
from pages._ui.draft import Draft, from_link, to_link
from tests.pages.test_pages import button, preview, words

LABELS = ("ant", "bee")
MAPPING = tuple(LabelOutput(label=label, output=output, name=None, n_images=40) for output, label in enumerate(LABELS))
SWAPPED = OrderSuggestion(
    order="reversed", offset=None, outputs=(1, 0), n_images=20, n_right_now=1, n_right=19, p_value=0.00004
)


def confusion(suggestion=None):
    rows = tuple(
        LabelPredictions(**dict(row), predictions=(OutputCount(output=1 - row.output, name=None, n_images=40),))
        for row in MAPPING
    )
    return Confusion(rows=rows, n_outputs=3, examples=(), suggestion=suggestion)


@pytest.fixture
def draft(home):
    upload = save_upload("insects.zip", "images", BytesIO(b"a zip"))
    return Draft(model=SampleModel(), data=ImagesData(sha256=upload.sha256))


def cells(at) -> str:
    return " | ".join(at.table[-1].value.astype(str).to_numpy().ravel())


def test_a_wrong_order_is_seen_beside_the_predictions_and_one_press_sets_the_right_one(app, answer, draft):
    at = app("pages/data.py", images="My images", draft=to_link(draft))
    answer(preview(head_fits=True, mapping=MAPPING))
    at.run()
    assert cells(at) == "ant | 0 | 40 | bee | 1 | 40"
    answer(confusion(SWAPPED))
    at.run()
    assert cells(at) == "ant | 0 | 40 | 0 of 40 | bee \\(40\\) | bee | 1 | 40 | 0 of 40 | ant \\(40\\)"
    assert "in reverse, 19 of 20 images are right, and 1 as it is" in words(at)
    assert "p below 0.001" in words(at)
    button(at, "Use this order").click().run()
    assert from_link(at.query_params["draft"]).data.classes == ("bee", "ant", "#2")
    assert at.text_area(key="class-names").value == "bee\nant\n#2"


def test_an_order_that_fits_is_shown_without_a_suggestion(app, answer, draft):
    at = app("pages/data.py", images="My images", draft=to_link(draft))
    answer(preview(head_fits=True, mapping=MAPPING))
    at.run()
    answer(confusion())
    at.run()
    assert "0.0 % right" in words(at)
    assert "Use this order" not in [one.label for one in at.button]


def test_no_mapping_is_shown_where_a_new_head_comes_first(app, answer, draft):
    at = app("pages/data.py", images="My images", draft=to_link(draft.replace(cards=of_chain([Finetune()]))))
    answer(preview(head_fits=True, mapping=MAPPING))
    at.run()
    assert "From labels to outputs" not in words(at)
