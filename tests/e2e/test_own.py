"""What a person brings along: an ONNX file without images, and images that a model's head does not fit."""

import io
import re
import zipfile
from pathlib import Path

import onnx
from playwright.sync_api import Page, expect

from engine.data.samples import digits
from tests.e2e.browsing import answer, charts_of, tab
from tests.e2e.serving import LONG, until
from tests.models.small import small_classifier


def test_an_onnx_file_without_images(app, sample, page):
    """Three clicks to size, latency and agreement; nothing that was not measured on labels is called accuracy."""
    page.goto(app.address())
    page.get_by_role("link", name="Upload a model").click()
    baseline = app.queue.folder(sample.id).path / sample.report.baseline.file
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(baseline)
    page.get_by_role("button", name="Go on without images").click()
    expect(page.get_by_role("switch", name=re.compile("Quantize"))).to_be_checked()
    expect(page.get_by_text("synthetic inputs, which tell fidelity but no accuracy")).to_be_visible()
    before = len(app.runs())
    page.get_by_role("button", name="Run", exact=True).dblclick()
    answer(page).wait_for(timeout=1000 * LONG)

    assert len(app.runs()) == before + 1
    report = app.queue.folder(app.runs()[0].id).report()
    if report.recommended.id != report.baseline.id:
        expect(page.get_by_text("Agreement with the baseline", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stAlert").filter(has_text=re.compile("synthetic"))).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(charts_of(report))
    shown = page.get_by_test_id("stMain").inner_text().lower()
    assert "agreement" in shown
    assert "accuracy" not in shown
    assert "top-1" not in shown


def test_a_model_whose_weights_lie_beside_it(app, page, tmp_path):
    """The two become one file, which is chosen and profiled."""
    model, data = tmp_path / "beside.onnx", tmp_path / "beside.onnx.data"
    onnx.save(small_classifier(), model, save_as_external_data=True, location=data.name, size_threshold=0)
    page.goto(app.address("model", source="ONNX file"))
    page.get_by_test_id("stFileUploaderDropzoneInput").wait_for(state="attached")
    before = sorted(app.home.uploads.iterdir())
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files([model, data])
    expect(page.get_by_text("The weights in 'beside.onnx.data' were taken into the file itself")).to_be_visible()
    expect(page.get_by_role("button", name="Go on without images")).to_be_visible()
    expect(page.get_by_text("opset 18, 4 operators in the graph")).to_be_visible()
    (upload,) = set(app.home.uploads.iterdir()) - set(before)
    assert [path.name for path in upload.glob("*.onnx*")] == [model.name]


def test_images_that_the_head_does_not_fit(app, page, tmp_path):
    page.goto(app.address())
    page.get_by_role("button", name="Look at it first").click()
    page.get_by_role("heading", name="Optimize").wait_for()
    page.get_by_role("link", name=re.compile("2 Data")).click()
    page.get_by_role("radio", name="My images").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(_three_digits(tmp_path / "three.zip"))
    page.get_by_role("button", name="Use these images").click()

    expect(page.get_by_text("The head does not fit: the model has 10 outputs and the data 3 classes.")).to_be_visible()
    assert _fact(page, "Classes") == "3"
    names = ("Train", "Calibration", "Evaluation", "Selection")
    train, calibration, evaluation, selection = (int(_fact(page, name)) for name in names)
    n_moved = selection - (calibration - calibration // 2)  # images of the evaluation split that choose
    assert train + calibration + evaluation + n_moved == 60
    expect(page.locator(".st-key-examples img")).to_have_count(evaluation)
    page.get_by_text("1 image skipped").click()
    expect(page.get_by_text("two/broken.png")).to_be_visible()

    page.get_by_text("Fine-tune first, with a new head for the 3 classes").click()
    page.get_by_role("link", name=re.compile(r"3 Optimize · Fine-tune \+ Quantize")).click()
    expect(page.get_by_role("switch", name="Fine-tune, step 1")).to_be_checked()
    expect(page.get_by_text("Fine-tune for 5 epochs and export: the baseline.")).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def test_a_file_over_the_limit_is_refused_in_words(app, page, tmp_path):
    page.goto(app.address("model", source="ONNX file"))
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(_blank(tmp_path / "large.onnx", 1_100))
    expect(page.get_by_text(re.compile("must be .* or smaller"))).to_be_visible()
    expect(page.get_by_text("Axios")).to_have_count(0)


def test_a_browser_that_closes_during_an_upload_leaves_nothing(app, browser, tmp_path):
    before = sorted(app.home.uploads.iterdir())
    with tab(browser) as page:
        page.goto(app.address("model", source="ONNX file"))
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(_blank(tmp_path / "large.onnx", 900))
        until(app.receives)
        page.close()
    until(lambda: not app.receives())
    assert sorted(app.home.uploads.iterdir()) == before


def _blank(path: Path, megabytes: int) -> Path:
    """A file of zeros that occupies nothing."""
    with path.open("wb") as file:
        file.truncate(megabytes * 1024 * 1024)
    return path


def _three_digits(path: Path) -> Path:
    """Twenty images of each of three digits, a folder per class, and one file that is no image."""
    pool = digits()
    with zipfile.ZipFile(path, "w") as archive:
        for label, name in enumerate(("zero", "one", "two")):
            for number, index in enumerate([i for i, digit in enumerate(pool.labels) if digit == label][:20]):
                file = io.BytesIO()
                pool.read(index).resize((32, 32)).save(file, "PNG")
                archive.writestr(f"{name}/{number}.png", file.getvalue())
        archive.writestr("two/broken.png", b"\x89PNG\r\n\x1a\n and no more")
    return path


def _fact(page: Page, label: str) -> str:
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()
