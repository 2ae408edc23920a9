"""The Data page shows how a label file was read, and lets a person read it otherwise."""

from io import BytesIO

import pytest

import engine
from engine import FileModel, ImagesData, LabelFile, Note
from engine.store.home import Home
from pages._ui.draft import Draft, from_link, to_link
from tests.pages.test_pages import button, preview, words

READ = LabelFile(
    name="la*bels.tsv",
    format="tab-separated",
    encoding="UTF-16",
    has_header=True,
    columns=("", "img_path", "category", "category"),
    file_column="img_path",
    label_column="category",
    n_rows=36,
    rows=(("0", "cat/00.png", "cat", "x"), ("1", "dog/00.png", "dog", "y")),
)


@pytest.fixture
def draft(home) -> Draft:
    """A draft with an upload of images and one of their labels."""
    uploads = [engine.save_upload(f"{kind}.x", kind, BytesIO(kind.encode())) for kind in ("onnx", "images", "labels")]
    data = ImagesData(sha256=uploads[1].sha256, labels=uploads[2].path)
    return Draft(model=FileModel(sha256=uploads[0].sha256), data=data)


def column(at, label: str):
    return next(box for box in at.selectbox if box.label == label)


def test_the_reading_is_shown_and_another_column_is_read_with_one_button(app, draft, answer):
    at = app("pages/data.py", images="My images", draft=to_link(draft))
    note = Note(code="label_file_read", text="the labels file 'la*bels.tsv' was read as tab-separated, UTF-16")
    answer(preview(head_fits=True, skipped=(), label_file=READ, warnings=(note,)))
    at.run()
    assert "was read as tab\\-separated, UTF\\-16" in at.info[0].value
    assert not any("tab" in warning.value for warning in at.warning)
    assert "The first of 36 rows in **la\\*bels\\.tsv**" in words(at)
    frame = at.dataframe[0].value
    assert list(frame.columns) == ["", "img_path (file)", "category (label)", "category (label), column 4"]
    assert frame.iloc[1].tolist() == ["1", "dog/00.png", "dog", "y"]
    assert column(at, "Column of the labels").placeholder == "recognised: category"
    assert button(at, "Read it so").disabled
    column(at, "Column of the labels").set_value("img_path").run()
    column(at, "Column of the files").set_value("category").run()
    button(at, "Read it so").click().run()
    assert not at.exception
    chosen = from_link(at.query_params["draft"]).data
    assert chosen == draft.data.model_copy(update={"file_column": "category", "label_column": "img_path"})


def test_a_question_about_the_labels_can_be_answered_where_reading_failed(app, draft, answer):
    at = app("pages/data.py", images="My images", draft=to_link(draft))
    answer(error=Note(code="several_labels", text="is it one class (data.whole_labels)"), next="Say so")
    at.run()
    assert "“A label is always one class” on the Data page" in words(at) + at.error[0].value.replace("\\", "")
    at.toggle[0].set_value(True).run()
    button(at, "Read it so").click().run()
    assert not at.exception
    assert from_link(at.query_params["draft"]).data == draft.data.model_copy(update={"whole_labels": True})


def test_the_same_column_twice_is_refused_in_plain_words(app, draft, answer):
    at = app("pages/data.py", images="My images", draft=to_link(draft))
    answer(preview(head_fits=True, skipped=(), label_file=READ))
    at.run()
    column(at, "Column of the labels").set_value("category").run()
    column(at, "Column of the files").set_value("category").run()
    button(at, "Read it so").click().run()
    assert "The column of the files and that of the labels are both 'category'" in at.error[0].value
    assert from_link(at.query_params["draft"]).data == draft.data


def test_all_skipped_images_can_be_taken_home(app, draft, answer):
    at = app("pages/data.py", images="My images", draft=to_link(draft))
    id = answer(preview(head_fits=True, skipped_file="skipped.csv"))
    (Home.default().job(id).path / "skipped.csv").write_text("file,reason\nx.png,it is broken\n")
    at.run()
    assert not at.exception
    (download,) = at.get("download_button")
    assert download.proto.label == "All 0 as CSV, with the reasons"


def test_folders_have_no_label_file_to_ask_about(app, draft, answer):
    folders = draft.replace(data=ImagesData(sha256=draft.data.sha256))
    at = app("pages/data.py", images="My images", draft=to_link(folders))
    answer(preview(head_fits=True))
    at.run()
    assert not [box for box in at.selectbox if box.label.startswith("Column of")]


@pytest.fixture
def packed(draft) -> Draft:
    """The same images without a label file beside them."""
    return draft.replace(data=ImagesData(sha256=draft.data.sha256))


def test_a_label_file_among_the_images_can_be_switched_off(app, packed, answer):
    at = app("pages/data.py", images="My images", draft=to_link(packed))
    answer(preview(head_fits=True, label_file=READ))
    at.run()
    assert at.text_input[0].placeholder == "found: la*bels.tsv"
    at.toggle[0].set_value(True).run()
    button(at, "Read it so").click().run()
    assert not at.exception
    assert from_link(at.query_params["draft"]).data == packed.data.model_copy(update={"label_file": "none"})


@pytest.mark.parametrize("asks", [
    {"error": Note(code="label_files_open", text="2 files may hold their labels"), "next": "Say which"},
    {"warnings": (Note(code="label_file_unused", text="Beside the folders lies 'a.csv'"),)},
])  # fmt: skip
def test_one_of_several_label_files_is_named(app, packed, answer, asks):
    at = app("pages/data.py", images="My images", draft=to_link(packed))
    answer(preview(head_fits=True, warnings=asks["warnings"])) if "warnings" in asks else answer(**asks)
    at.run()
    (name,) = [field for field in at.text_input if field.label == "Label file among the images"]
    name.set_value("a.csv").run()
    button(at, "Read it so").click().run()
    assert not at.exception
    assert from_link(at.query_params["draft"]).data.label_file == "a.csv"
