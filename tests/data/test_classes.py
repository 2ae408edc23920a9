"""Names become outputs."""

import pytest

from engine.data.classes import assign_outputs
from engine.errors import DataError

IMAGENET = ("tench, Tinca tinca", "crane", "German shepherd, alsatian", "crane, machine")


@pytest.mark.parametrize(("names", "outputs"), [
    (("Tinca_tinca", "german-shepherd"), {"Tinca_tinca": 0, "german-shepherd": 2}),
    (("tench", "Alsatian"), {"tench": 0, "Alsatian": 2}),
])  # fmt: skip
def test_names_of_the_model_are_found_by_synonym(names, outputs):
    classes, found, notes = assign_outputs(names, None, IMAGENET, 4)
    assert (classes, found) == (IMAGENET, outputs)
    assert notes[0].code == "classes_by_name"


@pytest.mark.parametrize("names", [("tench", "unheard of"), ("tench", "crane"), ("alsatian", "German shepherd")])
def test_unknown_ambiguous_and_equal_names_are_not_guessed(names):
    assert assign_outputs(names, None, IMAGENET, 4)[0] == tuple(sorted(names))


def test_names_that_are_not_the_models_are_warned_about():
    _, outputs, notes = assign_outputs(("eins", "null", "zwei"), None, ("0", "1", "2"), 3)
    assert outputs == {"eins": 0, "null": 1, "zwei": 2}
    assert [note.code for note in notes] == ["classes_by_order"]
    assert "'eins' was taken for its '0'" in notes[0].text


@pytest.mark.parametrize(("model_classes", "n_outputs"), [(None, 2), (("x", "y"), None), (("a-b", "a_b"), 2)])
def test_there_is_no_such_warning_where_nothing_is_known_or_a_new_head_comes_or_the_names_are_the_same(
    model_classes, n_outputs
):
    assert assign_outputs(("a-b", "a_b"), None, model_classes, n_outputs)[2] == ()


def test_the_recipe_overrules_the_model():
    assert assign_outputs(("tench", "alsatian"), ("alsatian", "tench"), IMAGENET, 4)[1] == {"alsatian": 0, "tench": 1}


@pytest.mark.parametrize(("names", "classes", "codes"), [
    ({"b", "a", "10"}, ("10", "a", "b"), []),
    ({"1", "0", "2"}, ("0", "1", "2"), []),
    ({"1", "10", "2"}, ("1", "2", "10"), ["numeric_class_order"]),
])  # fmt: skip
def test_other_names_are_sorted(names, classes, codes):
    found, outputs, notes = assign_outputs(names, None, None, None)
    assert found == classes
    assert outputs == {name: index for index, name in enumerate(classes)}
    assert [note.code for note in notes] == codes


def test_fewer_than_two_classes_are_refused():
    with pytest.raises(DataError, match="one class, 'cat'"):
        assign_outputs({"cat"}, None, None, None)
