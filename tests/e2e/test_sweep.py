"""A sweep in a browser: measured for real, read cell by cell, taken as the target, and stopped half way."""

import re

import pytest
from playwright.sync_api import Page, expect

from engine.results import Variant
from tests.e2e.browsing import settled
from tests.e2e.serving import LONG

HEADER, ROW = 35, 35
"""Pixels of the matrix's header and of a row."""
A_FIGURE = re.compile(r"ms · [\d,]+/s")


@pytest.fixture
def form(app, sample, page):
    """Opens the form of a variant of the sample's run."""

    def opened(variant: Variant) -> Page:
        page.goto(app.address("results", run=sample.id, view="Sweep", variant=variant.id))
        expect(page.get_by_role("button", name="Start the sweep")).to_be_visible()
        settled(page)
        return page

    return opened


def leave_out(page: Page, label: str, *others: int) -> None:
    """Presses these values of a choice of several, which are chosen at first."""
    for value in others:
        page.get_by_test_id("stButtonGroup").filter(has_text=label).get_by_role(
            "button", name=f"{value}", exact=True
        ).click()
        settled(page)


@pytest.mark.slow
def test_a_cell_of_the_matrix_becomes_the_target(sample, form):
    page = form(sample.report.baseline)
    leave_out(page, "Images a call", 4, 8, 16, 32)
    page.get_by_role("button", name="Start the sweep").click()
    expect(page.get_by_text("Every cell", exact=True)).to_be_visible(timeout=1000 * LONG)
    settled(page)
    matrix = page.locator(".st-key-card-sweep-matrix").get_by_test_id("stDataFrame").first
    matrix.scroll_into_view_if_needed()
    table = matrix.bounding_box()
    page.mouse.click(table["x"] + table["width"] - 60, table["y"] + HEADER + ROW / 2)
    expect(page).to_have_url(re.compile(r"cell=0%2C2"))
    cell = page.locator(".st-key-card-accent-sweep-cell")
    expect(cell.get_by_role("heading")).to_contain_text("2 images a call, 1 thread")
    expect(cell.get_by_text("A call takes")).to_be_visible()
    page.get_by_role("spinbutton", name="Within, ms").fill("1000")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("within=1000"))
    expect(cell.get_by_role("heading")).to_contain_text("2 images a call, 1 thread")
    cell.get_by_role("button", name="Make it the target").click()
    page.wait_for_url("**/optimize?*")
    expect(page.get_by_text("The target is now 2 images a call, 1 thread")).to_be_visible()


@pytest.mark.slow
def test_a_stop_keeps_the_cells_that_were_measured(sample, form):
    page = form(sample.report.main_variants[-1])
    page.get_by_role("button", name="Start the sweep").click()
    expect(page.get_by_text(A_FIGURE).first).to_be_visible()
    page.get_by_role("button", name="Stop, and keep what was measured").click()
    expect(page.get_by_text("You stopped it:")).to_be_visible()
    expect(page.get_by_text(re.compile(r"[1-9]\d* of \d+ cells have a figure"))).to_be_visible()
    expect(page.get_by_role("button", name="Make it the target")).to_be_visible()
