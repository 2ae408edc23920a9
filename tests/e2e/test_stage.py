"""The stage of the Race page in a browser: the finish line, a photo, a camera, and files that run in the browser."""

import io
import re

from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.browsing import SECONDS


def a_photo() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (300, 200), (200, 40, 40)).save(file, "PNG")
    return file.getvalue()


def race_to_the_finish_line(page: Page, lanes: int) -> None:
    page.get_by_role("button", name="Race", exact=True).click()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    expect(page.locator(".stage .note")).to_have_text(re.compile("is first|has arrived"), timeout=2 * SECONDS)
    expect(page.locator(".lane .place", has_text="1st")).to_be_visible()
    assert page.locator(".lane .run").evaluate_all("bars => bars.map(bar => bar.style.width)") == ["100%"] * lanes
    for figure in (".ms", ".rate", ".right", ".agree"):
        assert "–" not in page.locator(f".lane {figure}").all_inner_texts()


def answers_a_photo_and_a_camera(page: Page) -> None:
    page.locator("input.file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": a_photo()})
    expect(page.locator(".lane .small").first).to_have_text(re.compile("^Median of|^One call"))
    page.locator("input.file").set_input_files({"name": "b.png", "mimeType": "image/png", "buffer": b"no image"})
    expect(page.locator(".stage .note")).to_have_text(re.compile("^The photo cannot be used"))
    page.get_by_role("button", name="Camera").click()
    expect(page.locator("figcaption")).to_have_text(re.compile(r"^\d+\.\d frames a second"))
    page.get_by_role("button", name="Camera").click()


def agrees_with_the_server_in_the_browser(page: Page) -> None:
    page.get_by_role("button", name="Race in this browser").click()
    expect(page.locator(".here-foot")).to_have_text(re.compile("^onnxruntime-web "))
    rows = page.locator(".browser tbody tr")
    for row in rows.all():
        assert "16 of 16" in row.inner_text()
        assert "equal within 0.01" in row.inner_text()


def goes_by_keys(page: Page) -> None:
    page.locator(".stage").focus()
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement !== null")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")
    page.keyboard.press("m")
    expect(page.get_by_role("radio", name="All at once: for show")).to_be_checked()


def test_the_sample_races_before_an_audience_and_in_the_browser(app, sample, page):
    page.goto(app.address("race", run=sample.id))
    lanes = page.locator(".lane")
    expect(lanes).to_have_count(min(3, len(sample.report.main_variants)))
    race_to_the_finish_line(page, lanes.count())
    goes_by_keys(page)
    answers_a_photo_and_a_camera(page)
    agrees_with_the_server_in_the_browser(page)
