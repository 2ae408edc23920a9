"""Suggestions of another architecture, another machine, more threads and more images a call."""

import pytest

from engine.catalogue.measured import CPUS
from engine.catalogue.shortlist import SHORTLIST
from engine.planning.suggestions import suggest
from engine.results import Published
from engine.settings import AdviseRequest, Target
from tests.made import BASE, made_advice, made_architecture, made_variant
from tests.made_tasks import ARRAYS, IMAGES, made_task_report
from tests.planning.suggestions.kept import ARM, AVX2, FILE, LABELLED, RACE, SAMPLE, UNLABELLED, VNNI, kept, timm

SPEED = ", goal: throughput"


def of(code, report, advice=None):
    """The suggestion of this code, or None."""
    return next((one for one in suggest(report, advice) if one.code == code), None)


def advice(*rows, **changed):
    return made_advice(*(made_architecture(name, ratio, top1) for name, ratio, top1 in rows), **changed)


def test_without_advice_it_leads_to_the_advisor_and_says_how_long_that_takes():
    for report in (kept(), kept(FILE, "null"), kept(timm("resnet18"), UNLABELLED, "[]")):
        found = of("architecture", report)
        assert (found.title, found.basis, found.steps) == ("Compare other architectures", "unknown", None)
        assert f"times {len(SHORTLIST)} architectures on this machine" in found.text
        assert "in about 6 min (estimated)" in found.text


@pytest.mark.parametrize(("measure", "spec"), [("detection F1", IMAGES), ("agreement", ARRAYS)])
def test_a_model_that_classifies_no_images_is_led_to_no_architecture_and_no_student(measure, spec):
    variants = made_task_report(measure, arrays=spec is ARRAYS).variants
    assert of("distill", kept(FILE)) is not None
    for code in ("architecture", "distill"):
        assert of(code, kept(FILE, variants=variants)) is None


def test_with_advice_it_is_the_best_that_was_measured():
    found = of("architecture", kept(), advice(("a", 0.25, 0.7), ("b", 0.5, 0.9), faster=("a", "b")))
    assert (found.title, found.basis) == ("Try a", "measured_here")
    assert found.text == (
        "a is 4.00 times as fast as resnet10t (3.64 to 4.44) here. Top-1 published on ImageNet: "
        "a.a1_in1k 70.0 % at 224 px, resnet10t.c3_in1k 66.7 % at 176 px"
    )


def test_what_other_programs_disturbed_is_said_to_be_rough():
    made = made_advice(made_architecture("a", 0.25, 0.7, busy=True), faster=("a",))
    assert of("architecture", kept(), made).text.endswith("take the speed as rough")


def test_advice_that_found_nothing_leads_nowhere_unless_it_was_cut_short():
    nothing = advice(("a", 1.2, 0.7))
    assert of("architecture", kept(), nothing) is None
    assert of("architecture", kept(), nothing.model_copy(update={"complete": False})).basis == "unknown"


def test_beside_a_model_without_published_figures_it_is_the_most_accurate_that_is_surely_faster():
    rows = (("a", 0.25, 0.6), ("b", 0.5, 0.7), ("c", 0.95, 0.8), ("d", 1.5, 0.9))
    made = advice(*rows, own=None, architecture=None, front=("a", "b", "c", "d"))
    found = of("architecture", kept(FILE, "null"), made)
    assert found.title == "Try b"
    assert found.text.endswith("b.a1_in1k 70.0 % at 224 px, nothing for this model")
    slow = advice(("d", 1.5, 0.9), own=None, architecture=None, front=("d",))
    assert of("architecture", kept(FILE, "null"), slow) is None


def test_a_figure_is_said_of_its_weights_once():
    own = Published(tag="a1_in1k", img_size=224, top1=0.5)
    made = advice(("a", 0.25, 0.7), faster=("a",), own=own, architecture="resnet18.a1_in1k")
    assert "resnet18.a1_in1k 50.0 % at 224 px" in of("architecture", kept(timm("resnet18"), LABELLED), made).text


@pytest.mark.parametrize(("model", "data", "basis", "said"), [
    (timm("resnet18"), LABELLED, "measured_elsewhere", "resnet18 was 3.59 times as fast as FP32 (3.41 to 3.77), as "
                                                       f"Static INT8, OpenVINO f32, on {CPUS['VNNI']}. Races made 4 "
                                                       "networks 1.00 to 1.56"),
    (timm("vit_small_patch16_224"), LABELLED, "measured_elsewhere", "vit_tiny_patch16_224 was 1.76 times as fast"),
    (SAMPLE, SAMPLE, "measured_elsewhere", "The preset Safe brought this network to 5.00 of 19.71 MB"),
    (FILE, "null", "unknown", "Nothing is measured of this model or its family. Races made 12 networks 1.00 to 3.59"),
])  # fmt: skip
def test_without_vnni_it_says_what_int8_brought_with_it_and_without(model, data, basis, said):
    found = of("hardware", kept(model, data))
    assert (found.basis, found.steps, found.target) == (basis, None, None)
    assert said in found.text
    assert found.text.endswith(CPUS["AVX2"])


@pytest.mark.parametrize(
    "report",
    [
        kept(isa=VNNI),
        kept(isa=ARM),
        kept(steps="[{technique: float16}]"),
        kept(timm("mobilenetv2_100"), LABELLED),
    ],
    ids=["VNNI", "ARM", "no INT8", "as fast with it"],
)
def test_vnni_is_left_out_where_it_is_there_or_is_known_to_bring_nothing(report):
    assert of("hardware", report) is None


@pytest.mark.parametrize(("threads", "cores", "there"), [("1", 4, True), ("4", 4, False), ("null", 4, False)])
def test_more_threads_where_the_target_has_fewer_than_there_are_cores(threads, cores, there):
    found = of("threads", kept(more=f", target: {{threads: {threads}, batch_size: 3}}", cores=cores))
    assert (found is not None) == there
    if found is not None:
        assert (found.title, found.basis) == ("Use all 4 cores", "unknown")
        assert found.target == Target(threads=None, batch_size=3)
        assert "measured with 1 of the 4 cores" in found.text


def test_more_images_a_call_where_throughput_is_the_goal():
    found = of("batch", kept(more=SPEED, isa=VNNI))
    assert (found.title, found.target, found.basis) == ("Take 8 images a call", Target(batch_size=8), "unknown")
    assert "with one image a call: 500 images a second" in found.text
    untimed = kept(more=SPEED, isa=VNNI, variants=(made_variant(BASE, "Baseline", throughput=None),))
    assert "with one image a call. What" in of("batch", untimed).text
    for other in (kept(isa=VNNI), kept(more=f"{SPEED}, target: {{batch_size: 2}}"), kept(FILE, "null", more=SPEED)):
        assert of("batch", other) is None


@pytest.mark.parametrize(("data", "labelled"), [(SAMPLE, True), (LABELLED, True), (UNLABELLED, False), ("null", False)])
def test_the_advisor_is_asked_for_a_recipe_s_model_with_its_data_where_they_are_labelled(data, labelled):
    recipe = kept(timm("resnet18"), data, RACE, ", seed: 3, target: {threads: 2}", isa=AVX2).recipe
    assert AdviseRequest.of(recipe) == AdviseRequest(
        model=recipe.model, target=recipe.target, seed=3, data=recipe.data if labelled else None
    )


def test_more_images_where_those_that_report_contradicted_the_choice():
    found = of("images", kept(timm("resnet18"), LABELLED, code="choice_not_confirmed"))
    assert found.title == "Take more evaluation images"
    assert found.text.startswith("269 images chose and 540 others report, and they do not agree")
    assert of("images", kept(code="choice_not_confirmed")) is None  # the sample's split is fixed
