"""What may stand where in a chain: one set of rules for recipes, cards and presets."""

import pytest

from engine.errors import SettingsError
from engine.settings import (
    TECHNIQUES,
    ArraysData,
    ChainInputs,
    Distill,
    FileModel,
    Finetune,
    Float16,
    ImagesData,
    PruneChannel,
    PruneSparse,
    Qat,
    QuantizeAuto,
    QuantizeStatic,
    Recipe,
    SampleData,
    SampleModel,
    Simplify,
    best_position,
    needs,
    refusals,
    title_of,
)

ALL = ChainInputs()
STATIC = QuantizeStatic(method="static")
STUDENT = Distill(student="resnet18")


@pytest.mark.parametrize(("model", "data", "given"), [
    (SampleModel(), SampleData(), ChainInputs()),
    (SampleModel(), None, ChainInputs(images=False, labels=False)),
    (FileModel(path="x"), ImagesData(path="x", labels="none"), ChainInputs(trainable=False, labels=False)),
    (None, ImagesData(path="x"), ChainInputs()),
    (FileModel(path="x"), ArraysData(path="x"), ChainInputs(trainable=False, images=False, labels=False)),
])  # fmt: skip
def test_what_is_given_by_model_and_data(model, data, given):
    assert ChainInputs.of(model, data) == given


def test_what_is_not_chosen_yet_refuses_nothing():
    assert ChainInputs.of(None, None, undecided=True) == ChainInputs()


@pytest.mark.parametrize(("chain", "given", "said"), [
    ((STATIC, Simplify(), Finetune()), ALL, "finetune comes after simplify: it changes weights that are already in"),
    ((STATIC, QuantizeAuto()), ALL, "quantize comes after quantize: a weight is stored in one number format"),
    ((STATIC, Float16()), ALL, "float16 comes after quantize: a weight is stored in one number format, and there it "
                               "is INT8 already"),
    ((Float16(), Simplify(), STATIC), ALL, "quantize comes after float16"),
    ((PruneSparse(method="sparse"), PruneChannel()), ALL, "prune comes after prune (sparse) and would fill the zeros"),
    ((PruneSparse(method="sparse"), Qat()), ALL, "qat comes after prune (sparse) and would fill the zeros again; le"),
    ((Finetune(),), ChainInputs(labels=False), "finetune needs labelled images"),
    ((Distill(),), ChainInputs(images=False, labels=False), "distill needs images"),
    ((PruneChannel(),), ChainInputs(trainable=False), "prune changes a torch model and cannot change an ONNX file"),
    ((Distill(),), ChainInputs(trainable=False), "distill trains a torch model and cannot change an ONNX file; name a"),
])  # fmt: skip
def test_the_last_step_is_refused_with_what_to_do(chain, given, said):
    *before, last = refusals(chain, given)
    assert before == [""] * (len(chain) - 1)
    assert last.startswith(said)


@pytest.mark.parametrize("chain", [
    (Finetune(), PruneChannel(), Finetune(), Simplify(), STATIC),
    (STATIC, Simplify()),
    (PruneSparse(method="sparse"), PruneSparse(method="sparse"), STUDENT, Finetune(), Qat()),
    (),
])  # fmt: skip
def test_chains_that_make_sense_are_not_refused(chain):
    assert not any(refusals(chain, ALL))


def test_a_step_that_is_refused_is_not_there_for_those_after_it():
    assert [bool(reason) for reason in refusals((PruneChannel(), Finetune()), ChainInputs(trainable=False))] == [
        True,
        True,
    ]
    assert [bool(reason) for reason in refusals((STUDENT, Finetune()), ChainInputs(trainable=False))] == [False, False]


def test_steps_are_called_as_in_the_recipe_or_as_on_the_page():
    assert refusals((QuantizeAuto(), Float16()), ALL, title_of)[1].startswith("Float16 comes after Quantize")


def test_a_recipe_says_what_the_rules_say():
    chain = (STATIC, Finetune())
    with pytest.raises(SettingsError) as caught:
        Recipe.parse({"model": SampleModel(), "data": SampleData(), "steps": chain})
    assert caught.value.message == refusals(chain, ALL)[1]


@pytest.mark.parametrize(("step", "chain", "at"), [
    (Finetune(), (), 0), (Finetune(), (STATIC,), 0), (Finetune(), (PruneChannel(), STATIC), 1),
    (Simplify(), (PruneChannel(), STATIC), 1), (STATIC, (PruneChannel(), Simplify()), 2),
    (Finetune(), (PruneSparse(method="sparse"), STATIC), 0),
])  # fmt: skip
def test_a_new_step_goes_where_it_belongs_and_else_where_it_may(step, chain, at):
    assert best_position(step, chain, ALL) == (at, "")


def test_a_step_that_may_stand_nowhere_is_refused_with_the_reason():
    at, reason = best_position(Float16(), (Simplify(), STATIC), ALL)
    assert (at, reason.partition(":")[0]) == (2, "float16 comes after quantize")
    assert "needs labelled images" in best_position(Finetune(), (STATIC,), ChainInputs(labels=False))[1]
    assert best_position(Finetune(), (STATIC,), ChainInputs(trainable=False))[1]


def test_what_a_step_needs():
    assert needs(Finetune()) == ("a model that can be trained", "labelled images")
    assert needs(STUDENT) == ("images",)
    assert needs(PruneChannel()) == ("a model that can be trained",)
    assert needs(Simplify()) == ()


def test_what_stores_weights_in_fewer_bits_says_so():
    formats = {settings.number_format for settings in TECHNIQUES if settings.stage == "onnx"}
    assert formats == {"", "INT8", "FP16"}
    assert all(not settings.number_format for settings in TECHNIQUES if settings.stage == "torch")
