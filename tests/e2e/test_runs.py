"""The table of runs, which only a browser can press."""

import pytest
from playwright.sync_api import expect

from engine.jobs.queue import Queue
from tests.e2e.browsing import settled, tab

HEADER, ROW = 35, 35
"""Pixels of a table's header and of a row."""


@pytest.mark.parametrize(("search", "row"), [("", 0), ("", 3), ("?find=race", 1)])
def test_a_row_that_is_pressed_opens_its_run(world, browser, search, row):
    runs = [run for run in Queue(world.app.home).jobs() if not search or "race" in run.name.lower()]
    with tab(browser) as page:
        page.goto(f"http://localhost:{world.app.port}/runs{search}")
        settled(page)
        table = page.get_by_test_id("stDataFrame").first.bounding_box()
        page.mouse.click(table["x"] + 120, table["y"] + HEADER + ROW * (row + 0.5))
        expect(page).to_have_url(f"http://localhost:{world.app.port}/results?run={runs[row].id}")
        expect(page.get_by_role("heading", name=runs[row].name, level=1)).to_be_visible()
