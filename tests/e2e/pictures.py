"""The screenshots of docs/: every page in light, dark and on a phone; `make screenshots` makes them anew.

`python -m tests.e2e.pictures docs/screenshots results report` makes those of some places alone.
"""

import io
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pages._ui.draft import sample, to_link
from tests.e2e.browsing import answer, chromium, settled, tab
from tests.e2e.serving import LONG, App

WIDTH, HEIGHT = 1280, 1850
RUN = "<run>"
"""Stands for the id of the finished run in an address."""
DRAFT = to_link(sample())
MODES = {"light": (1280, "light"), "dark": (1280, "dark"), "phone": (390, "light")}
"""Width in pixels and colour scheme."""
TALLEST = {1280: 1700, 390: 1500}
"""Pixels of a picture; what a page has below that is left out."""
QUALITY = 78
"""Of WebP: texts stay sharp, and all pictures together stay under 4 MB."""
REPORT = "report"


@dataclass(frozen=True)
class Place:
    """A page or a view of one: its title in docs, its address, a text that is there once it is drawn.

    `press` is a button that makes what the view shows, and `made` what is there when that is done.
    """

    title: str
    page: str
    query: dict[str, str] = field(default_factory=dict)
    text: str = ""
    press: str = ""
    made: str = ""


PLACES = {
    "start": Place("Start", "", text="Or bring your own"),
    "tour": Place("The tour of the sample", "optimize", {"draft": DRAFT, "tour": "on"}, "Tour · 3 of 6"),
    "model": Place("Model", "model", {"draft": DRAFT}, "Parameters"),
    "catalogue": Place("The catalogue", "model", {"source": "Catalogue"}, "architectures. Select one"),
    "data": Place("Data", "data", {"draft": DRAFT}, "As the model sees them"),
    "optimize": Place("Optimize", "optimize", {"draft": DRAFT}, "What will happen"),
    "runs": Place("Runs", "runs", text="Select one to open it"),
    "results": Place("Results", "results", {"run": RUN}, "In pictures"),
    "quantization-race": Place(
        "Results: the race of the methods", "results", {"run": RUN, "view": "Race"}, "Every candidate"
    ),
    "images": Place(
        "Results: images",
        "results",
        {"run": RUN, "view": "Images"},
        "Variant beside the baseline",
        "Look at the images",
        "have another answer",
    ),
    "classes": Place("Results: classes", "results", {"run": RUN, "view": "Classes"}, "that report"),
    "layers": Place(
        "Results: layers",
        "results",
        {"run": RUN, "view": "Layers"},
        "Variant beside FP32",
        "Compare the layers",
        "Compare the layers again",
    ),
    "graph": Place(
        "Results: graph",
        "results",
        {"run": RUN, "view": "Graph"},
        "Variant beside the baseline",
        "Draw both graphs",
        "Drag to move",
    ),
    "time": Place(
        "Results: time",
        "results",
        {"run": RUN, "view": "Time"},
        "Variant beside the baseline",
        "Profile both",
        "Profile again",
    ),
    "take-home": Place("Results: take home", "results", {"run": RUN, "view": "Take home"}, "SHA-256"),
    "compare": Place("Compare", "compare", text="Within the limits"),
    "race": Place("Race", "race", {"run": RUN}, "Race in this browser", "Race", "1st"),
    "ship": Place("Ship", "ship", {"run": RUN}, "Packed for another machine"),
    "machine": Place("Machine", "machine", {}, "Cores, for this app", "Measure this machine", "Measure anew"),
    REPORT: Place("The report to hand over", REPORT),
}


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


def take(browser: Browser, app: App, run: str, report: Path, name: str, folder: Path) -> None:
    """The pictures of one place in every mode."""
    place = PLACES[name]
    for mode, (width, scheme) in MODES.items():
        with tab(browser, width=width, height=900, scheme=scheme) as page:
            if name == REPORT:
                page.goto(report.as_uri())
                expect(page.locator(".chart .main-svg").last).to_be_visible()
            else:
                page.goto(app.address(place.page, **{key: run if it == RUN else it for key, it in place.query.items()}))
                _drawn(page, place)
            _save(page, width, folder / f"{name}-{mode}.webp")


def _drawn(page: Page, place: Place) -> None:
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)
    if place.text:
        expect(page.get_by_text(place.text).filter(visible=True).first).to_be_visible()
    settled(page)
    if place.press:
        # An icon's name stands before the words of a button.
        button = page.get_by_role("button", name=re.compile(rf"(^|\W){re.escape(place.press)}$"))
        made = page.get_by_text(place.made).filter(visible=True)
        expect(button.or_(made).first).to_be_visible()
        if not made.count():
            button.click()
            expect(made.first).to_be_visible(timeout=1000 * LONG)
            settled(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def _save(page: Page, width: int, path: Path) -> None:
    """The page as tall as it is, up to TALLEST, as WebP."""
    height = page.evaluate(
        "(document.querySelector('[data-testid=\"stMain\"]') ?? document.scrollingElement).scrollHeight"
    )
    page.set_viewport_size({"width": width, "height": min(height, TALLEST[width])})
    if page.get_by_test_id("stApp").count():
        settled(page)
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as picture:
        picture.convert("RGB").save(path, quality=QUALITY, method=6)


def write_page(folder: Path) -> None:
    """The page of docs that shows the pictures that are there."""
    lines = [
        "# Every page",
        "",
        "The pages with a run of the sample, in the light theme, the dark one and on a phone; `make screenshots` takes "
        "them anew.",
    ]
    for name, place in PLACES.items():
        if (folder / f"{name}-light.webp").exists():
            cells = [
                f'<img src="{folder.name}/{name}-{mode}.webp" width="{wide}" alt="{place.title}, {mode}">'
                for mode, wide in (("light", 380), ("dark", 380), ("phone", 150))
            ]
            lines += ["", f"## {place.title}", "", *cells]
    (folder.parent / f"{folder.name}.md").write_text("\n".join(lines) + "\n")


def main(folder: Path, *names: str) -> None:
    """Run the sample in a home of its own and take the pictures of the places named, or of all."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        app, report = App(Path(temporary)), Path(temporary) / "report.html"
        app.start()
        try:
            with tab(browser) as page:
                page.goto(app.address())
                page.get_by_role("button", name="Run the sample").click()
                answer(page).wait_for(timeout=1000 * LONG)
                with page.expect_download() as coming:
                    page.get_by_role("button", name="Report to hand over").first.click()
                coming.value.save_as(report)
            run = app.runs()[0].id
            for name in names or PLACES:
                take(browser, app, run, report, name, folder)
                print(name, flush=True)
        finally:
            app.stop()
    write_page(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
