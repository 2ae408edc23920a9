"""How images are prepared, shown and corrected on the Model page, and what a file leaves open is asked for."""

import pytest

from engine import (
    NORMALISATIONS,
    FileModel,
    ModelSignature,
    ProfileRequest,
    SampleModel,
    TimmModel,
    analyse,
    save_upload,
)
from engine.results import Note
from engine.settings import Preprocess
from pages._ui.draft import Draft, from_link, to_link
from tests.made import GRAY, made_profile
from tests.pages.test_pages import box, button, plain_words

READ = Preprocess(size=(224, 224), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), crop_pct=0.875)
ASSUMED = {name: "graph" if name == "size" else "assumed" for name in Preprocess.model_fields}
FIXED = {"inputs": {"x": ("N", 3, 224, 224)}}
SIZE_OPEN = Note(code="input_size_open", text="the model takes images of any size")
OUTPUT_OPEN = Note(code="output_open", text="the model has 2 outputs of shape (batch, classes)")


@pytest.fixture
def uploaded(tmp_path, home):
    """A stored file; the model that names it."""
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"a model")
    with path.open("rb") as file:
        return FileModel(sha256=save_upload("mine.onnx", "onnx", file).sha256)


def opened(app, model, **draft):
    return app("pages/model.py", source="ONNX file", draft=to_link(Draft(model=model, **draft)))


@pytest.fixture
def profiled(app, uploaded, answer):
    """The Model page of an uploaded file with this profile."""

    def open_page(**changed):
        at = opened(app, uploaded)
        values = {"format": "onnx", "weights": "file", "preprocess": READ, "preprocess_origins": ASSUMED, **FIXED}
        answer(made_profile(**values | changed))
        return at.run()

    return open_page


def draft_of(at):
    return from_link(at.query_params["draft"])


def field(at, label):
    return next(one for one in at.text_input if one.label == label)


def settings_lines(at):
    """The value of each setting, and where it comes from."""
    (text,) = [one.value for one in at.markdown if one.value.startswith("**Height and width**")]
    rows = (line.replace("\\", "").lstrip("*").split("** ") for line in text.split("  \n"))
    return {label: tuple(value.rstrip("]").split(" :gray[· ")) for label, value in rows}


def test_what_is_assumed_and_where_it_comes_from_is_shown(profiled):
    rows = settings_lines(profiled())
    assert rows["Height and width"] == ("224×224 px", "the graph")
    assert rows["Mean of each channel"][1] == "assumed"
    assert rows["Kept by the centre crop"] == ("87.5 %", "assumed")
    assert rows["Channels"][0] == "RGB"


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_a_preset_is_used_at_once_and_is_in_the_address(profiled, name):
    at = profiled()
    button(at, name).click().run()
    assert not at.exception
    normalisation = NORMALISATIONS[name]
    numbers = {"mean": normalisation.mean, "std": normalisation.std, "scale": normalisation.scale}
    assert draft_of(at).preprocess == READ.model_copy(update=numbers)


def test_the_form_is_used_by_its_button_and_can_be_taken_back(profiled, answer):
    at = profiled()
    assert button(at, "Use these").disabled
    field(at, "Standard deviation of each channel").input("0.5, 0.25 0.125").run()
    assert draft_of(at).preprocess is None
    button(at, "Use these").click().run()
    changed = READ.model_copy(update={"std": (0.5, 0.25, 0.125)})
    assert draft_of(at).preprocess == changed
    answer(made_profile(format="onnx", preprocess=changed, preprocess_origins=dict.fromkeys(ASSUMED, "asked"), **FIXED))
    at.run()
    assert {origin for _, origin in settings_lines(at).values()} == {"set here"}
    button(at, "Back to what was read").click().run()
    assert draft_of(at).preprocess is None


@pytest.mark.parametrize(("label", "text", "said"), [
    ("Mean of each channel", "0.5, red, 0.5", "'red' is not possible: it must be a number."),
    ("Standard deviation of each channel", "0.5, 0, 0.5", "0 is not possible: it must be more than 0."),
    ("Mean of each channel", "0.5, 0.5", "Mean has 2 values and std 3, they must be as many."),
    ("Mean of each channel", "", "at least 1 long"),
])  # fmt: skip
def test_a_wrong_number_says_why_beside_its_field(profiled, label, text, said):
    at = profiled()
    field(at, label).input(text).run()
    assert said in plain_words(at)
    assert button(at, "Use these").disabled


def test_a_size_that_the_graph_fixes_is_no_choice(profiled):
    labels = {one.label for one in profiled().text_input}
    assert "Mean of each channel" in labels
    assert "Height and width, px" not in labels


def test_a_graph_of_bytes_leaves_its_numbers_no_choice(profiled):
    at = profiled(input_kind="uint8")
    assert "Mean of each channel" not in {one.label for one in at.text_input}
    assert not [one for one in at.button if one.label in NORMALISATIONS]


def test_a_gray_image_gets_the_mean_of_a_preset(profiled):
    at = profiled(preprocess=GRAY, inputs={"x": ("N", 1, 64, 64)})
    button(at, "ImageNet").click().run()
    assert draft_of(at).preprocess.mean == (pytest.approx(0.449),)


def test_the_sample_has_no_card_and_a_timm_model_has_one(app, answer):
    at = app("pages/model.py", draft=to_link(Draft(model=SampleModel())))
    answer(made_profile(preprocess=GRAY))
    at.run()
    assert "How images are prepared" not in plain_words(at)
    at = app("pages/model.py", draft=to_link(Draft(model=TimmModel(name="resnet10t", weights="random"))))
    answer(made_profile(preprocess=READ))
    at.run()
    assert "How images are prepared" in plain_words(at)
    assert settings_lines(at)["Height and width"] == ("224×224 px",)


def test_a_file_of_any_size_asks_for_the_size_and_keeps_what_is_assumed_assumed(app, uploaded, answer):
    at = opened(app, uploaded)
    answer(error=SIZE_OPEN, next="Say which (model.size)")
    at.run()
    assert "It takes images of any size: which are yours?" in plain_words(at)
    assert not at.error
    field(at, "Height and width of its images, px").input("192x256").run()
    button(at, "Use this size").click().run()
    assert not at.exception
    assert draft_of(at).model == uploaded.model_copy(update={"size": (192, 256)})
    assert draft_of(at).preprocess is None
    asked = dict.fromkeys(ASSUMED, "assumed") | {"size": "asked"}
    answer(made_profile(format="onnx", preprocess=READ, preprocess_origins=asked))
    at.run()
    field(at, "Height and width of its images, px").input("128").run()
    button(at, "Use this size").click().run()
    assert draft_of(at).model.size == (128, 128)


def test_of_several_outputs_one_is_chosen_from_a_list_with_shapes(app, uploaded, answer):
    at = opened(app, uploaded)
    answer(error=OUTPUT_OPEN, next="Say which it is (model.output)")
    at.run()
    outputs = {"logits": ("n", 10), "features": ("n", 32)}
    answer(ModelSignature(inputs={"x": ("n", 3, 8, 8)}, outputs=outputs))
    at.run()
    assert "Which of its outputs holds the class scores?" in plain_words(at)
    assert not at.error
    choice = box(at, "Main output")
    assert (choice.options, choice.value) == (["logits · n×10", "features · n×32"], None)
    choice.set_value("features").run()
    assert not at.exception
    assert draft_of(at).model == uploaded.model_copy(update={"output": "features"})
    answer(made_profile(format="onnx", preprocess=READ, outputs=outputs, **FIXED))
    at.run()
    choice = box(at, "Main output")
    assert choice.options == ["automatic", "logits · n×10", "features · n×32"]
    choice.set_value("automatic").run()
    assert draft_of(at).model == uploaded


def test_another_output_keeps_the_preprocessing_and_another_file_does_not(app, uploaded, answer):
    at = opened(app, uploaded, preprocess=READ)
    outputs = {"logits": ("n", 10), "features": ("n", 32)}
    answer(made_profile(format="onnx", preprocess=READ, outputs=outputs, **FIXED))
    at.run()
    box(at, "Main output").set_value("features").run()
    assert draft_of(at).preprocess == READ
    other = TimmModel(name="resnet10t")
    assert Draft(model=uploaded, preprocess=READ).replace(model=other).preprocess is None


def test_what_was_set_stays_in_view_where_it_is_refused(app, uploaded, answer):
    at = opened(app, uploaded, preprocess=READ)
    answer(error=Note(code="source", text="the model takes images of 8x8 px"), next="Correct the size")
    at.run()
    button(at, "Back to what was read").click().run()
    assert draft_of(at).preprocess is None
    assert analyse(ProfileRequest(model=uploaded), from_browser=True).state == "queued"
