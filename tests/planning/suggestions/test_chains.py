"""Suggestions of other chains: which one, and what is known of it."""

import json
from pathlib import Path

import pytest

import engine
from engine import Finetune, Qat, QuantizeAuto, Simplify, presets
from engine.catalogue.measured import CPUS
from engine.planning.presets import RATIO
from engine.planning.suggestions import suggest
from engine.planning.suggestions.facts import SAMPLE_ARCHITECTURE
from engine.results import Note
from tests.made import BASE, made_advice, made_architecture, made_variant
from tests.planning.suggestions.kept import ARM, AVX2, FILE, LABELLED, RACE, SAMPLE, UNLABELLED, VNNI, kept, timm

PRUNING = Path(engine.__file__).parents[1] / "docs" / "pruning.md"
CARD = Path(engine.__file__).parent / "models" / "sample" / "card.json"
ON = CPUS["VNNI"]


def of(code, report, advice=None):
    """The suggestion of this code, or None."""
    return next((one for one in suggest(report, advice) if one.code == code), None)


def preset(report, name):
    return next(one for one in presets(report.recipe) if one.name == name).steps


def techniques(suggestion):
    return [step.technique for step in suggestion.steps]


def test_the_sample_s_architecture_is_the_one_of_its_card():
    assert json.loads(CARD.read_text())["architecture"] == SAMPLE_ARCHITECTURE


def test_pruning_is_the_preset_with_what_it_brought_to_the_architecture():
    for report in (kept(timm("resnet18.a1_in1k"), LABELLED), kept(timm("resnet18"), UNLABELLED)):
        found = of("prune", report)
        assert (found.title, found.basis) == ("Prune 30 % and train", "measured_elsewhere")
        assert found.steps == preset(report, "balanced")
        assert found.text == (
            "resnet18 with 30 % of its channels removed was 1.79 times as fast (1.75 to 1.82), in "
            f"FP32 on {ON}. Accuracy depends on the training after it"
        )


def test_of_a_relative_it_says_so_and_of_no_relative_what_others_did():
    kin = of("prune", kept(timm("resnet34"), LABELLED))
    assert kin.text.startswith("Nothing is measured of resnet34; of its family, resnet50 with 30 % of its channels")
    assert kin.basis == "measured_elsewhere"
    none = of("prune", kept(timm("eva02_tiny_patch14_224"), LABELLED))
    assert none.basis == "unknown"
    assert "Nothing is measured of eva02_tiny_patch14_224 or its family. 50 other networks" in none.text
    assert "1.09 to 1.92 times as fast" in none.text


def test_where_size_is_the_goal_pruning_says_what_it_does_to_parameters():
    found = of("prune", kept(timm("resnet18"), LABELLED, more=", goal: size"))
    assert found.text == (
        "resnet18 with 50 % of its channels removed had 3.8 times fewer parameters; this removes "
        "30 %, which saves less. Accuracy depends on the training after it"
    )


def test_the_speed_that_is_told_of_pruning_is_that_of_the_preset_s_ratio():
    assert f"at_{100 * RATIO:.0f}_percent" == "at_30_percent"
    head = next(line for line in PRUNING.read_text().splitlines() if line.startswith("| family | architecture | px"))
    assert f"latency at {RATIO}, share" in head


@pytest.mark.parametrize(
    "report",
    [
        kept(timm("rexnet_100"), LABELLED),
        kept(FILE, LABELLED),
        kept(timm("resnet18"), "null"),
        kept(timm("resnet18"), LABELLED, "[{technique: prune, ratio: 0.1}, {technique: quantize}]"),
    ],
    ids=["resists", "file", "no images", "pruned already"],
)
def test_pruning_that_cannot_be_or_was_is_left_out(report):
    assert of("prune", report) is None


def test_sparse_weights_are_no_channels():
    sparse = "[{technique: prune, method: sparse}, {technique: quantize}]"
    assert of("prune", kept(timm("resnet18"), LABELLED, sparse)) is not None


def test_of_the_sample_the_presets_own_figures_are_said():
    report = kept()
    assert of("prune", report).text == (
        "The preset Balanced brought this network to 2.44 of 19.71 MB and 99.72 % top-1 (99.72 % as it was), "
        f"3.37 times as fast (3.31 to 3.44), on {ON}"
    )
    assert "0.42 of 19.71 MB and 99.72 % top-1 (99.72 % as it was)" in of("distill", report).text
    assert of("distill", report).steps == preset(report, "smallest")
    raced = of("quantize", kept(steps="[]", isa=VNNI))
    assert "The preset Safe brought this network to 5.00 of 19.71 MB" in raced.text
    for other in (kept(SAMPLE, LABELLED), kept(steps="[{technique: finetune}, {technique: quantize}]")):
        assert "99.72" not in of("prune", other).text


def test_a_student_stands_beside_the_model_with_what_was_published_of_both():
    found = of("distill", kept(timm("resnet50.a1_in1k"), UNLABELLED))
    assert (found.title, found.basis) == ("Distil into regnetx_002", "published")
    assert "regnetx_002 has 2.7 M parameters, resnet50 25.6 M" in found.text
    assert "regnetx_002.pycls_in1k 68.8 % at 224 px, resnet50.a1_in1k 80.4 % at 224 px" in found.text


def test_a_student_that_the_advisor_timed_here_is_said_to_be_as_fast_as_it_is():
    advice = made_advice(made_architecture("regnetx_002", 0.25, 0.7))
    found = of("distill", kept(timm("resnet50"), LABELLED), advice)
    assert found.basis == "measured_here"
    assert "It is 4.00 times as fast as resnet50 (3.64 to 4.44) here, before it is quantized" in found.text


def test_of_a_file_the_parameters_are_those_of_its_graph():
    found = of("distill", kept(FILE, UNLABELLED))
    assert "regnetx_002 has 2.7 M parameters, this model 5.0 M" in found.text
    unknown = of("distill", kept(FILE, UNLABELLED, variants=(made_variant(BASE, "Baseline", parameters=None),)))
    assert "regnetx_002 is a small network" in unknown.text


def test_without_any_figure_nothing_is_known_of_a_student():
    found = of("distill", kept(SAMPLE, LABELLED))
    assert (found.title, found.basis) == ("Distil into test_resnet", "unknown")
    assert "published" not in found.text


@pytest.mark.parametrize(("steps", "there"), [
    ("[{technique: prune}, {technique: distill, teacher: {kind: baseline}}]", True),
    ("[{technique: distill, student: resnet10t}]", False), (RACE, True),
])  # fmt: skip
def test_a_student_is_suggested_unless_one_was_taught(steps, there):
    assert (of("distill", kept(timm("resnet50"), UNLABELLED, steps)) is not None) == there
    assert of("distill", kept(timm("resnet50"), "null")) is None


def test_where_training_may_help_it_takes_the_place_of_the_race():
    steps = "[{technique: finetune, epochs: 2}, {technique: simplify}, {technique: quantize}]"
    report = kept(timm("mobilenetv3_large_100"), LABELLED, steps, race_notes=("out_of_time", "qat_may_help"))
    found = suggest(report)[0]
    assert (found.code, found.steps) == ("qat", (*report.recipe.chains[0][:2], Qat()))
    assert (
        "On mobilenetv3_large_100 it had 90.2 % top-1 where FP32 has 92.4 %; trained, it had 94.3 % and was 1.27 "
        "times as fast as FP32 (1.22 to 1.32), at one thread"
    ) in found.text
    assert of("qat", kept(timm("mobilenetv3_large_100"), LABELLED, race_notes=("out_of_time",))) is None


def test_it_is_the_chain_of_the_race_that_asked_for_it():
    report = kept(timm("resnet18"), LABELLED, race_notes=("qat_may_help",))
    chains = ((Simplify(), QuantizeAuto()), (Finetune(epochs=3), QuantizeAuto()))
    recipe = report.recipe.model_copy(update={"steps": None, "branches": chains})
    second = report.races[0].model_copy(update={"branch": 1, "step": 1})
    found = of("qat", report.model_copy(update={"recipe": recipe, "races": (second,)}))
    assert found.steps == (Finetune(epochs=3), Qat())


@pytest.mark.parametrize(("name", "isa", "basis", "said"), [
    ("resnet50", VNNI, "measured_elsewhere", "resnet18 was 3.59 times as fast as FP32 (3.41 to 3.77) with 98.1 % "),
    ("mobilenetv4_conv_small", AVX2, "measured_elsewhere", "mobilenetv4_conv_small was 1.56 times as fast"),
    ("resnet50", AVX2, "unknown", "1.00 to 1.56 times as fast as FP32"),
    ("resnet50", ARM, "unknown", "Nothing is measured of resnet50 or its family"),
])  # fmt: skip
def test_the_race_is_suggested_with_what_it_brought_on_such_a_cpu(name, isa, basis, said):
    found = of("quantize", kept(timm(name), LABELLED, "[{technique: quantize, method: static}]", isa=isa))
    assert (found.basis, found.steps) == (basis, (QuantizeAuto(),))
    assert said in found.text


@pytest.mark.parametrize(
    "report",
    [
        kept(),
        kept(timm("mobilenetv3_large_100"), LABELLED, "[]"),
        kept(timm("mobilenetv2_100"), LABELLED, "[]", isa=VNNI),
        kept(FILE, "null", "[]", warnings=(Note(code="already_quantized", text="it is"),)),
    ],
    ids=["raced", "FP32 won", "FP32 won with VNNI", "INT8 file"],
)
def test_a_race_that_was_or_brings_nothing_is_left_out(report):
    assert of("quantize", report) is None


@pytest.mark.parametrize(("steps", "epochs", "then"), [
    ("[]", 20, []), (RACE, 20, ["quantize"]), ("[{technique: finetune, epochs: 3}, {technique: quantize}]", 12,
                                              ["quantize"]),
    ("[{technique: prune}, {technique: finetune, epochs: 3}]", 20, ["prune", "finetune"]),
    ("[{technique: finetune, epochs: 400}]", 1000, []),
])  # fmt: skip
def test_a_network_that_has_not_learnt_is_trained_first_and_for_longer(steps, epochs, then):
    found = of("train", kept(timm("resnet18"), LABELLED, steps, code="not_learnt"))
    assert (techniques(found), found.steps[0].epochs) == (["finetune", *then], epochs)
    assert found.title == f"Fine-tune for {epochs:,} epochs first"
    assert "5.6 % of the validation images after two epochs" in found.text


def test_settings_of_a_fine_tune_stay_but_for_its_epochs_and_one_that_cannot_be_longer_is_left_out():
    steps = "[{technique: finetune, epochs: 2, learning_rate: 0.01}]"
    assert of("train", kept(timm("resnet18"), LABELLED, steps, code="not_learnt")).steps[0].learning_rate == 0.01
    longest = "[{technique: finetune, epochs: 1000}]"
    assert of("train", kept(timm("resnet18"), LABELLED, longest, code="not_learnt")) is None


def test_pretrained_weights_and_the_time_are_named_where_they_are_what_was_lacking():
    random = of("train", kept(timm("resnet18", "random"), LABELLED, code="not_learnt"))
    assert "timm has pretrained weights of resnet18" in random.text
    for model in (timm("resnet18"), timm("test_resnet", "x.pt"), SAMPLE):
        assert "pretrained" not in of("train", kept(model, LABELLED, code="not_learnt")).text
    stopped = made_variant(BASE, "Baseline", notes=(Note(code="training_stopped_by_budget", text="x"),))
    short = of("train", kept(timm("resnet18"), LABELLED, code="not_learnt", variants=(stopped,)))
    assert "The 10 minutes were up before the training was over" in short.text


def test_the_figures_of_short_training_are_those_of_the_log():
    log = " ".join((Path(engine.__file__).parents[1] / "docs" / "log.md").read_text().split())
    said = log[log.index("**Validation accuracy early in training.**") :][:400]
    assert all(figure in said for figure in ("16 steps", "5.6 % after epochs 1 and 2", "92 % after 3 and 4"))
