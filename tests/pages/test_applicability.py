"""What can be done with a model, on the Model page and at the cards of the Optimize page."""

import pytest

from engine import (
    Distill,
    FileModel,
    ProfileRequest,
    QuantizeAuto,
    SampleData,
    Simplify,
    TimmModel,
    analyse,
    save_upload,
)
from engine.planning.applicability import step_refusal
from pages._ui.cards import of_chain
from pages._ui.draft import Draft, from_link, to_link
from tests.made import made_profile
from tests.pages.test_pages import addable, button, lines, plain_words, switch

PARTS = ("message", "next")


@pytest.fixture
def uploaded(tmp_path, home):
    """Stores a file of this home; the model that names it."""
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"a model")
    with path.open("rb") as file:
        return FileModel(sha256=save_upload("mine.onnx", "onnx", file).sha256)


def profile(**changed):
    return made_profile(format="onnx", weights="file", weighted_layers=("Conv", "Gemm"), **changed)


@pytest.fixture
def looked_at(uploaded, answer):
    """Ends the profile of the uploaded file with these traits."""

    def end(**changed):
        analyse(ProfileRequest(model=uploaded), from_browser=True)
        answer(profile(**changed))

    return end


INT8 = {"number_format": "INT8"}


def optimize(app, model, *steps, data=None):
    draft = Draft(model=model, data=data, synthetic=data is None, cards=of_chain(steps))
    return app("pages/optimize.py", draft=to_link(draft))


def test_a_step_that_does_not_apply_is_off_with_the_reason_and_the_rest_runs(app, uploaded, looked_at):
    looked_at(**INT8)
    at = optimize(app, uploaded, Simplify(), QuantizeAuto())
    assert not at.exception
    quantize = switch(at, "Quantize")
    assert (quantize.value, quantize.disabled) == (False, True)
    assert lines(at)[1] == ":gray[**2. Quantize** · not for this model]"
    refusal = step_refusal(QuantizeAuto(), (), profile(**INT8))
    assert all(getattr(refusal, part).lower() in plain_words(at).lower() for part in PARTS)
    assert [step.technique for step in from_link(at.query_params["draft"]).steps] == ["simplify"]
    assert not button(at, "Run").disabled


def test_nothing_is_switched_off_before_the_model_is_known(app, uploaded):
    at = optimize(app, uploaded, QuantizeAuto())
    assert switch(at, "Quantize").value
    assert not switch(at, "Quantize").disabled


def test_what_does_not_apply_cannot_be_added_and_the_menu_says_why(app, uploaded, looked_at):
    looked_at(**INT8)
    at = optimize(app, uploaded, Simplify(), data=SampleData())
    assert addable(at) == {"distill", "swap", "simplify"}
    assert "**Float16**: The model is quantized already, and 8 bits are less than 16." in plain_words(at)


def test_a_student_that_replaces_the_file_can_be_quantized(app, uploaded, looked_at):
    looked_at(**INT8)
    at = optimize(app, uploaded, Distill(student="resnet18"), QuantizeAuto(), data=SampleData())
    assert not switch(at, "Quantize").disabled
    assert [step.technique for step in from_link(at.query_params["draft"]).steps] == ["distill", "quantize"]
    switch(at, "Distil").set_value(False).run()
    assert switch(at, "Quantize").disabled


def test_a_preset_that_does_not_apply_is_disabled_with_the_same_reason(app, uploaded, looked_at):
    looked_at(**INT8)
    at = optimize(app, uploaded)
    assert button(at, "Safe").disabled
    assert ":material/block: The model is quantized already. Start from its FP32 file." in plain_words(at)


def test_the_model_page_lists_what_can_be_done(app, uploaded, looked_at):
    looked_at(**INT8)
    at = app("pages/model.py", source="ONNX file", draft=to_link(Draft(model=uploaded)))
    assert not at.exception
    (text,) = (one.value.replace("\\", "") for one in at.markdown if "**Simplify**" in one.value)
    can, cannot = text.split("  \n")[:3], text.split("  \n")[3:]
    assert all("check_circle" in line for line in can)
    assert all("block" in line for line in cannot)
    assert "**Distil**, with images and a student that learns the model's answers" in text
    assert "**Quantize**: The model is quantized already. Start from its FP32 file." in text
    assert text.count("**Quantize**") == 1


def test_methods_that_do_not_apply_are_named_beside_those_that_do(app, answer):
    at = app("pages/model.py", draft=to_link(Draft(model=TimmModel(name="rexnet_100", weights="random"))))
    answer(made_profile(architecture="rexnet_100"))
    at.run()
    assert "**Prune** (Sparse weights)" in plain_words(at)
    assert "**Prune** (Prune channels): Prune cannot cut channels of 'rexnet_100'" in plain_words(at)


def test_the_recipe_is_refused_with_the_same_words(app, uploaded, looked_at):
    looked_at(**INT8)
    draft = Draft(model=uploaded, synthetic=True, chains=((Simplify(),), (QuantizeAuto(),)))
    at = app("pages/optimize.py", draft=to_link(draft))
    refusal = step_refusal(QuantizeAuto(), (), profile(**INT8))
    assert f"Chain 2, quantize: {refusal.message}.  \n{refusal.next}." in plain_words(at)
    assert button(at, "Run").disabled
