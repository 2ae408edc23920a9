"""A class list that is uploaded fills the field of class names, which can be changed afterwards."""

from io import BytesIO

import pytest

import engine
from engine import ImagesData, SampleModel
from pages._ui.draft import Draft, from_link, to_link
from tests.pages.test_pages import button


@pytest.fixture
def at(app, home):
    upload = engine.save_upload("set.zip", "images", BytesIO(b"not parsed here"))
    draft = Draft(model=SampleModel(), data=ImagesData(sha256=upload.sha256))
    return app("pages/data.py", images="My images", draft=to_link(draft))


def uploader(at):
    return next(one for one in at.file_uploader if one.label.startswith("A class list"))


def test_it_fills_the_field_and_is_used(at):
    uploader(at).upload("names.json", b'{"1": "dog", "0": "cat"}').run()
    assert not at.exception
    assert at.text_area[0].value == "cat\ndog"
    at.text_area[0].set_value("cat\nhound").run()
    assert at.text_area[0].value == "cat\nhound"
    button(at, "Use these images").click().run()
    assert from_link(at.query_params["draft"]).data.classes == ("cat", "hound")


def test_one_that_is_none_is_refused_and_changes_nothing(at):
    uploader(at).upload("names.txt", b"cat\ncat\n").run()
    assert not at.exception
    assert "has the name 'cat' twice" in at.error[0].value.replace("\\", "")
    assert at.text_area[0].value == ""
