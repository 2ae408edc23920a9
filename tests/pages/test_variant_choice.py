"""Whatever asks for variants of a run takes them from the address by their ids, and writes them there."""

import pytest

from tests.made import BASE, INT8

LINKS = (
    *(("results", {"view": view}, "variant") for view in ("Take home", "Sweep")),
    ("ship", {}, "serve"),
    ("ship", {}, "pack"),
)


@pytest.mark.parametrize(("page", "view", "param"), LINKS)
def test_a_link_with_an_id_is_followed_and_a_choice_is_written_as_one(app, finished, page, view, param):
    at = app(f"pages/{page}.py", run=finished().id, **view, **{param: BASE})
    (box,) = [one for one in (*at.selectbox, *at.multiselect) if one.key == param]
    several = box.type == "multiselect"
    assert box.value == ([BASE] if several else BASE)
    box.set_value([INT8, BASE] if several else INT8).run()
    assert not at.exception
    assert at.query_params[param] == (f"{INT8},{BASE}" if several else INT8)
    (box,) = [one for one in (*at.selectbox, *at.multiselect) if one.key == param]
    assert box.value == ([INT8, BASE] if several else INT8)


def test_all_can_be_taken_away_and_an_unknown_id_is_as_none(app, finished):
    at = app("pages/race.py", run=finished().id, lanes="gone")
    assert at.multiselect(key="lanes").value == [INT8]
    at.multiselect(key="lanes").set_value([]).run()
    assert at.multiselect(key="lanes").value == []
    assert not at.exception
