"""Names become outputs."""

import pytest

from engine.data import imagenet
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


def test_a_model_that_names_no_class_gets_the_sorted_order_and_that_is_told():
    _, outputs, notes = assign_outputs(("dog", "cat"), None, None, 2)
    assert outputs == {"cat": 0, "dog": 1}
    assert [note.code for note in notes] == ["classes_by_order"]
    assert "'cat' was taken for its first output" in notes[0].text


@pytest.mark.parametrize(("model_classes", "n_outputs"), [(("x", "y"), None), (("a-b", "a_b"), 2)])
def test_there_is_no_such_warning_where_a_new_head_comes_or_the_names_are_the_same(model_classes, n_outputs):
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


IMAGENETTE = {"n01440764": 0, "n02102040": 217, "n02979186": 482}


@pytest.mark.parametrize(("names", "outputs"), [
    (IMAGENETTE, IMAGENETTE),
    (("n02085620-Chihuahua", "n02085782_Japanese_spaniel"), {"n02085620-Chihuahua": 151,
                                                             "n02085782_Japanese_spaniel": 152}),
    (("Great_White_Shark", "tinca tinca", "n03888257"), {"Great_White_Shark": 2, "tinca tinca": 0, "n03888257": 701}),
    (("partridge", "ruffed grouse"), {"partridge": 86, "ruffed grouse": 82}),
])  # fmt: skip
def test_wordnet_ids_and_names_of_imagenet_become_the_outputs_of_a_model_that_has_its_thousand(names, outputs):
    classes, found, notes = assign_outputs(names, None, None, 1000)
    assert found == outputs
    assert classes == imagenet.class_names()
    assert [note.code for note in notes] == ["classes_by_imagenet"]


@pytest.mark.parametrize("model_names", [imagenet.class_names(), imagenet.synsets(), (*imagenet.synsets()[:999], "?")])
def test_a_models_own_names_of_imagenets_classes_stay(model_names):
    for names in (("n01440764", "n02102040"), ("tench", "English springer")):
        classes, found, notes = assign_outputs(names, None, model_names, 1000)
        assert classes == model_names
        assert [*found.values()] == [0, 217]
        assert [note.code for note in notes] in (["classes_by_imagenet"], ["classes_by_name"])


@pytest.mark.parametrize(("model_names", "n_outputs"), [
    (tuple(f"product {index}" for index in range(1000)), 1000), (imagenet.synsets()[::-1], 1000), (None, 1001),
    (None, None),
])  # fmt: skip
def test_other_models_outputs_are_not_taken_for_imagenets(model_names, n_outputs):
    notes = assign_outputs(("tench", "goldfish"), None, model_names, n_outputs)[2]
    assert "classes_by_imagenet" not in [note.code for note in notes]


@pytest.mark.parametrize(("names", "reason"), [
    (("tench", "goldfish", "crane"), "2 of 3 labels name a class of the model, and 'crane' does not, or"),
    (("tench", "goldfish", "tinca tinca"), "3 of 3 labels name a class of the model, and some of them the same one"),
])  # fmt: skip
def test_labels_of_which_most_are_imagenets_are_not_matched_and_the_others_are_named(names, reason):
    classes, _, (note,) = assign_outputs(names, None, None, 1000)
    assert classes == tuple(sorted(names))
    assert note.code == "classes_partly_matched"
    assert note.text.startswith(reason)


@pytest.mark.parametrize(("names", "n_outputs", "outputs"), [
    ({"7", "207", "999"}, 1000, {"7": 7, "207": 207, "999": 999}),
    ({"003", "011"}, 20, {"003": 3, "011": 11}),
])  # fmt: skip
def test_numbers_are_those_of_the_outputs_where_there_are_more_outputs(names, n_outputs, outputs):
    classes, found, notes = assign_outputs(names, None, None, n_outputs)
    assert found == outputs
    assert len(classes) == n_outputs
    assert [note.code for note in notes] == ["classes_by_number"]


@pytest.mark.parametrize("names", [{"7", "1000"}, {"7", "07"}, {"7", "seven"}, {"7", "²"}, {"7", "9" * 5000}])
def test_numbers_that_are_no_outputs_are_not_guessed(names):
    classes, _, notes = assign_outputs(names, None, None, 1000)
    assert set(classes) == names
    assert "classes_by_number" not in [note.code for note in notes]


def test_imagenets_lists_are_whole():
    assert len(set(imagenet.synsets())) == len(set(imagenet.class_names())) == 1000
    assert imagenet.class_names()[134] == "crane"
    assert imagenet.class_names()[517] == "crane, n03126707"
