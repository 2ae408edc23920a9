"""The Data page offers the digits and the photos, each with a sentence of what it is for."""

import pytest

from engine import SampleData, SampleModel, TimmModel
from pages._ui.draft import Draft, from_link, to_link
from tests.pages.test_pages import button, words

RESNET = TimmModel(name="resnet10t", weights="random")


@pytest.mark.parametrize(("model", "primary"), [(SampleModel(), "Use the sample"), (RESNET, "Use the photos")])
def test_the_sample_that_fits_the_model_comes_first(app, model, primary):
    at = app("pages/data.py", draft=to_link(Draft(model=model)))
    first, second = (one for one in at.button if one.label.startswith("Use the"))
    assert first.label == primary
    assert second.label != primary
    assert "nothing is said of accuracy" in words(at)


def test_the_photos_are_chosen_at_a_press_and_the_digits_stay_on_offer(app):
    at = app("pages/data.py", draft=to_link(Draft(model=RESNET)))
    button(at, "Use the photos").click().run()
    assert from_link(at.query_params["draft"]).data == SampleData(name="photos")
    assert [one.label for one in at.button if one.label.startswith("Use the")] == ["Use the sample"]
