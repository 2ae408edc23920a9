"""From one click on the sample to an ONNX file that gives the reported answers on another's machine."""

import hashlib
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from engine.data.samples import digits
from engine.measure.predictions import Predictions
from engine.results import Variant
from tests.e2e.browsing import charts_of, settled


def test_a_double_click_runs_the_sample_once(sample):
    assert sample.submitted == 1
    assert sample.report.state == "done"
    assert len(set(sample.phases)) >= 3, sample.phases


@pytest.mark.parametrize("pause", [0, 40, 80, 120])
def test_a_second_click_leads_to_the_run_of_the_first(app, page, pause):
    """Also one that comes while the first is still being served, when the server draws the page twice at once."""
    before = len(app.runs())
    page.goto(app.address())
    button = page.get_by_role("button", name="Run the sample")
    button.wait_for()
    button.evaluate("(button, pause) => { button.click(); setTimeout(() => button.click(), pause); }", pause)
    page.get_by_role("button", name="Cancel").click()
    app.reaches(app.runs()[0].id, "cancelled")
    assert len(app.runs()) == before + 1


def test_the_answer_stands_where_the_run_was_followed(app, sample, page):
    assert "Download the ONNX file" in sample.ended
    page.goto(app.address("runs", run=sample.id))
    page.wait_for_url(f"**/results?run={sample.id}")
    best = sample.report.variant(sample.report.recommended.id)
    # A busy machine leaves candidates without a speed: then FP32 stays for want of it, and nothing is recommended yet.
    told = (
        "Keep the model as it is|Nothing is recommended yet"
        if best.role == "baseline"
        else re.escape(f"Take {best.label}")
    )
    expect(page.get_by_role("heading", name=re.compile(told)).first).to_be_visible()
    expect(page.get_by_text("Top-1 accuracy", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(charts_of(sample.report))
    page.get_by_role("link", name="Start", exact=True).click()
    expect(page.get_by_text("Or bring your own")).to_be_visible()


def test_two_presses_lead_from_start_to_the_file(sample):
    """Run the sample; download what it recommends."""
    best = sample.report.variant(sample.report.recommended.id)
    assert hashlib.sha256(sample.downloaded).hexdigest() == best.sha256


def test_the_race_of_the_sample_is_told_with_all_its_candidates(app, sample, page):
    """Who won may differ by machine; that somebody did, and why, may not."""
    (race,) = sample.report.races
    assert len(race.trials) > 2
    page.goto(app.address("results", run=sample.id))
    page.get_by_role("button", name="See the race").click()
    expect(page.get_by_text("Every candidate", exact=True)).to_be_visible()
    assert race.reason.text in page.get_by_test_id("stMain").inner_text()
    expect(page.get_by_test_id("stTable").locator("tbody tr")).to_have_count(len(race.trials))
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(1)


@pytest.fixture
def taken(app, sample, page, tmp_path):
    """Downloads a variant; its file lies beside the snippet, as a person would put it."""
    page.goto(app.address("results", run=sample.id, view="Take home"))

    def take(variant: Variant) -> Path:
        _choose(page, variant)
        with page.expect_download() as coming:
            page.locator(".st-key-card-file").get_by_role("button", name="Download the ONNX file").click()
        path = tmp_path / coming.value.suggested_filename
        coming.value.save_as(path)
        return path

    return take


def _choose(page: Page, variant: Variant) -> None:
    box = page.get_by_role("combobox", name="Variant")
    box.click()
    page.get_by_role("option", name=re.compile(variant.id[:6])).click()
    expect(page.get_by_text(variant.sha256, exact=True)).to_be_visible()
    settled(page)


def test_every_download_is_the_file_of_the_report(sample, taken):
    """Two files of one length and one beginning, one after the other: each has its own sum."""
    best = sample.report.variant(sample.report.recommended.id)
    for variant in (best, sample.report.baseline, best):
        assert hashlib.sha256(taken(variant).read_bytes()).hexdigest() == variant.sha256


def test_the_snippet_gives_the_reported_predictions(app, sample, page, taken, tmp_path, monkeypatch):
    best = sample.report.variant(sample.report.recommended.id)
    taken(best)
    program = page.get_by_test_id("stCode").filter(has_text="onnxruntime").locator("code").text_content()
    reported = Predictions.load(app.queue.folder(sample.id).path / "variants" / best.id / "predictions.npz")
    pool = digits()
    index = {id: number for number, id in enumerate(pool.ids)}

    monkeypatch.chdir(tmp_path)
    known: dict = {}
    exec(program.partition("scores = ")[0], known)
    name = known["session"].get_inputs()[0].name
    logits = [
        known["session"].run(None, {name: known["prepare"](_png(pool.read(index[id])))})[0][0] for id in reported.ids
    ]
    assert len(logits) == best.accuracy.n_images
    assert np.array_equal(np.argmax(logits, axis=1), reported.logits.argmax(axis=1))

    first = reported.ids[0]
    (tmp_path / "image.jpg").write_bytes(_png(pool.read(index[first])).getvalue())
    printed = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert printed.stdout.split()[0] == str(reported.logits[0].argmax())


def _png(image) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, "PNG")
    file.seek(0)
    return file
