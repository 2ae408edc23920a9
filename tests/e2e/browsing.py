"""Chromium as a person uses it: tabs, and what can be seen in them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from engine.results import Report
from tests.e2e.serving import ROOT

SECONDS = 90_000  # milliseconds that a page may take on a busy machine before a test gives it up
A_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # a moving picture, and leave
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", *A_CAMERA]
expect.set_options(timeout=SECONDS)
IDLE = '[data-testid="stApp"][data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window, until the end of the block."""
    found = subprocess.run([ROOT / "scripts" / "find_chromium.sh"], check=True, capture_output=True, text=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.stdout.strip(), args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def tab(browser: Browser, width: int = 1280, height: int = 900, scheme: str = "light") -> Iterator[Page]:
    """A tab in a session of its own, as another person's; it must never have shown or met an error of the program."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(SECONDS)
    met: list[str] = []
    context.on("weberror", lambda error: met.append(str(error.error)))
    page = context.new_page()
    yield page
    if not page.is_closed():
        sound(page)
    context.close()
    assert not met, met


def charts_of(report: Report) -> int:
    """How many charts the overview has: fewer where nothing stands beside the baseline, or no latency was measured."""
    has_latency = any(variant.latency for variant in report.variants)
    of_starts = 2 if any(variant.cold_start for variant in report.main_variants) else 0
    if len(report.main_variants) > 1:
        return (5 if has_latency else 3) + of_starts
    return 1 + has_latency + any(variant.accuracy is not None for variant in report.main_variants) + of_starts


def answer(page: Page) -> Locator:
    """The download in the answer of a run, which is there when the run has ended well."""
    return page.locator(".st-key-card-accent-recommended").get_by_role("button", name="Download the ONNX file")


def sound(page: Page) -> None:
    """No traceback on the page."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text("Traceback")).to_have_count(0)


def settled(page: Page) -> None:
    """Drawn to its end; not for a page that draws itself again each second."""
    page.locator(IDLE).wait_for()
