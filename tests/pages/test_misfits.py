"""Labels that cannot judge the model are told on the Data page, and what was read is no warning."""

from io import BytesIO

import pytest

from engine import FileModel, ImagesData, SampleData, TimmModel, save_upload
from engine.planning.compatibility import head_misfit, unlabelled_task
from engine.results import Note
from engine.settings import Preprocess
from pages._ui import fit
from pages._ui.draft import Draft, from_link, to_link
from pages._ui.wording import plain
from tests.made import made_profile
from tests.pages.test_pages import button, preview, words

NO_CLASSES = {"head_fits": None, "task": "segmentation", "n_outputs": 0}


@pytest.fixture
def draft(home):
    """A file of this home with images in labelled folders."""
    model = FileModel(sha256=save_upload("mine.onnx", "onnx", BytesIO(b"a model")).sha256)
    data = ImagesData(sha256=save_upload("photos.zip", "images", BytesIO(b"a zip")).sha256)
    return Draft(model=model, data=data)


def is_ready(at) -> bool:
    """Whether the page leads on to the next one."""
    return any("Next: choose" in one.proto.label for one in at.get("page_link"))


@pytest.mark.parametrize(
    ("shown", "refusal"),
    [
        (NO_CLASSES, unlabelled_task("segmentation")),
        ({"head_fits": False, "n_outputs": 4}, head_misfit(4, 10, trainable=False)),
    ],
    ids=["segmenter", "head"],
)
def test_labels_that_do_not_fit_a_file_are_refused_where_they_are_chosen(app, answer, draft, shown, refusal):
    at = app("pages/data.py", images="My images", draft=to_link(draft))
    answer(preview(**shown))
    at.run()
    assert not at.exception
    assert all(text in words(at) for text in fit.sentences(refusal))
    assert "0 outputs" not in words(at)
    assert not is_ready(at)
    button(at, "Go on without labels").click().run()
    assert from_link(at.query_params["draft"]).data.labels == "none"


def test_labels_that_fit_lead_on(app, answer, draft):
    at = app("pages/data.py", images="My images", draft=to_link(draft))
    answer(preview(head_fits=True, n_outputs=10))
    at.run()
    assert is_ready(at)
    assert "Go on without labels" not in [one.label for one in at.button]


def test_a_head_that_a_fine_tune_replaces_is_no_refusal(app, answer):
    draft = Draft(model=TimmModel(name="resnet10t", weights="random"), data=SampleData())
    at = app("pages/data.py", draft=to_link(draft))
    answer(preview())
    at.run()
    assert plain(head_misfit(1000, 10, trainable=True).message) in words(at)
    assert is_ready(at)


READ = Note(code="weights_unwrapped", text="Its 'state_dict' was taken")
ASSUMED = Note(code="preprocess_assumed", text="It is not said how images are prepared")


def test_what_was_read_is_information_and_what_was_assumed_a_warning(app, answer):
    upload = save_upload("mine.pth", "weights", BytesIO(b"weights"))
    model = TimmModel(name="resnet10t", weights=upload.path, weights_sha256=upload.sha256)
    at = app("pages/model.py", draft=to_link(Draft(model=model)))
    pixels = Preprocess(size=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3)
    origins = dict.fromkeys(Preprocess.model_fields, "assumed")
    answer(made_profile(weights="file", warnings=(READ, ASSUMED), preprocess=pixels, preprocess_origins=origins))
    at.run()
    assert [one.value for one in at.info if "state" in one.value] == [plain(f"{READ.text}.")]
    assert [one.value for one in at.warning] == [plain(f"{ASSUMED.text}.")]
    assert "· assumed" in words(at)
