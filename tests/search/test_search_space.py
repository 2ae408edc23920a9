"""The table of candidates: who is tried on which graph and which machine."""

import pytest

from engine.search.search_space import Facts, equalized, methods, refinements
from engine.settings import Float16

VNNI_ISA = ("sse4_2", "avx2", "avx512_vnni")


def facts(times, **changes):
    values = {
        "times": times,
        "layers": ("Conv", "Gemm"),
        "n_layers": 40,
        "products": (),
        "isa": VNNI_ISA,
        "goal": "latency",
    }
    return Facts(**(values | changes))


def names(facts):
    return [plan.name for plan in methods(facts, 64)]


def static(facts):
    return next(plan for plan in methods(facts, 64) if plan.name == "Static INT8")


def refined(facts):
    return refinements(static(facts), facts)


CONV = {"Conv": 9.0, "ReorderInput": 0.5, "Gemm": 0.5}
ATTENTION = {"MatMul": 6.0, "FusedMatMul": 2.0, "LayerNormalization": 2.0}


def test_convolutions_are_never_quantized_dynamically():
    assert "Dynamic INT8" not in names(facts(CONV))
    assert "Dynamic INT8" not in names(facts({"MatMul": 9.0}, layers=("Conv",)))
    assert names(facts(CONV))[0] == "Static INT8"


def test_where_matmuls_hold_the_time_dynamic_comes_first_and_attention_is_spared():
    planned = methods(facts(ATTENTION, layers=("MatMul",), products=("qk", "av")), 64)
    assert planned[0].name == "Dynamic INT8"
    assert "80 %" in planned[0].reason.text
    spared = next(plan for plan in planned if plan.name == "Static INT8, attention in float")
    assert spared.settings.float_nodes == ("qk", "av")
    layers = next(plan for plan in planned if plan.name == "Static INT8, layers only")
    assert (layers.settings.operators, layers.settings.float_nodes) == (("MatMul",), ("qk", "av"))


@pytest.mark.parametrize(("n_layers", "tried"), [(5, []), (6, [2]), (12, [2, 4]), (30, [2, 4, 10])])
def test_a_small_network_is_not_left_in_float_for_a_third(n_layers, tried):
    first = [plan.settings.float_first for plan in refined(facts(CONV, n_layers=n_layers))]
    assert [k for k in first if k] == tried


@pytest.mark.parametrize(
    ("isa", "tried"), [(VNNI_ISA, False), (("sse4_2", "avx2"), True), (("asimd", "asimddp"), False)]
)
def test_full_range_weights_race_where_they_may_saturate(isa, tried):
    found = [plan.settings for plan in refined(facts(CONV, isa=isa)) if plan.name == "Static INT8, full range"]
    assert [settings.reduce_range for settings in found] == ([False] if tried else [])


def test_equalizing_says_of_how_many_pairs():
    given = facts(CONV, n_pairs=21)
    plan = equalized(static(given), given)
    assert (plan.name, plan.settings.cross_layer_equalization) == ("Static INT8, equalized", True)
    assert plan.reason.text.startswith("the channels of 21 pairs of layers")


def test_weights_alone_are_for_size():
    assert "8-bit weights" not in names(facts(CONV))
    assert "8-bit weights" in names(facts(CONV, goal="size"))


def test_a_refinement_changes_one_thing_of_its_base():
    given = facts(ATTENTION, products=("qk",), n_pairs=3)
    base = next(plan for plan in methods(given, 64) if plan.name == "Static INT8, attention in float")
    for plan in (*refinements(base, given), equalized(base, given)):
        before, after = base.settings.model_dump(), plan.settings.model_dump()
        assert len([key for key in before if before[key] != after[key]]) == 1, plan.name
        assert plan.name.startswith("Static INT8, attention in float, ")


def test_every_row_has_a_name_of_its_own_a_reason_and_the_images():
    given = facts(ATTENTION, products=("qk",), goal="size", isa=("avx2",), n_pairs=1)
    planned = (*methods(given, 64), *refined(given), equalized(static(given), given))
    assert len({plan.name for plan in planned}) == len(planned)
    assert all(plan.reason.code and plan.reason.text for plan in planned)
    assert {plan.settings.calibration_images for plan in planned if plan.settings.method == "static"} == {64}


def test_on_cuda_there_are_16_bit_floats_in_place_of_int8():
    (plan,) = methods(facts(ATTENTION, products=("qk",), goal="size", on_cuda=True), 64)
    assert plan.settings == Float16()
    assert "INT8 is left out" in plan.reason.text
