"""The Data page's sentence on how folders were read, and the clicks that read them otherwise."""

from io import BytesIO

import pytest

import engine
from engine import FolderReading, FolderUse, ImagesData, SampleModel
from engine.results import Note, codes
from pages._ui import folders_view
from pages._ui.draft import Draft, from_link, to_link
from tests.pages.test_pages import button, buttons, plain_words, preview

SENTENCE = "Read as 2 classes in 2 splits (train: 16 images, val: 6 images); left out: `unseen`, 8 images"
NOTE = Note(code=codes.FOLDERS_READ, text=SENTENCE)
READING = FolderReading(
    note=NOTE,
    folders=(
        FolderUse(name="train", role="train", n_images=16),
        FolderUse(name="unseen", role="left_out", n_images=8),
        FolderUse(name="val", role="val", n_images=6),
    ),
)
OPEN = Note(
    code=codes.FOLDERS_OPEN, text="'train' in 'set' is the name of a split, and beside it 'car' could be a class"
)
BY_NAME = "Read them by their names again"


@pytest.fixture
def draft(home) -> Draft:
    upload = engine.save_upload("set.tar.gz", "images", BytesIO(b"not parsed here"))
    return Draft(model=SampleModel(), data=ImagesData(sha256=upload.sha256))


def folders(at) -> dict[str, str]:
    return from_link(at.query_params["draft"]).data.folders


def read(app, answer, draft, **values):
    at = app("pages/data.py", images="My images", draft=to_link(draft))
    answer(preview(**values))
    return at.run()


def test_the_reading_is_one_sentence_and_no_warning_beside_it(app, answer, draft):
    at = read(app, answer, draft, folders=READING, warnings=(NOTE, Note(code="other", text="something else")))
    assert plain_words(at).count(SENTENCE) == 1
    assert [one.value for one in at.warning if "Read as" in one.value] == []
    assert "Something else" in plain_words(at)


def test_a_folder_is_read_otherwise_by_one_click(app, answer, draft):
    at = read(app, answer, draft, folders=READING)
    assert buttons(at, "unseen · 8 images").value == "left_out"
    buttons(at, "unseen · 8 images").set_value("test").run()
    assert folders(at) == {"unseen": "test"}
    answer(preview(folders=READING))  # the preview of the new reading was waiting


def test_all_folders_become_classes_by_one_click_and_go_back_by_another(app, answer, draft):
    at = read(app, answer, draft, folders=READING)
    assert BY_NAME not in [one.label for one in at.button]
    button(at, "All of them are classes").click().run()
    assert folders(at) == {"*": "class"}
    answer(preview(folders=FolderReading(note=Note(code=codes.FOLDERS_READ, text="Read as 3 classes, 30 images"))))
    at.run()
    button(at, BY_NAME).click().run()
    assert folders(at) == {}


@pytest.mark.parametrize(("answer_label", "role"), [
    ("All of them are classes", "class"),
    ("It is a split, leave the others out", "left_out"),
])  # fmt: skip
def test_a_question_is_answered_by_one_click(app, answer, draft, answer_label, role):
    at = app("pages/data.py", images="My images", draft=to_link(draft))
    answer(error=OPEN, next="Say which is meant (data.folders)")
    at.run()
    assert "Say which is meant (on the Data page)" in plain_words(at)
    button(at, answer_label).click().run()
    assert folders(at) == {"*": role}


def test_a_reading_that_is_refused_has_a_way_back(app, answer, draft):
    wrong = draft.replace(data=draft.data.model_copy(update={"folders": {"unseen": "class"}}))
    at = app("pages/data.py", images="My images", draft=to_link(wrong))
    answer(error=Note(code="data", text="'unseen' is to be a class beside 'train'"), next="Read all as classes")
    at.run()
    button(at, BY_NAME).click().run()
    assert folders(at) == {}


def test_another_failure_asks_nothing_of_folders(app, answer, draft):
    at = app("pages/data.py", images="My images", draft=to_link(draft))
    answer(error=Note(code="data", text="the zip is damaged"), next="Make it again")
    at.run()
    labels = [one.label for one in at.button]
    assert "All of them are classes" not in labels
    assert BY_NAME not in labels


def test_the_codes_and_roles_are_the_engine_s():
    assert (folders_view.FOLDERS_OPEN, folders_view.FOLDERS_READ) == (codes.FOLDERS_OPEN, codes.FOLDERS_READ)
    assert list(folders_view.ROLES) == ["class", "train", "val", "test", "left_out"]


def test_archives_of_every_kind_can_be_uploaded(app):
    at = app("pages/data.py", images="My images", draft=to_link(Draft(model=SampleModel())))
    (archive,) = [one for one in at.get("file_uploader") if "archive" in one.proto.label]
    assert {".zip", ".tar", ".tgz", ".gz", ".zst", ".parquet"} <= set(archive.proto.type)
