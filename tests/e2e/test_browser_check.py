"""The check of a bundle in a browser: its answers are the run's under onnxruntime-web, and a changed file is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from engine.store.home import Home
from tests.e2e.browsing import tab
from tests.packed import colour_run, pack


class Quiet(SimpleHTTPRequestHandler):
    """What `python -m http.server` answers, without its log."""

    def log_message(self, *arguments: object) -> None:
        """Writes nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder's address, until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/index.html"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_golden_inputs_are_answered_in_a_browser(browser, tmp_path):
    home = Home(tmp_path / "home")
    home.prepare()
    folder = pack(colour_run(tmp_path, home), tmp_path / "job", home).unpack(tmp_path / "bundle")
    with served(folder) as address, tab(browser, width=390, scheme="dark") as page:
        page.goto(address)
        expect(page.locator("#answer")).to_have_text("The answers are those of the run.")
        expect(page.locator("dt")).to_have_text(
            ["Parity", "Warm call", "Warm-up", "Opening the model", "Download", "Model"]
        )
        expect(page.locator("dd").last).to_have_text("its SHA-256 is that of the bundle")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page).response["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
        with (folder / "model.onnx").open("ab") as file:
            file.write(b"\0")
        page.goto(address)
        expect(page.locator("#answer")).to_have_text("It does not run here: model.onnx was changed")
