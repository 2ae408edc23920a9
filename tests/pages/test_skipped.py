"""Images that were left out are one line of a page, which unfolds, and a CSV; also where all were refused for them."""

from io import BytesIO

import pytest

import engine
from engine import ImagesData, Note, SampleModel
from engine.store.home import Home
from pages._ui.draft import Draft, to_link
from tests.made import made_report
from tests.pages.test_pages import words

NOTES = (
    *(Note(code="image_skipped", text=f"'{index}.png' was left out: it is empty") for index in range(50)),
    Note(code="image_skipped_more", text="2 more images were left out"),
)


def write_list(id: str) -> None:
    (Home.default().job(id).path / "skipped.csv").write_text("file,reason\n0.png,it is empty\n")


def downloads(at) -> list[str]:
    return [button.proto.label for button in at.get("download_button")]


@pytest.mark.parametrize("has_list", [True, False])
def test_the_results_fold_them_into_one_line(app, finished, has_list):
    report = made_report(warnings=(*NOTES, Note(code="other", text="something else")))
    report = report.model_copy(update={"data": report.data.model_copy(update={"n_skipped": 52})})
    run = finished(report)
    if has_list:
        write_list(run.id)
    at = app("pages/results.py", run=run.id)
    assert [
        warning.value for warning in at.warning if "was left out" in warning.value or "2 more" in warning.value
    ] == []
    assert "Something else" in words(at)
    (expander,) = [one for one in at.expander if "skipped" in one.label]
    assert expander.label == "52 images skipped"
    assert "'0.png' was left out: it is empty\n" in expander.code[0].value
    assert ("All 52 as CSV, with the reasons" in downloads(at)) == has_list


def test_a_refusal_for_too_many_offers_the_list(app, answer, home):
    upload = engine.save_upload("set.zip", "images", BytesIO(b"not parsed here"))
    draft = Draft(model=SampleModel(), data=ImagesData(sha256=upload.sha256))
    at = app("pages/data.py", images="My images", draft=to_link(draft))
    id = answer(error=Note(code="data", text="90 of 100 files in 'set.zip' are no usable images"), next="Choose others")
    write_list(id)
    at.run()
    assert not at.exception
    assert downloads(at) == ["The files left out, as CSV with the reasons"]
