"""The report to hand over, pressed on a result and opened without any network."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from engine.results import finding
from tests.e2e.browsing import tab


def test_the_report_is_downloaded_and_reads_offline(app, page, browser, sample, tmp_path):
    page.goto(app.address(f"results?run={sample.id}"))
    button = page.get_by_role("button", name="Report to hand over").first
    with page.expect_download() as coming:
        button.click()
    file = tmp_path / "report.html"
    file.write_bytes(Path(coming.value.path()).read_bytes())
    for width, scheme in ((1280, "light"), (390, "dark")):
        with tab(browser, width=width, scheme=scheme) as reader:
            problems: list[str] = []
            reader.on("console", lambda message, met=problems: met.append(message.text))
            reader.context.set_offline(True)
            reader.goto(file.as_uri())
            expect(reader.locator(".finding p").first).to_have_text(finding(sample.report)[0])
            expect(reader.locator(".chart .main-svg").first).to_be_visible()
            assert reader.locator(".chart").count() == reader.locator(".chart:has(.main-svg)").count() > 0
            assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")
            found = Axe().run(reader).response["violations"]
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
            assert problems == []
            reader.emulate_media(media="print")
            reader.set_viewport_size({"width": 700, "height": 900})  # about an A4 page between its margins
            assert reader.evaluate(
                "(table => table.scrollWidth <= table.clientWidth)(document.querySelector('.table'))"
            )
