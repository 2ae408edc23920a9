from engine.planning.parts import full_title, plan_parts, step_key
from engine.settings import Distill, Finetune, PruneChannel, QuantizeAuto, Simplify, Target
from tests.planning.test_estimate import INT8, TUNE, recipe

PRUNE, WEIGHTS = "{technique: prune, ratio: 0.3}", "{technique: quantize, method: weights}"


def test_the_parts_stand_in_order_and_a_shared_beginning_is_one_of_them():
    parts = plan_parts(recipe(f"branches: [[{PRUNE}, {INT8}], [{PRUNE}, {WEIGHTS}], [{WEIGHTS}]]"))
    assert [(part.key, part.chain, part.step) for part in parts] == [
        ("start", None, None),
        ("baseline", None, None),
        ("chain 1, step 1: prune", 0, 0),
        ("chain 1, step 2: quantize", 0, 1),
        ("chain 2, step 2: quantize", 1, 1),
        ("chain 3, step 1: quantize", 2, 0),
        ("all variants", None, None),
    ]
    assert [part.title for part in parts][:3] == [
        "Load the model and the data",
        "Baseline",
        "Prune channels: remove 30 % of the channels",
    ]
    assert parts[-1].title == "Measure all variants"


def test_a_step_that_two_chains_begin_with_has_one_key():
    asked = recipe(f"branches: [[{PRUNE}, {INT8}], [{INT8}], [{PRUNE}, {WEIGHTS}]]")
    assert step_key(asked, 2, 0) == step_key(asked, 0, 0) == "chain 1, step 1: prune"
    assert step_key(asked, 2, 1) == "chain 3, step 2: quantize"


def test_the_same_step_at_another_place_or_after_another_is_another_part():
    asked = recipe(f"branches: [[{PRUNE}, {INT8}], [{INT8}], [{{technique: simplify}}, {INT8}]]")
    assert step_key(asked, 1, 0) == "chain 2, step 1: quantize"
    assert step_key(asked, 2, 1) == "chain 3, step 2: quantize"


def test_a_leading_finetune_is_in_the_baseline():
    _, baseline, quantize, _ = plan_parts(recipe(f"steps: [{TUNE}, {INT8}]"))
    assert baseline.title == "Baseline: fine-tune for 3 epochs and export"
    assert baseline.phases == ("finetune", "export", "accuracy")
    assert (quantize.key, quantize.step) == ("chain 1, step 2: quantize", 1)


def test_only_what_is_no_file_yet_is_exported():
    phases = {part.key: part.phases for part in plan_parts(recipe(f"steps: [{PRUNE}, {INT8}]"))}
    assert phases["baseline"] == ("export", "accuracy")
    assert phases["chain 1, step 1: prune"] == ("prune channel", "export", "accuracy")
    assert phases["chain 1, step 2: quantize"] == ("quantize static", "accuracy")
    file = plan_parts(recipe(f"steps: [{INT8}]", "{kind: file, path: model.onnx}"))
    assert file[1].phases == ("accuracy",)


def test_titles_say_what_is_done_and_no_word_twice():
    titles = [
        full_title(step, Target())
        for step in (Finetune(epochs=2), Simplify(), Distill(), QuantizeAuto(), PruneChannel(ratio=0.5))
    ]
    assert titles[:2] == ["Fine-tune for 2 epochs and export", "Simplify the graph"]
    assert titles[2].startswith("Distil the answers of")
    assert titles[3].startswith("Quantize: race the ways")
    assert titles[4] == "Prune channels: remove 50 % of the channels"
