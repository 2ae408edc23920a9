"""What is taken to another machine, pressed in a browser: a bundle that proves itself there, and its own server."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.serving import LONG

MINUTES = 1000 * LONG


def packed(page: Page, folder: Path, button: str = "Download the bundle,") -> Path:
    """The folder of the bundle that is downloaded here, unpacked."""
    download = page.get_by_role("button", name=button)
    expect(download).to_be_visible(timeout=MINUTES)
    with page.expect_download() as coming:
        download.click()
    with zipfile.ZipFile(coming.value.path()) as archive:
        archive.extractall(folder)
    return folder


def test_a_fresh_process_s_load_is_told_and_the_optimised_graph_is_taken_home(app, sample, page):
    page.goto(app.address("results", run=sample.id))
    expect(page.get_by_role("heading", name="How soon is a fresh process ready?")).to_be_visible()
    page.goto(app.address("results", run=sample.id, view="Take home"))
    page.get_by_role("button", name="Save the optimised graph").click()
    download = page.get_by_role("button", name="Download the optimised graph")
    expect(download).to_be_visible(timeout=MINUTES)
    expect(page.get_by_text("elsewhere it may not load, or run slower").first).to_be_visible()
    with page.expect_download() as coming:
        download.click()
    assert coming.value.suggested_filename.endswith("-optimized.onnx")
    assert Path(coming.value.path()).stat().st_size > 1000


@pytest.mark.slow
def test_a_bundle_proves_itself_elsewhere_and_its_server_is_measured(app, sample, page, tmp_path):
    page.goto(app.address("ship", run=sample.id))
    page.get_by_role("button", name="Make the bundle").click()
    bundle = packed(page, tmp_path / "bundle")
    subprocess.run([sys.executable, "verify.py"], cwd=bundle, check=True, capture_output=True)
    result = (bundle / "verify-result.json").read_bytes()

    upload = page.locator(".st-key-card-verifications").locator("input[type=file]")
    lie = result.replace(b'"run"', b'"ran"')
    upload.set_input_files({"name": "verify-result.json", "mimeType": "application/json", "buffer": lie})
    expect(page.locator(".st-key-card-verifications, .stAlert").get_by_test_id("stAlert").first).to_be_visible()
    page.reload()
    upload.set_input_files({"name": "verify-result.json", "mimeType": "application/json", "buffer": result})
    expect(page.get_by_text("Imported what")).to_be_visible()
    expect(page.get_by_role("button", name="Remove one")).to_be_visible()

    page.get_by_role("button", name="Measure the server").click()
    expect(page.get_by_role("heading", name="Measuring the server")).to_be_visible()
    expect(page.get_by_role("heading", name="The setting that answers most")).to_be_visible(timeout=2 * MINUTES)
    expect(page.locator(".st-key-card-serving-chart").get_by_test_id("stPlotlyChart").first).to_be_visible()
    page.get_by_role("button", name="Make the bundle with this setting").click()
    chosen = packed(page, tmp_path / "chosen", "Download the bundle with this setting")
    assert (chosen / "serve.json").read_bytes() != (bundle / "serve.json").read_bytes()
    page.get_by_role("spinbutton", name="Price of a machine like this one, per hour").fill("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("for a million answers").first).to_be_visible()
