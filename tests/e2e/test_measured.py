"""What takes minutes to measure is found again by its address: after a reload, by another person, on a phone."""

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import settled, tab

DRAWN = {
    "Sweep": ("Throughput against latency", "Most images a second: 1 image a call, 2 threads, 2 streams"),
    "Showdown": ("Beside the first row", "Baseline · OpenVINO in bf16: 2.00 times as fast"),
    "Time": ("By operator",),
    "Machine": ("10 ± 0.5 GB/s", "Compute: fewer operations or a faster data type help."),
}
"""What stands on each view once it has its result."""


@pytest.mark.parametrize("view", DRAWN)
def test_an_address_draws_what_was_measured_again_and_for_anybody(world, browser, view):
    address = world.lived.looks[view]
    for width in (1280, 390):
        with tab(browser, width=width) as page:
            page.goto(f"http://localhost:{world.app.port}/{address}")
            for again in (False, True):
                if again:
                    page.reload()
                settled(page)
                for text in DRAWN[view]:
                    expect(page.get_by_text(text).filter(visible=True).first).to_be_visible()
                assert all(part in page.url for part in address.replace("?", "&").split("&"))
