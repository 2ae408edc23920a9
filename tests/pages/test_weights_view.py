"""A weights file without an architecture, on the Model page: what it may be of is offered, and never assumed."""

import pytest
import torch

from engine import Identification, Note, TimmModel, uploads
from pages._ui.draft import Draft, from_link, to_link
from pages._ui.model import weights_view

CHECKPOINT = Identification(name="last.ckpt", n_tensors=122, parameters=11_700_000, architectures=())


@pytest.fixture
def page(app, look_into, tmp_path):
    """The Model page after the upload of a weights file whose architecture is not known."""
    torch.save({"a": torch.zeros(3)}, tmp_path / "last.ckpt")
    at = app("pages/model.py", source="Catalogue")
    picker = next(one for one in at.file_uploader if one.label == weights_view.LABEL)
    picker.upload("last.ckpt", (tmp_path / "last.ckpt").read_bytes()).run()
    look_into()
    at.run()
    assert not at.exception
    return at


def offers(at) -> list[str]:
    return [one.label for one in at.button if (one.key or "").startswith("identify-")]


def said(at) -> str:
    return "\n".join(str(element.value) for element in [*at.caption, *at.markdown, *at.info, *at.error])


def test_each_architecture_that_it_may_be_of_is_a_button(page, answer):
    note = Note(code="weights_unwrapped", text="'last.ckpt' is a checkpoint: its 'state_dict' was taken.")
    answer(CHECKPOINT.model_copy(update={"architectures": ("resnet18", "resnetblur18"), "notes": (note,)}))
    page.run()
    assert "its 'state\\_dict' was taken" in said(page)
    assert offers(page) == ["Use resnet18", "Use resnetblur18"]
    assert from_link(page.query_params.get("draft", "")).model is None
    page.button(key="identify-resnetblur18").click().run()
    (upload,) = uploads("weights")
    chosen = TimmModel(name="resnetblur18", weights=upload.path, weights_sha256=upload.sha256)
    assert from_link(page.query_params["draft"]).model == chosen

    weights = next(one for one in page.button_group if one.label == "Weights")
    assert weights.value == "upload"
    picker = page.selectbox(
        key=next(one.key for one in page.selectbox if (one.key or "").startswith("earlier-weights@"))
    )
    assert picker.value.sha256 == upload.sha256
    assert not page.button(key="identify-resnet18").disabled


def test_where_nothing_gives_it_away_nothing_is_offered(page, answer):
    answer(CHECKPOINT)
    page.run()
    assert "No architecture of the catalogue" in said(page)
    assert offers(page) == []


def test_a_file_without_weights_is_refused_in_its_place(page, answer):
    answer(error=Note(code="source", text="'last.ckpt' holds no weights by name"), next="Save the state dict")
    page.run()
    assert "holds no weights by name" in said(page)


@pytest.mark.parametrize(("model", "kind"), [
    (TimmModel(name="resnet18.tv_in1k", num_classes=5), "pretrained"),
    (TimmModel(name="resnet18", weights="random"), "random"),
])  # fmt: skip
def test_the_card_of_an_architecture_shows_what_was_chosen_for_it(app, model, kind):
    at = app("pages/model.py", source="Catalogue", draft=to_link(Draft(model=model)))
    assert next(one for one in at.button_group if one.label == "Weights").value == kind
    assert next(one for one in at.number_input if one.label.startswith("Classes")).value == model.num_classes
    tags = [one.value for one in at.selectbox if one.label == "Trained as"]
    assert tags == (["tv_in1k"] if kind == "pretrained" else [])
