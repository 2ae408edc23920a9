"""Every chart in a browser, by boxes: at every width and in both themes its texts are whole, apart and readable."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.browsing import tab
from tests.e2e.serving import App
from tests.made_charts import CASES, made_figures

CHECK = (Path(__file__).parent / "charts.js").read_text()
WIDTHS = (390, 1280, 1920)
STILL = r"""([n, scheme]) => {
  // Drawn to its width, in this theme, and the same for ten frames.
  const page = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor;
  const charts = [...document.querySelectorAll('[data-testid="stPlotlyChart"]')];
  const drawn = charts.length === n && charts.every((chart) => {
    const svg = chart.querySelector(".main-svg");
    return svg && chart.querySelector("text")
      && Math.abs(svg.getBoundingClientRect().width - chart.getBoundingClientRect().width) < 2;
  });
  const seen = JSON.stringify(charts.flatMap((chart) => [...chart.querySelectorAll("text")]).map((text) => {
    const box = text.getBoundingClientRect();
    return [box.left, box.top, box.width, getComputedStyle(text).fill];
  }));
  const bright = Number(page.match(/\d+/)[0]) > 127;
  window.still = drawn && bright === (scheme === "light") && seen === window.seen ? (window.still ?? 0) + 1 : 0;
  window.seen = seen;
  return window.still >= 10;
}"""


@pytest.fixture(scope="module")
def charts(tmp_path_factory) -> Iterator[App]:
    """A server of the page of charts alone."""
    found = App(tmp_path_factory.mktemp("charts"), script="tests/e2e/charts_page.py")
    found.start()
    try:
        yield found
    finally:
        found.stop()


def problems(page: Page, n_charts: int, scheme: str) -> list[str]:
    """What is wrong with the charts once they are drawn and have come to rest."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(STILL, arg=[n_charts, scheme])
    return page.evaluate(CHECK)


@pytest.mark.parametrize("case", CASES)
def test_no_text_is_cut_struck_covered_or_pale(charts, browser, case):
    n_charts = len(made_figures(case))
    with tab(browser, width=WIDTHS[0]) as page:
        page.goto(charts.address(case=case))
        for width in WIDTHS if case.isdigit() else WIDTHS[:1]:
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in ("light", "dark"):
                assert problems(page, n_charts, scheme) == [], (width, scheme)


def test_the_check_sees_every_kind_of_fault(charts, browser):
    with tab(browser) as page:
        page.goto(charts.address(case="faulty"))
        found = problems(page, 1, "light")
        for fault in (
            "'over' is over 'under'",
            "'struck' is struck by a line",
            "'covered' lies on a mark",
            "'outside' leaves the figure",
            "'pale' has a contrast of",
            "ticks repeat: same,same",
        ):
            assert any(fault in one for one in found), (fault, found)
