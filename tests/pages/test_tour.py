"""The tour of the sample: from Start to the file by what the strip says to press, left and resumed at any time."""

import pytest

from tests.pages.test_pages import button


def strip(at) -> str:
    return next((text.value for text in at.markdown if "tour" in text.value.lower()), "")


def test_the_strip_leads_from_start_to_the_run(app, queue):
    at = app()
    assert not strip(at)
    button(at, "Two-minute tour").click().run()
    for number, (title, following) in enumerate((("Model", "Data"), ("Data", "Optimize")), start=1):
        assert at.title[0].value == title
        assert strip(at).startswith(f"Tour · {number} of 6")
        assert at.query_params["tour"] == "on"
        at.button(key="tour-next").click().run()
        assert at.title[0].value == following
    assert "press **Run**" in strip(at)
    button(at, "Run").click().run()
    assert not at.exception
    assert strip(at).startswith("Tour · 4 of 6")
    assert len(queue.jobs("run", 9)) == 1


def test_the_answer_leads_to_the_file_and_the_strip_can_be_left(app, finished):
    at = app("pages/results.py", run=finished().id, tour="on")
    assert strip(at).startswith("Tour · 5 of 6")
    at.button(key="tour-next").click().run()
    assert at.button_group[0].value == "Take home"
    assert strip(at).startswith("Tour · 6 of 6")
    at.button(key="tour-leave").click().run()
    assert not strip(at)
    assert "tour" not in at.query_params


@pytest.mark.parametrize("page", ["pages/runs.py", "pages/machine.py"])
def test_who_has_wandered_off_is_led_back(app, finished, page):
    at = app("pages/results.py", run=finished().id, tour="on")
    at.query_params.clear()
    at.switch_page(page).run()
    assert "left the way" in strip(at)
    at.button(key="tour-back").click().run()
    assert strip(at).startswith("Tour · 5 of 6")
