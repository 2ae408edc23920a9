"""What is known to go wrong is said before the run, from what analyses of this home have found."""

import pytest

import engine
from engine import Distill, FileModel, ImagesData, Preflight, Recipe, SampleData, SampleModel, TimmModel
from engine.jobs.claims import Claims
from engine.jobs.queue import Queue
from engine.planning.applicability import recipe_refusal
from engine.results import DataPreview, LabelOutput, ModelProfile, Note
from engine.settings import BaselineModel, Finetune, Preprocess, PreviewRequest, ProfileRequest, Target
from engine.store.folders import Outcome, now
from tests.made import made_report

GRAY = Preprocess(size=(64, 64), mean=(0.5,), std=(0.25,))
COLOUR = Preprocess(size=(224, 224), mean=(0.5,) * 3, std=(0.25,) * 3)
TEN = tuple("0123456789")
ASSUMED = Note(code="preprocess_assumed", text="images are taken to be RGB")


def profile(n_outputs=10, classes=TEN, preprocess=GRAY, batch="batch", name="model.onnx"):
    channels, (height, width) = len(preprocess.mean), preprocess.size
    return ModelProfile(
        name=name,
        format="onnx",
        weights="file",
        inputs={"x": (batch, channels, height, width)},
        outputs={"y": (batch, n_outputs)},
        opset=20,
        parameters=1,
        macs=None,
        size_bytes=2,
        layers={"Conv": 3},
        classes=classes,
        n_outputs=n_outputs,
        preprocess=preprocess,
    )


@pytest.mark.parametrize(("number_format", "refused"), [("FP32", 0), ("FP16", 1), ("INT8", 1)])
def test_a_file_in_fewer_bits_is_refused_in_the_words_of_the_run(number_format, refused, found, tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"of any format")
    recipe = asked({"technique": "quantize"}, model=FileModel(path=str(tmp_path / "a.onnx")))
    own = profile().model_copy(update={"number_format": number_format})
    look_at(found, recipe, own)
    misfit = recipe_refusal(recipe, own)
    assert engine.preflight(recipe).refusals == ((misfit,) if refused else ())
    assert (misfit is not None) is bool(refused)


def preview(fits=True):
    return DataPreview(
        summary=made_report().data, counts=(), skipped=(), examples=(), n_outputs=10, head_fits=fits, preprocess=GRAY
    )


@pytest.fixture
def found(home):
    """Ends an analysis with what it found, or with an error."""

    def end(request, result=None, error=None):
        queue = Queue(home)
        id = engine.analyse(request).id
        assert Claims(queue, "test/1").claim("analysis") == id
        if result is not None:
            queue.home.job(id).write("result.json", result)
        queue.finish(
            id,
            Outcome(
                state="failed" if error else "done",
                error=error,
                next="Choose another",
                exit_status=0,
                started=now(),
                finished=now(),
            ),
        )

    return end


def asked(*steps, model=None, data=None, **changed):
    values = {"model": model or SampleModel(), "data": data or SampleData(), "steps": steps, **changed}
    return engine.resolve(Recipe.parse(values))


def look_at(found, recipe, own, shown=None):
    is_file = isinstance(recipe.model, FileModel)
    found(ProfileRequest(model=recipe.model), own if is_file else own.model_copy(update={"format": "timm"}))
    found(PreviewRequest(model=recipe.model, data=recipe.data), shown or preview())


def test_what_nobody_has_looked_into_is_unknown_and_refuses_nothing(home):
    recipe = asked()
    request = PreviewRequest(model=recipe.model, data=recipe.data)
    assert engine.preflight(recipe) == Preflight(unknown=(ProfileRequest(model=recipe.model), request))


def test_parts_that_go_together_are_let_through(found):
    recipe = asked(Distill(teacher=BaselineModel()))
    look_at(found, recipe, profile())
    assert engine.preflight(recipe) == Preflight()


def test_a_model_that_was_refused_is_refused_with_its_reason(found, tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"none")
    recipe = asked(model=FileModel(path=str(tmp_path / "a.onnx")))
    request = ProfileRequest(model=recipe.model)
    found(request, error=Note(code="source", text="it is no ONNX file"))
    (refusal,) = engine.preflight(recipe).refusals
    assert (refusal.message, refusal.next) == ("the model cannot be used: it is no ONNX file", "Choose another")
    assert refusal.request == request, "which may succeed the next time"


def test_the_model_is_looked_at_with_the_recipe_s_own_preprocessing(found, tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"of any size")
    recipe = asked(model=FileModel(path=str(tmp_path / "a.onnx")), preprocess=COLOUR)
    found(ProfileRequest(model=recipe.model), error=Note(code="source", text="it takes images of any size"))
    own = ProfileRequest(model=recipe.model, preprocess=COLOUR)
    assert own in engine.preflight(recipe).unknown
    found(own, profile(preprocess=COLOUR))
    assert engine.preflight(recipe).refusals == ()


def test_a_teacher_that_does_not_say_how_gets_its_images_as_the_student_does(found, tmp_path):
    (tmp_path / "t.onnx").write_bytes(b"a teacher")
    recipe = asked(Distill(teacher=FileModel(path=str(tmp_path / "t.onnx"))))
    bgr = COLOUR.model_copy(update={"channels": "bgr"})
    look_at(found, recipe, profile(preprocess=bgr))
    (unknown,) = engine.preflight(recipe).unknown
    found(unknown, profile(name="t.onnx", preprocess=COLOUR).model_copy(update={"warnings": (ASSUMED,)}))
    (again,) = engine.preflight(recipe).unknown
    assert again == unknown.model_copy(update={"preprocess": bgr})
    found(again, profile(name="t.onnx", preprocess=bgr))
    assert engine.preflight(recipe) == Preflight()


UNFIT = [
    (profile(name="t.onnx", preprocess=COLOUR), "takes images of 3x224x224 and the student of 1x64x64"),
    (profile(name="t.onnx", n_outputs=7, classes=None), "tells 7 classes apart and the data 10"),
    (profile(name="t.onnx", n_outputs=1, classes=None), "has one output"),
    (profile(name="t.onnx", classes=("zero", *TEN[1:])), "calls 'zero' what the data calls '0'"),
]


@pytest.mark.parametrize(("teacher", "text"), UNFIT)
def test_an_unfit_teacher_is_refused_in_the_plan(found, tmp_path, teacher, text):
    (tmp_path / "t.onnx").write_bytes(b"a teacher")
    recipe = asked(Distill(teacher=FileModel(path=str(tmp_path / "t.onnx"))))
    look_at(found, recipe, profile())
    (unknown,) = engine.preflight(recipe).unknown
    found(unknown, teacher)
    (refusal,) = engine.preflight(recipe).refusals
    assert refusal.message.startswith("the teacher (t.onnx) ")
    assert text in refusal.message


def test_a_timm_teacher_is_looked_at_for_the_students_images_and_without_its_weights(found):
    recipe = asked(Distill(teacher=TimmModel(name="resnet50.a1_in1k")))
    look_at(found, recipe, profile())
    (unknown,) = engine.preflight(recipe).unknown
    assert unknown.model == TimmModel(name="resnet50.a1_in1k", weights="random", in_chans=1, img_size=64)


@pytest.mark.parametrize(
    ("own", "shown", "changed", "text"),
    [
        (profile(n_outputs=1).model_copy(update={"task": "regression"}), preview(), {}, "labels of classes, and the"),
        (
            profile(n_outputs=4, classes=None),
            preview(fits=False),
            {},
            "the model has 4 outputs and the data 10 classes",
        ),
        (
            profile(batch=8),
            None,
            {"target": Target(batch_size=2)},
            "the file's batch size is fixed to 8, and the target's is 2",
        ),
    ],
)
def test_what_the_run_would_refuse_at_its_start_is_refused_before_it(found, tmp_path, own, shown, changed, text):
    (tmp_path / "a.onnx").write_bytes(b"a model")
    recipe = asked(model=FileModel(path=str(tmp_path / "a.onnx")), **changed)
    look_at(found, recipe, own, shown)
    (refusal,) = engine.preflight(recipe).refusals
    assert text in refusal.message


def test_a_head_that_a_leading_fine_tune_replaces_may_not_fit(found):
    recipe = asked(Finetune(), model=TimmModel(name="resnet10t", weights="random"))
    look_at(found, recipe, profile(n_outputs=1000, classes=None), preview(fits=False))
    assert engine.preflight(recipe) == Preflight()


@pytest.mark.parametrize(("code", "refused"), [("classes_by_imagenet", False), ("other", True)])
def test_a_leading_fine_tune_gives_labels_that_were_matched_to_imagenet_their_own_head(code, refused, found, tmp_path):
    (tmp_path / "t.onnx").write_bytes(b"a teacher of three classes")
    teacher = FileModel(path=str(tmp_path / "t.onnx"))
    recipe = asked(Finetune(), Distill(teacher=teacher), model=TimmModel(name="resnet10t", weights="random"))
    mapping = tuple(LabelOutput(label=name, output=5, name=None, n_images=9) for name in "abc")
    shown = preview().model_copy(update={"mapping": mapping, "warnings": (Note(code=code, text="Matched"),)})
    look_at(found, recipe, profile(n_outputs=1000, classes=None), shown)
    found(ProfileRequest(model=recipe.chains[0][1].teacher), profile(name="t.onnx", n_outputs=3, classes=None))
    assert len(engine.preflight(recipe).refusals) == refused


def test_classes_that_the_recipe_maps_may_be_fewer_than_the_outputs(found, tmp_path):
    (tmp_path / "images").mkdir()
    data = ImagesData(path=str(tmp_path / "images"), classes=("a", "b"))
    recipe = asked(data=data)
    look_at(found, recipe, profile(), preview(fits=False))
    assert engine.preflight(recipe) == Preflight()
