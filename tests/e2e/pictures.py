"""The picture of the README; `python -m tests.e2e.pictures docs/results.png` makes it anew."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.e2e.browsing import answer, chromium, settled, tab
from tests.e2e.serving import LONG, App

WIDTH, HEIGHT = 1280, 1850


def results(browser: Browser, app: App, run: str, path: Path) -> None:
    """The results of a finished run, from their heading to their first four charts, in the light theme."""
    with tab(browser, width=WIDTH, height=HEIGHT) as page:
        page.goto(app.address("results", run=run))
        expect(page.get_by_test_id("stPlotlyChart").locator(".main-svg").first).to_be_visible()
        settled(page)
        last = page.locator(".st-key-card-chart-tradeoff")  # not there where nothing was better than the baseline
        below = last.bounding_box() if last.count() else None
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": below["y"]} if below else None
        page.screenshot(path=path, animations="disabled", clip=clip)


def main(path: Path) -> None:
    """Run the sample in a home of its own and take the picture."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        app = App(Path(folder))
        app.start()
        try:
            with tab(browser) as page:
                page.goto(app.address())
                page.get_by_role("button", name="Run the sample").click()
                answer(page).wait_for(timeout=1000 * LONG)
            results(browser, app, app.runs()[0].id, path)
        finally:
            app.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
