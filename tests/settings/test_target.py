"""The options of a target: who has them, what they say of themselves, and what they change."""

import pytest

from engine.errors import SettingsError
from engine.settings import Recipe, Target, dump_recipe, parse_recipe
from engine.settings.target import CUDA, OWNERS

VALUES = {
    "precision": "bf16",
    "streams": 2,
    "spinning": False,
    "quant_precision": True,
    "tf32": False,
    "prefer_nhwc": True,
    "cuda_graph": True,
    "bound": True,
    "device_id": 1,
}
"""A value of every option that is not its default."""
CPU, CARD, OPENVINO = {}, {"provider": CUDA}, {"runtime": "openvino"}
OWN = {
    "precision": OPENVINO,
    "streams": OPENVINO,
    "spinning": CPU,
    "quant_precision": CPU,
    **dict.fromkeys(("tf32", "prefer_nhwc", "cuda_graph", "bound", "device_id"), CARD),
}


def test_every_option_has_an_owner_and_a_value_here():
    shared = {"runtime", "provider", "threads", "batch_size"}
    assert set(OWNERS) == set(VALUES) == set(OWN) == set(Target.model_fields) - shared


@pytest.mark.parametrize("name", VALUES)
def test_an_option_is_taken_by_its_own_provider_and_told(name):
    target = Target.parse({**OWN[name], name: VALUES[name]})
    assert target.options[name] == VALUES[name]
    assert len(target.option_texts) == 1
    assert Target.parse(OWN[name]).option_texts == ()


@pytest.mark.parametrize(
    ("name", "other"), [(name, other) for name in VALUES for other in (CPU, CARD, OPENVINO) if other != OWN[name]]
)
def test_an_option_is_refused_where_it_does_not_apply(name, other):
    with pytest.raises(SettingsError) as caught:
        Target.parse({**other, name: VALUES[name]})
    value = str(VALUES[name]).lower()
    for part in (f"'{name}' is ", value, "does not take", "leave it out, or set "):
        assert part in caught.value.message
    owner = OWN[name]
    expected = {"runtime": "runtime to openvino", "provider": f"provider to {CUDA}"}
    assert all(expected[key] in caught.value.message for key in owner)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("streams", 0, "at least 1"),
        ("streams", 1.5, "a whole number"),
        ("device_id", -1, "at least 0"),
        ("spinning", "often", "true or false"),
        ("tf32", None, "true or false"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name, value, allowed):
    with pytest.raises(SettingsError, match=f"'{name}' is .*{allowed}"):
        Target.parse({**OWN[name], name: value})


@pytest.mark.parametrize("name", VALUES)
def test_what_changes_answers_is_told_from_what_changes_speed_alone(name):
    plain, changed = Target.parse(OWN[name]), Target.parse({**OWN[name], name: VALUES[name]})
    of_speed_alone = name in ("streams", "spinning", "cuda_graph", "bound")
    assert (plain.arithmetic == changed.arithmetic) == of_speed_alone
    assert changed.for_answers.arithmetic == changed.arithmetic


def test_answers_need_no_captured_graph_and_no_buffers():
    target = Target.parse({**CARD, "cuda_graph": True, "bound": True, "prefer_nhwc": True})
    assert target.for_answers == Target.parse({**CARD, "prefer_nhwc": True})


@pytest.mark.parametrize("name", VALUES)
def test_a_recipe_keeps_every_option(name):
    target = {**OWN[name], name: VALUES[name]}
    recipe = Recipe.parse({"model": {"kind": "sample"}, "data": None, "target": target, "steps": []})
    assert parse_recipe(dump_recipe(recipe)).target == recipe.target == Target.parse(target)
