"""What is wrong with the user's images stands below their preview, and one click leaves the leaks out."""

from io import BytesIO

import pytest
from PIL import Image

import engine
from engine import FINDINGS_FILE, DataPreview, ImagesData, Note, SampleModel, list_jobs
from engine.results import DataAudit, DataSummary
from pages._ui.draft import Draft, from_link, sample, to_link
from tests.made_audit import made_audit
from tests.pages.test_pages import button, words

PREVIEW = DataPreview(
    summary=DataSummary(
        n_train=200,
        n_calibration=40,
        n_evaluation=100,
        n_holdout=0,
        n_skipped=0,
        classes=None,
        evaluation_sha256="c" * 64,
    ),
    counts=(),
    skipped=(),
    examples=(),
    n_outputs=10,
    head_fits=None,
    preprocess=None,
)
LEAVE_OUT, PUT_BACK = "Leave them out of evaluation", "Put the copies back"


@pytest.fixture
def page(app, answer):
    """The Data page on an upload whose preview is done; `leave_out` is the data's."""

    def opened(leave_out: str = "nothing"):
        upload = engine.save_upload("pets.zip", "images", BytesIO(b"PK"))
        data = ImagesData(sha256=upload.sha256, leave_out=leave_out)
        at = app("pages/data.py", draft=to_link(Draft(model=SampleModel(), data=data)))
        assert list_jobs("audit") == ()  # what cannot be read is not looked at
        answer(PREVIEW)
        return at.run()

    return opened


@pytest.fixture
def ended(answer, home):
    """Ends the audit that waits with this result and its files, and draws the page again."""

    def end(at, audit: DataAudit):
        folder = home.job(answer(audit)).path
        for check in audit.checks:
            for name in (name for one in check.examples for name in (one.picture, one.other_picture) if name):
                Image.new("RGB", (8, 8)).save(folder / name)
        (folder / FINDINGS_FILE).write_text("check\n")
        at.run()
        assert not at.exception
        return at

    return end


def labels(at) -> list[str]:
    return [one.label for one in at.button]


def draft_of(at) -> Draft:
    return from_link(at.query_params["draft"])


def test_it_starts_by_itself_and_does_not_block_the_page(page):
    at = page()
    (job,) = list_jobs("audit")
    assert job.state == "queued"
    assert "You can go on meanwhile" in words(at)
    assert [link.label for link in at.get("page_link") if "Next" in link.label]


def test_the_sample_is_not_looked_at(app, answer):
    at = app("pages/data.py", draft=to_link(sample()))
    answer(PREVIEW)
    at.run()
    assert list_jobs("audit") == ()


def test_findings_are_counted_explained_and_downloaded(page, ended):
    at = ended(page(), made_audit())
    titles = [one.label.replace("\\", "") for one in at.expander]
    assert titles[-4:] == ["12 leaked images", "3 nearly leaked images", "2 likely label errors", "4 blank images"]
    text = words(at).replace("\\", "")
    assert "up to 19 points wide" in text
    assert "1 of 3 classes with too few evaluation images for an accuracy of their own: 'owl' (2: 81 points)" in text
    assert "200 grey images of 360, so the set is like that" in text
    assert "val/cat/4.png (evaluation): cat, may be dog" in text
    assert len(at.get("download_button")) == 1


def test_one_click_leaves_the_leaks_out_and_another_puts_them_back(page, ended, answer):
    at = ended(page(), made_audit())
    assert "15 images to judge a model by also train or calibrate: copies, 12 byte for byte and 3 by look" in words(at)
    button(at, LEAVE_OUT).click().run()
    assert draft_of(at).data.leave_out == "near_duplicates"
    answer(PREVIEW)
    at.run()
    clean = tuple(one.model_copy(update={"n_found": 0, "examples": ()}) for one in made_audit().checks)
    left = made_audit().summary.model_copy(update={"n_left_out": 15, "n_leaked": 0})
    ended(at, made_audit(checks=clean, summary=left))
    assert at.success[0].value.startswith("15 images left out of evaluation and holdout")
    assert LEAVE_OUT not in labels(at)
    button(at, PUT_BACK).click().run()
    assert draft_of(at).data.leave_out == "nothing"


def test_where_nothing_would_be_left_there_is_no_button(page, ended):
    at = ended(page(), made_audit(n_without_leaks=0))
    assert LEAVE_OUT not in labels(at)
    assert "No evaluation image is left without them" in words(at)


def test_a_failure_is_told_and_the_way_on_stays(page, answer):
    at = page()
    answer(error=Note(code="x", text="the disk is full"), next="Free some space")
    at.run()
    assert not at.exception
    assert "disk is full" in " ".join(one.value for one in at.error)
    assert [link.label for link in at.get("page_link") if "Next" in link.label]
