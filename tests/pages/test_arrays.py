"""The Data page for a model that takes no images: arrays and what they must hold, or random inputs."""

from io import BytesIO

import pytest

import engine
from engine import ArraysData, DataPreview, FileModel, ProfileRequest, SampleData, SampleModel
from engine.results import ArraySummary, TensorSpec
from pages._ui.arrays_view import _saving
from pages._ui.draft import Draft, data_name, from_link, to_link
from tests.made import made_profile, made_report
from tests.pages.test_pages import button, words

SPECS = (
    TensorSpec(name="input_ids", dtype="int64", shape=("tokens",), upper=30522),
    TensorSpec(name="[mask](x)", dtype="bool", shape=("tokens",)),
)


@pytest.fixture
def draft(home, answer) -> Draft:
    """A draft of an uploaded model whose profile says that it takes no images."""
    model = FileModel(sha256=engine.save_upload("bert.onnx", "onnx", BytesIO(b"a model")).sha256)
    engine.analyse(ProfileRequest(model=model), from_browser=True)
    answer(made_profile(input_specs=SPECS))
    return Draft(model=model)


def sources(at) -> list[str]:
    (control,) = [group for group in at.button_group if group.label == "Source"]
    return list(control.options)


def test_arrays_are_offered_in_place_of_images_with_what_they_must_hold(app, draft):
    at = app("pages/data.py", draft=to_link(draft))
    assert sources(at) == ["My arrays", "No data"]
    assert "- input\\_ids int64 \\(N, tokens\\)\n- \\[mask\\]\\(x\\) bool" in words(at)
    assert "np.savez" in at.code[0].value
    assert button(at, "Use these arrays").disabled


@pytest.mark.parametrize(("label", "title"), [("Next: choose inputs", "Data"), ("Go on without inputs", "Optimize")])
def test_the_model_page_goes_on_to_inputs(app, draft, label, title):
    at = app("pages/model.py", draft=to_link(draft))
    button(at, label).click().run()
    assert at.title[0].value == title


def test_a_model_of_images_is_offered_no_arrays(app):
    at = app("pages/data.py", draft=to_link(Draft(model=SampleModel(), data=SampleData())))
    assert sources(at) == ["Sample", "My images", "No data"]


def test_an_uploaded_npz_becomes_the_data(app, draft):
    upload = engine.save_upload("inputs.npz", "arrays", BytesIO(b"arrays"))
    at = app("pages/data.py", draft=to_link(draft))
    at.selectbox[0].select_index(0).run()
    button(at, "Use these arrays").click().run()
    chosen = from_link(at.query_params["draft"])
    assert chosen.data == ArraysData(sha256=upload.sha256)
    assert data_name(chosen) == "inputs.npz"


def test_random_inputs_are_a_choice_that_says_what_they_are(app, draft):
    at = app("pages/data.py", images="No data", draft=to_link(draft))
    assert "valid indices for integers" in words(at)
    button(at, "Go on without data").click().run()
    assert from_link(at.query_params["draft"]).synthetic


def test_the_preview_shows_arrays_as_a_table(app, draft, answer):
    upload = engine.save_upload("inputs.npz", "arrays", BytesIO(b"arrays"))
    at = app("pages/data.py", draft=to_link(draft.replace(data=ArraysData(sha256=upload.sha256))))
    summary = ArraySummary(name="input_ids", dtype="int64", shape=(128,), low=0, high=30521, mean=1234.5)
    answer(
        DataPreview(
            summary=made_report().data,
            counts=(),
            skipped=(),
            examples=(),
            n_outputs=2,
            head_fits=None,
            preprocess=None,
            arrays=(summary,),
        )
    )
    at.run()
    assert at.table[0].value.iloc[0].tolist() == ["input\\_ids", "int64", "128", "0", "30,521", "1,234.5"]
    assert not at.exception


def test_names_that_python_does_not_have_are_saved_too():
    assert _saving(["ids", "mask"]) == 'np.savez("inputs.npz", ids=ids, mask=mask)'
    assert _saving(["model/x:0"]) == "np.savez(\"inputs.npz\", **{'model/x:0': array_1})"
