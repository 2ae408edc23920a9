"""Both graphs in a browser: drawn from this app alone, pressed, moved by keys, and found again by their address."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import settled

DRAWN = '.graphs[data-state="drawn"]'


@pytest.fixture
def graphs(world, page):
    """Opens both graphs of a finished run, with more of their address."""

    def opened(**address: str) -> Page:
        page.goto(world.app.address("results", run=world.lived.runs["done"], view="Graph", **address))
        page.locator(DRAWN).wait_for()
        settled(page)
        return page

    return opened


def press(page: Page, side: str, box: str) -> None:
    """Presses a box where it is drawn."""
    place = page.locator(f'.canvas[data-side="{side}"]').evaluate(
        "(canvas, id) => canvas.graph.getElementById(id).renderedPosition()", box
    )
    page.locator(f'.canvas[data-side="{side}"]').click(position=place)


def chosen(page: Page, side: str) -> list[str]:
    """The boxes that are marked as chosen."""
    return page.locator(f'.canvas[data-side="{side}"]').evaluate(
        "canvas => canvas.graph.nodes('.chosen').map(node => node.id())"
    )


def test_a_press_shows_the_partners_in_the_other_file_and_the_address_keeps_them(graphs):
    page = graphs()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).hostname or ""))
    press(page, "baseline", "node stem.relu")
    expect(page.get_by_role("heading", name="Relu stem.relu")).to_be_visible()
    settled(page)
    assert chosen(page, "model") == ["node stem.weight_dq", "node stem"]
    address = page.url
    page.goto(address)
    page.locator(DRAWN).wait_for()
    expect(page.get_by_role("heading", name="Relu stem.relu")).to_be_visible()
    assert chosen(page, "model") == ["node stem.weight_dq", "node stem"]
    assert set(asked) <= {"localhost", "127.0.0.1", ""}


def test_a_block_opens_where_it_is_pressed_and_keys_move_what_is_drawn(graphs):
    page = graphs(detail="Blocks")
    press(page, "model", "block layer1")
    expect(page.get_by_role("button", name="All blocks")).to_be_visible()
    settled(page)
    canvas = page.locator('.canvas[data-side="baseline"]')
    assert canvas.evaluate("canvas => canvas.graph.getElementById('node layer1.0.conv2').length") == 1
    before = canvas.evaluate("canvas => canvas.graph.pan().y")
    canvas.focus()
    page.keyboard.press("ArrowDown")
    assert canvas.evaluate("canvas => canvas.graph.pan().y") < before
