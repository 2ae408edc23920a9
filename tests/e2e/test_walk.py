"""Whatever is pressed, wherever it stands: no red box, no traceback, no dead end; and everybody can use it."""

from collections import Counter

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.browsing import tab
from tests.e2e.walk import SETTLED, Walk, sampled

SERIOUS = ("serious", "critical")


def test_a_sample_of_all_presses_leads_on(world, browser):
    with tab(browser) as page:
        walk = world.walk(page, wanted=sampled(18), discover=False)
        walk.over(world.addresses()[::2])
    assert walk.wrong == []
    assert walk.gone == []
    assert len(walk.pressed) > 5


@pytest.fixture(scope="module")
def walked(world, browser) -> Walk:
    """Every press that leads on was made once: this takes more than an hour, and finds every state of every page."""
    with tab(browser) as page:
        walk = world.walk(page)
        walk.over(world.addresses())
    print(f"{len(walk.places)} places, {len(walk.pressed)} presses")
    return walk


@pytest.mark.slow
def test_every_press_leads_on(walked):
    assert walked.wrong == []
    # What stands there only while an analysis runs cannot be pressed again after a reload; the rest must be.
    assert len(walked.gone) <= len(walked.pressed) // 100, walked.gone
    assert len(walked.places) > 40
    assert len(walked.pressed) > 400


def findings(world, page, addresses) -> Counter[str]:
    """What axe calls serious or critical, with how often it was met."""
    found: Counter[str] = Counter()
    for address in addresses:
        page.goto(f"http://localhost:{world.app.port}/{address}")
        page.evaluate(SETTLED)
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in SERIOUS:
                found.update(f"{violation['id']}: {node['html'][:120]}" for node in violation["nodes"])
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_sample_of_pages_has_no_serious_barrier(world, browser, scheme):
    runs = world.lived.runs
    some = (
        "",
        f"optimize?draft={world.drafts['chain']}",
        "runs",
        *(f"results?run={runs[name]}" for name in ("raced", "kept", "running")),
        world.lived.looks["Showdown"],
    )
    with tab(browser, scheme=scheme) as page:
        assert findings(world, page, some) == {}


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_in_any_state_has_a_serious_barrier(world, walked, browser, scheme):
    with tab(browser, scheme=scheme) as page:
        assert findings(world, page, walked.places.values()) == {}
