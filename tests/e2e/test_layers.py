"""What only a browser can show of layers and classes: a row that is pressed, and charts that fit a phone."""

from playwright.sync_api import Page, expect

from tests.e2e.browsing import settled, sound, tab
from tests.made_charts import made_layer_errors

HEADER, ROW = 35, 35
"""Pixels of a table's header and of a row."""


def test_a_row_that_is_pressed_is_the_layer_of_the_address(world, browser):
    """And of the card; the address restores both for a second person, on a phone."""
    second = made_layer_errors(30).worst_first[1].name
    with tab(browser) as page:
        page.goto(_address(world, "Layers"))
        page.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached")  # what is above the table moves it
        table = page.get_by_test_id("stDataFrame").first
        table.locator("canvas").first.wait_for()
        settled(page)
        table.click(position={"x": 120, "y": HEADER + ROW * 1.5})
        expect(page.get_by_test_id("stHeading").filter(has_text=second)).to_be_visible()
        page.wait_for_url("**layer=**")
        address = page.url
    with tab(browser, width=390, height=844, scheme="dark") as page:
        page.goto(address)
        expect(page.get_by_test_id("stHeading").filter(has_text=second)).to_be_visible()
        _fits(page)


def test_classes_show_where_answers_move_to_and_fit_a_phone(world, browser):
    with tab(browser, width=390, height=844) as page:
        page.goto(_address(world, "Classes"))
        expect(page.get_by_text("20 images of '2' are taken for '7', right before")).to_be_visible()
        expect(page.get_by_test_id("stPlotlyChart").nth(1)).to_be_visible()
        _fits(page)


def _address(world, view: str) -> str:
    return f"http://localhost:{world.app.port}/results?run={world.lived.runs['done']}&view={view}"


def _fits(page: Page) -> None:
    settled(page)
    sound(page)
    wider = page.evaluate("""() => {
        const main = document.querySelector('[data-testid="stMain"]');
        return main.scrollWidth - main.clientWidth;
    }""")
    assert wider == 0
