"""Lists of class names as people have them, and the sentences for those that are none."""

import json

import pytest

from engine.errors import DataError, SettingsError
from engine.settings import load_recipe, parse_class_list, parse_recipe
from engine.settings.class_list import MAX_CLASS_LIST_BYTES

NAMES = ("tench, Tinca tinca", "white shark", "Hähnchen")
LINES = "\n".join(NAMES)
BY_OUTPUT = {str(output): name for output, name in enumerate(NAMES)}


def numbered(delimiter: str, quote: str = "") -> str:
    return "".join(f"{output}{delimiter}{quote}{name}{quote}\n" for output, name in enumerate(NAMES))


@pytest.mark.parametrize(("name", "text"), [
    ("a.txt", LINES),
    ("a.txt", f"\n{LINES}\n\n"),
    ("a.txt", LINES.replace("\n", "\r\n")),
    ("a.txt", numbered(" ")),
    ("a.txt", numbered(": ")),
    ("a.txt", numbered(",")),
    ("a.json", json.dumps(NAMES)),
    ("a.json", json.dumps(BY_OUTPUT)),
    ("a.json", json.dumps(dict(reversed(BY_OUTPUT.items())))),
    ("a.json", json.dumps({name: output for output, name in enumerate(NAMES)})),
    ("a.json", json.dumps({output: ["n01440764", name] for output, name in BY_OUTPUT.items()})),
    ("config.json", json.dumps({"model": "x", "id2label": BY_OUTPUT, "label2id": {}})),
    ("config.json", json.dumps({"label2id": {name: output for output, name in enumerate(NAMES)}})),
    ("a.csv", numbered(",", '"')),
    ("a.csv", "index,name\n" + numbered(",", '"')),
    ("a.csv", numbered(";")),
    ("a.csv", "name;id\n" + "".join(f"{name};{output}\n" for output, name in enumerate(NAMES))),
    ("a.tsv", "class\n" + "\n".join(f'"{name}"' for name in NAMES)),
    ("a.tsv", numbered("\t")),
])  # fmt: skip
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_names_are_read_in_the_order_of_the_outputs(name, text, codec):
    assert parse_class_list(text.encode(codec), name) == NAMES


def test_labels_that_are_numbers_are_names_of_a_line():
    assert parse_class_list(b"10\n9\n8\n", "a.txt") == ("10", "9", "8")


@pytest.mark.parametrize(("name", "content", "words"), [
    ("a.txt", b"cat\ndog\ncat\n", "has the name 'cat' twice, for the outputs 0 and 2"),
    ("a.txt", b"", "has 0 names"),
    ("a.txt", b"cat\n", "has one name, 'cat'"),
    ("a.txt", "H\xe4hnchen\nHund\n".encode("latin-1"), "is no text in UTF-8 or UTF-16. Save it as UTF-8"),
    ("a.txt", b"\0\1\2\0", "it holds zero bytes"),
    ("a.txt", b"a\n" * (MAX_CLASS_LIST_BYTES // 2 + 1), "is larger than 1 MB"),
    ("a.txt", b"1 cat\n2 dog\n", "has no name for output 0: its outputs go from 1 to 2"),
    ("a.csv", b"0,cat\n0,dog\n", "gives the output 0 to 'cat' and to 'dog'"),
    ("a.csv", b"0,cat\n2,dog\n", "has no name for output 1"),
    ("a.csv", b"0,cat\n0,cat\n1,dog\n", "has an output twice"),
    ("a.csv", b"0,cat,x\n1,dog\n", "has rows of 2, 3 cells"),
    ("a.csv", b"a,cat\nb,dog\n", "has no column of whole numbers"),
    ("a.csv", b'0,"cat\n1,dog\n', "is no CSV"),
    ("a.csv", b"0,\n1,dog\n", "has no name for output 0"),
    ("a.json", b"[\"cat\", ", "begins as JSON does and is none"),
    ("a.json", b"[" * 100_000, "begins as JSON does and is none"),
    ("a.json", b'["cat", null]', "has null in place of a name"),
    ("a.json", b'{"a": "cat", "b": "dog"}', "has the key 'a', which is no number of an output"),
    ("a.json", b"{}", "has 0 names"),
    ("a.json", b'{"cat": 0, "dog": 2}', "has no name for output 1"),
])  # fmt: skip
def test_what_is_no_list_is_refused_in_a_sentence(name, content, words):
    with pytest.raises(DataError) as refusal:
        parse_class_list(content, name)
    assert f"the class list '{name}' " in str(refusal.value)
    assert words in str(refusal.value)


RECIPE = "model: {kind: sample}\ndata: {kind: images, path: pets, classes: names.txt}\n"


def test_a_recipe_file_may_name_a_list_and_holds_its_names(tmp_path):
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    assert load_recipe(tmp_path / "recipe.yaml").data.classes == ("cat", "dog")


def test_a_list_that_is_missing_is_refused(tmp_path):
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    with pytest.raises(DataError, match=r"the class list 'names.txt' cannot be read: No such file"):
        load_recipe(tmp_path / "recipe.yaml")


def test_a_recipe_of_the_browser_names_no_file():
    with pytest.raises(SettingsError, match=r"classes is 'names.txt' and must be the names themselves"):
        parse_recipe(RECIPE)
