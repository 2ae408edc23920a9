"""One app, one browser and one run of the sample for all tests that only look at them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.results import Report
from tests.e2e.browsing import answer, chromium, tab
from tests.e2e.serving import LONG, App
from tests.e2e.worlds import World, a_world


@pytest.fixture(scope="package")
def app(tmp_path_factory) -> Iterator[App]:
    found = App(tmp_path_factory.mktemp("app"))
    found.start()
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="package")
def world(tmp_path_factory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("world")) as found:
        yield found


@pytest.fixture
def page(browser) -> Iterator[Page]:
    with tab(browser) as found:
        yield found


@dataclass(frozen=True)
class Clicked:
    """What a person saw who clicked twice on the sample's button and once on the answer's, and what the clicks left."""

    id: str
    phases: tuple[str, ...]
    submitted: int
    ended: str
    report: Report
    downloaded: bytes


@pytest.fixture(scope="package")
def sample(app, browser) -> Clicked:
    """The sample, run from the Start page with a double click, followed to its end and taken home with one press."""
    before = len(app.runs())
    with tab(browser) as page:
        page.goto(app.address())
        page.get_by_role("button", name="Run the sample").dblclick()
        page.wait_for_url("**/results?run=*")
        phases = _phases(page)
        ended = page.get_by_test_id("stMain").inner_text()
        run = app.runs()[0]
        with page.expect_download() as coming:
            answer(page).click()
        file, report = Path(coming.value.path()).read_bytes(), app.queue.folder(run.id).report()
        return Clicked(run.id, phases, len(app.runs()) - before, ended, report, file)


def _phases(page: Page) -> tuple[str, ...]:
    """The parts of the run that the page has shown as going on, until the answer stood in the same place."""
    page.evaluate("""() => {
        window.phases = [];
        const look = () => document.querySelectorAll('details[open] summary strong').forEach(part => {
            if (window.phases.at(-1) !== part.textContent) window.phases.push(part.textContent);
        });
        new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
        look();
    }""")
    expect(answer(page)).to_be_visible(timeout=1000 * LONG)
    return tuple(page.evaluate("window.phases"))
