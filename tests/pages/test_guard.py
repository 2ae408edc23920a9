"""The outermost frame of a page: an error is a sentence, and a page that it ends has a way on."""

import logging

import pytest
from streamlit.testing.v1 import AppTest

import engine
from engine import FeatherweightError
from pages._ui.guard import UNEXPECTED


def refuse(*args, **kwargs):
    raise FeatherweightError("the disk is full", next="make room on it")


def fall(*args, **kwargs):
    raise ZeroDivisionError("division by zero")


def links(at: AppTest) -> list[str]:
    return [link.proto.label for link in at.get("page_link")]


@pytest.mark.parametrize(("failing", "said"), [(refuse, "disk is full"), (fall, UNEXPECTED)])
def test_an_error_that_ends_a_page_is_a_sentence_with_a_way_on(app, monkeypatch, failing, said, caplog):
    monkeypatch.setattr(engine, "list_jobs", failing)
    caplog.set_level(logging.CRITICAL)
    at = app("pages/runs.py")
    assert not at.exception
    assert said.lower() in at.error[0].value.lower()
    assert {"To Start", "To Runs"} <= set(links(at))
