"""Every page on a phone and in both themes: whole, without a sideways scroll and without an error."""

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from pages._ui.draft import sample as sample_draft
from pages._ui.draft import to_link
from tests.e2e.browsing import settled, sound, tab
from tests.e2e.pictures import results

PHONE, DESKTOP = 390, 1280
DRAFT = to_link(sample_draft())
PLACES = (
    ("", {}, "Or bring your own"),
    ("model", {"draft": DRAFT}, "Parameters"),
    ("model", {"source": "Catalogue"}, "architectures. Select one"),
    ("model", {"source": "ONNX file"}, "It is read in a process of its own"),
    ("data", {"draft": DRAFT}, "As the model sees them"),
    ("data", {"images": "My images"}, "Your images"),
    ("data", {"images": "No data"}, "No images at hand"),
    ("optimize", {"draft": DRAFT}, "What will happen"),
    ("optimize", {}, "No model is chosen yet"),
    ("runs", {}, "Select one to open it"),
    ("compare", {}, "Within the limits"),
    ("ship", {"run": ""}, "Packed for another machine"),
    ("results", {}, "All runs"),
    ("results", {"run": ""}, "In pictures"),
    ("results", {"run": "", "view": "Steps"}, "How to read this"),
    ("results", {"run": "", "view": "Race"}, "Every candidate"),
    ("results", {"run": "", "view": "Time"}, "Where does the time go?"),
    ("results", {"run": "", "view": "Take home"}, "The graph as this machine runs it"),
    ("results", {"run": "", "view": "Showdown"}, "Which is faster, where?"),
    ("results", {"run": "", "view": "Sweep"}, "Which batch size, how many threads?"),
    ("results", {"run": "", "view": "How it was measured"}, "Save the recipe"),
    ("results", {"run": "nothing"}, "There is no run 'nothing' here"),
    ("nowhere", {}, "Page not found"),
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_and_is_sound(app, sample, browser, scheme):
    with tab(browser, width=PHONE, height=844, scheme=scheme) as page:
        for place, query, text in PLACES:
            if query.get("view") in ("Steps", "Time") and len(sample.report.main_variants) == 1:
                continue  # no step led anywhere, as where the race kept FP32 on a busy machine
            page.goto(app.address(place, **{name: value or sample.id for name, value in query.items()}))
            expect(page.get_by_text(text).filter(visible=True).first).to_be_visible()
            settled(page)
            sound(page)
            assert _overflow(page) == 0, (place, query)
            assert (_brightness(page) > 127) == (scheme == "light"), (place, query)


def _overflow(page: Page) -> int:
    """Pixels by which the page, or the part of it that scrolls, is wider than what is seen of it."""
    return page.evaluate("""() => Math.max(...[document.scrollingElement, document.querySelector(
        '[data-testid="stMain"]')].map(part => part.scrollWidth - part.clientWidth))""")


def _brightness(page: Page) -> float:
    """Of the background, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.querySelector('[data-testid=\"stApp\"]')).backgroundColor")
    red, green, blue = (float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
    return (red + green + blue) / 3


def test_the_results_make_a_picture(app, sample, browser, tmp_path):
    path = tmp_path / "results.png"
    results(browser, app, sample.id, path)
    with Image.open(path) as picture:
        assert picture.width == DESKTOP
        assert picture.height > 1000
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 100
