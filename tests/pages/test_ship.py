"""The Ship page: a bundle is made and downloaded, and what it found elsewhere is imported, shown and refused."""

import hashlib
import json

import pytest

from engine import (
    ExportedFile,
    ExportedFiles,
    FilesDestination,
    RequestError,
    exports_of,
    html_report,
    import_verification,
    start_export,
    verifications,
)
from engine.errors import NotFoundError
from engine.results import Note
from engine.results.bundle import BUNDLE_FILE
from engine.results.cross_cpu import CrossCpu
from engine.settings import QuantizeStatic
from tests.made import BASE, INT8, made_report, made_variant
from tests.made_bundle import made_bundle
from tests.made_verification import made_result
from tests.pages.test_pages import plain_words

PAGE = "pages/ship.py"


@pytest.fixture
def shipped(finished):
    """A finished run whose files have the sums of its report."""
    variants = [
        made_variant(id, label, sha256=hashlib.sha256(id.encode()).hexdigest())
        for id, label in ((BASE, "Baseline"), (INT8, "Static INT8"))
    ]
    return finished(made_report(*variants))


def found_by(run, **changed) -> bytes:
    """What verify.py of a bundle of this run wrote."""
    sha256 = hashlib.sha256(INT8.encode()).hexdigest()
    return json.dumps(made_result(bundle__run=run.id, bundle__variant_sha256=sha256, **changed)).encode()


def test_without_a_finished_run_it_teaches(app):
    assert "Nothing to ship yet" in plain_words(app(PAGE))
    assert "there is no" not in plain_words(app(PAGE)).lower()


def test_the_recommended_variant_is_packed_and_downloaded(app, shipped, answer, queue):
    at = app(PAGE, run=shipped.id)
    assert at.multiselect(key="pack").value == [INT8]
    at.button(key="make-bundle").click().run()
    assert "Waiting in the queue" in json.dumps([one.proto.text for one in at.get("progress")])
    id = answer(made_bundle())
    (queue.home.job(id).path / BUNDLE_FILE).write_bytes(b"zip")
    at.run()
    assert "1 image file of your evaluation split" in plain_words(at)
    assert at.get("download_button")
    at.multiselect(key="pack").set_value([INT8, BASE]).run()
    assert at.button(key="make-bundle")
    at.multiselect(key="pack").set_value([]).run()
    assert "Choose a variant to pack" in plain_words(at)
    assert not at.exception


def test_a_bundle_that_failed_says_why_and_can_be_made_again(app, shipped, answer):
    at = app(PAGE, run=shipped.id)
    at.button(key="make-bundle").click().run()
    answer(
        error=Note(code="data", text="the images or their labels are not those that the run had"), next="Run it again"
    )
    at.run()
    assert "are not those that the run had" in plain_words(at)
    at.button(key="make-bundle").click().run()
    assert at.get("progress")


def test_what_a_bundle_found_elsewhere_stands_beside_the_run(app, shipped, finished):
    at = app(PAGE, run=shipped.id)
    at.file_uploader[0].set_value(("verify-result.json", found_by(shipped), "application/json")).run()
    assert not at.exception
    row = at.dataframe[0].value.iloc[0]
    assert (row["There, ms"], row["Here, ms"], row["Verified"]) == (4.0, 1.0, "yes")
    assert row["Measured on"].startswith("Cortex-A76, 4 cores")
    assert app("pages/compare.py").dataframe[1].value["Measured on"][0].startswith("Cortex-A76")
    other = app(PAGE, run=finished(name="another").id)
    other.file_uploader[0].set_value(("verify-result.json", found_by(shipped), "application/json")).run()
    assert "of the run 'digits to int8', with which it stands" in other.toast[0].value.replace("\\", "")
    assert "Measured on other machines" in html_report(shipped.id)
    (known,) = verifications([shipped.id])
    at.button(key=f"remove-{known.id}").click().run()
    assert verifications([shipped.id]) == ()


def test_a_result_that_lies_is_refused_on_the_page_and_kept_nowhere(app, shipped, home):
    at = app(PAGE, run=shipped.id)
    lie = found_by(shipped, latency__ratio_to_measured=0.1)
    at.file_uploader[0].set_value(("verify-result.json", lie, "application/json")).run()
    assert "its own p50 of 4 ms gives 4" in plain_words(at)
    assert not home.verifications.exists()
    with pytest.raises(NotFoundError):
        import_verification(json.dumps(made_result(bundle__run="nosuchrun")).encode())


def test_without_a_place_it_says_how_one_is_allowed(app, shipped, monkeypatch):
    monkeypatch.delenv("FEATHERWEIGHT_EXPORT_TO", raising=False)
    at = app(PAGE, run=shipped.id)
    assert "FEATHERWEIGHT_EXPORT_TO" in plain_words(at)
    assert not [one for one in at.button if one.key == "start-export"]
    monkeypatch.setenv("FEATHERWEIGHT_EXPORT_TO", "ftp://host")
    assert "must be a folder" in plain_words(app(PAGE, run=shipped.id))


def test_variants_are_copied_to_an_allowed_place_alone(app, shipped, answer, monkeypatch, tmp_path):
    monkeypatch.setenv("FEATHERWEIGHT_EXPORT_TO", f"{tmp_path} hf://me/digits")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    at = app(PAGE, run=shipped.id)
    at.multiselect(key="copy").set_value([INT8, BASE]).run()
    at.button(key="start-export").click().run()
    (job,) = exports_of(shipped.id)
    assert job.state == "queued"
    file = ExportedFile(path="x/model.onnx", size_bytes=5_000_000, sha256="a" * 64)
    answer(ExportedFiles(location=f"{tmp_path}/digits", files=(file,)))
    at.run()
    assert "1 file, 5.00 MB" in at.success[0].value
    at.selectbox(key="place").set_value("Hugging Face Hub: me/digits").run()
    assert at.button(key="start-export").disabled
    at.checkbox(key="publish").check().run()
    assert not at.button(key="start-export").disabled
    assert "hf_secret" not in plain_words(at)
    with pytest.raises(RequestError, match="not among the destinations"):
        start_export(shipped.id, FilesDestination(url="/"), [INT8])


def test_what_to_expect_without_vnni_is_estimated_and_its_twin_set_up(app, finished, answer):
    settings = QuantizeStatic(method="static")
    variants = [
        made_variant(BASE, "Baseline", sha256=hashlib.sha256(BASE.encode()).hexdigest()),
        made_variant(INT8, "Static INT8", settings=settings, sha256=hashlib.sha256(INT8.encode()).hexdigest()),
    ]
    run = finished(made_report(*variants))
    at = app(PAGE, run=run.id)
    at.button(key="cross-cpu").click().run()
    found = {"measure": "agreement", "similarity": 0.9, "top1_exact": 0.99, "top1_there": 0.9, "drop": 0.09}
    intervals = {"drop_low": 0.05, "drop_high": 0.14}
    answer(
        CrossCpu(variant_id=INT8, n_layers=15, n_can_saturate=9, n_examples=100, n_evaluation=360, **found, **intervals)
    )
    at.run()
    assert "90.0 % right answers are to be expected in place of 99.0 %: 9.0 points lost" in plain_words(at)
    assert "an estimate from 100 of 360 evaluation examples" in plain_words(at)
    at.button(key="twin").click().run()
    assert not at.exception
    (card,) = at.session_state["fw.draft"].cards
    assert card.step.reduce_range is True
