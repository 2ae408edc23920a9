"""Every button of every page can be pressed from an address that holds a bound parameter, in any of its values."""

import ast
from pathlib import Path

import pytest

from engine import TimmModel
from pages._ui import chrome, state
from pages._ui.draft import sample, to_link
from pages._ui.guard import UNEXPECTED
from tests.e2e.homes import fill
from tests.pages.test_pages import words

PAGES = Path(chrome.__file__).parents[1]
TYPED = {"search": "resnet10t", "find": "race"}
"""What is typed into fields that are bound."""


def calls() -> list[ast.Call]:
    trees = (ast.parse(path.read_text()) for path in PAGES.rglob("*.py"))
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def keywords(call: ast.Call) -> dict[str, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def test_the_widgets_that_are_bound_are_listed():
    bound = {ast.literal_eval(keywords(call)["key"]) for call in calls() if "bind" in keywords(call)}
    assert bound == state.BOUND_WIDGETS


def test_pages_are_switched_in_one_place():
    text = "".join(path.read_text() for path in PAGES.rglob("*.py"))
    assert text.count("st.switch_page(") == 1


def test_what_a_widget_calls_is_guarded():
    """An error in it would be Streamlit's to show: it comes before the page is drawn."""
    free = {"ignore", "rerun", "state.set_widget", "state.write_ids"}
    named = {
        ast.unparse(value).strip("'")
        for call in calls()
        for name, value in keywords(call).items()
        if name in ("on_click", "on_change")
    } - free
    text = "".join(path.read_text() for path in PAGES.rglob("*.py"))
    assert named
    assert {name for name in named if f"@callback\ndef {name.rpartition('.')[2]}(" not in text} == set()


def places(app, runs) -> list[tuple[str, dict[str, str]]]:
    """Every page with every value of every widget on it that is bound to the address."""
    draft = to_link(sample())
    found = []
    for page, query in (
        (chrome.MODEL, {"draft": draft}),
        (chrome.DATA, {"draft": draft}),
        (chrome.RUNS, {}),
        (chrome.COMPARE, {}),
        (chrome.RESULTS, {"run": runs["raced"]}),
        (chrome.RESULTS, {"run": runs["kept"]}),
    ):
        at = app(page, **query)
        choices = [
            (group.key, option)
            for group in at.button_group
            if group.key in state.BOUND_WIDGETS
            for option in group.options
        ]
        typed = [(field.key, TYPED[field.key]) for field in at.text_input if field.key in TYPED]
        found += [(page, query | {name: value}) for name, value in (*choices, *typed)]
    return found


@pytest.fixture
def runs(home) -> dict[str, str]:
    return fill(home).runs


def test_every_button_leaves_any_address(app, runs):
    pressed = []
    asked = [*places(app, runs), (chrome.MODEL, {"source": "Catalogue", "search": "resnet10t"})]
    for page, query in asked:
        labels = [button.label for button in app(page, **query).button]
        for number, label in enumerate(labels):
            at = app(page, **query)
            if number >= len(at.button) or at.button[number].disabled:
                continue
            at.button[number].click().run()
            assert not at.exception, (page, query, label)
            assert UNEXPECTED not in words(at).lower(), (page, query, label)
            pressed.append(label)
    assert len(pressed) > 10


@pytest.mark.parametrize("view", ["Overview", "Steps", "Race", "Take home", "How it was measured"])
def test_the_menu_of_a_run_leaves_every_view(app, runs, view):
    at = app(chrome.RESULTS, run=runs["raced"], view=view)
    at.menu_button[0].click("Run again with changes").run()
    assert not at.exception
    assert at.title[0].value == "Optimize"
    assert "view" not in at.query_params


@pytest.mark.parametrize(("label", "title"), [("Next: choose images", "Data"), ("Go on without images", "Optimize")])
def test_the_main_road_of_a_timm_model(app, runs, label, title):
    """On from the catalogue, whose address holds its source and its search."""
    chosen = to_link(sample().replace(model=TimmModel(name="resnet10t", weights="random")))
    at = app(chrome.MODEL, source="Catalogue", search="resnet10t", draft=chosen)
    next(button for button in at.button if button.label == label).click().run()
    assert not at.exception
    assert at.title[0].value == title
    assert at.query_params.keys() == {"draft"}
