"""Label files as people have them: dialects, encodings, headers, columns and names."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data.labelled_files import LabelledFiles, by_label_file
from engine.errors import DataError
from engine.results import codes
from engine.settings import ImagesData

LABELS = {f"{name}/{index:02d}.png": name for name in ("cat", "dog") for index in range(18)}
ROWS = list(LABELS.items())
STEMS = {f"img_{index:04d}.JPG": ("cat", "dog")[index % 2] for index in range(36)}


@pytest.fixture
def touch(tmp_path: Path) -> Callable[..., Path]:
    """Makes the folder `pets` with empty files of these names: the reading of labels opens no image."""

    def make(*names: str) -> Path:
        for name in names or LABELS:
            path = tmp_path / "pets" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "pets"

    return make


@pytest.fixture
def labelled(tmp_path: Path) -> Callable[..., LabelledFiles]:
    """Reads a label file of this text or these bytes for a folder of images."""

    def read(root: Path, content: str | bytes, name: str = "labels.csv", **settings) -> LabelledFiles:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return by_label_file(root, ImagesData(path=str(root), labels=str(path), **settings))

    return read


def labels_of(labelled: LabelledFiles) -> dict[str, str | None]:
    return {file.id: file.label for file in labelled.listing.files}


def table(rows, delimiter: str = ",", header: str = "") -> str:
    return header + "".join(delimiter.join(map(str, row)) + "\n" for row in rows)


HEADERS = [
    *("file", "filename", "file_name", "image", "image_path", "path", "name", "id", "image_id", "img", "img_path"),
    *("filepath", "file_path", "image_name", "Image Name", "photo", "fname", "# file", "datei"),
]
LABEL_HEADERS = ["label", "class", "category", "target", "labels", "class_name", "y", "Klasse"]


@pytest.mark.parametrize("header", [
    *((file, "label") for file in HEADERS), *(("file", label) for label in LABEL_HEADERS),
    ("fname", "category"), ("images", "labels"), ("FILE NAME", "Class"),
])  # fmt: skip
def test_a_header_is_none_of_the_rows(touch, labelled, header):
    result = labelled(touch(), table(ROWS, header=",".join(header) + "\n"))
    assert labels_of(result) == LABELS
    assert result.label_file.has_header
    assert result.label_file.columns == (header[0].lstrip("# "), header[1])
    assert (result.label_file.file_column, result.label_file.label_column) == result.label_file.columns
    assert result.label_file.n_rows == 36


@pytest.mark.parametrize(("delimiter", "format"), [
    (",", "comma-separated"), (";", "semicolon-separated"), ("\t", "tab-separated"),
    ("|", "separated by vertical bars"),
    (" ", "separated by spaces"), ("   ", "separated by spaces"), (" \t", "separated by spaces"),
])  # fmt: skip
@pytest.mark.parametrize("header", [(), ("file", "label"), ("# file", "label")])
def test_the_delimiter_is_recognised(touch, labelled, delimiter, format, header):
    if delimiter == " \t" and not header:
        format = "tab-separated"
    result = labelled(touch(), table([header, *ROWS] if header else ROWS, delimiter))
    assert labels_of(result) == LABELS
    assert result.label_file.format.replace("tab-separated", format) == format
    assert result.label_file.has_header == bool(header)


@pytest.mark.parametrize(("codec", "encoding"), [
    ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 with a byte order mark"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"),
    ("utf-16-be", "UTF-16"), ("latin-1", "Latin-1"), ("cp1252", "Latin-1"),
])  # fmt: skip
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_encoding_is_recognised(touch, labelled, codec, encoding, newline):
    rows = [(f"käfer/{index}.png", "Käfer" if index % 2 else "Ameise") for index in range(12)]
    text = table(rows, ";", header="img_path;category\n").replace("\n", newline)
    result = labelled(touch(*(name for name, _ in rows)), text.encode(codec))
    assert labels_of(result) == dict(rows)
    assert (result.label_file.encoding, result.label_file.format) == (encoding, "semicolon-separated")


def one_hot(rows) -> str:
    return "image,cat,dog\n" + table((name, int(label == "cat"), int(label == "dog")) for name, label in rows)


@pytest.mark.parametrize("text", [
    table(((label, name) for name, label in ROWS)),
    table(((label, name) for name, label in ROWS), header="class,image\n"),
    table((index, *row) for index, row in enumerate(ROWS)),
    table(((index, *row) for index, row in enumerate(ROWS)), header=",file,label\n"),
    table(((index, *row) for index, row in enumerate(ROWS)), header="Unnamed: 0,img,breed\n"),
    table(((*row, 640, 480) for row in ROWS), header="file,label,width,height\n"),
    table(((name, 640, 480, label) for name, label in ROWS), header="file,width,height,kind\n"),
    table(((name, f"no. {index}", label) for index, (name, label) in enumerate(ROWS)), header="file,info,kind\n"),
    table(((name, f"{index / 7:.4f}", label) for index, (name, label) in enumerate(ROWS)), header="file,sharp,kind\n"),
    table(((name, name.replace(".png", ".txt"), label) for name, label in ROWS), header="image,mask,label\n"),
    table(((*row, "") for row in ROWS), header="file,label,\n"),
    one_hot(ROWS),
    one_hot(ROWS).replace(",1", ",1.0").replace(",0", ",0.0"),
    table(((f"{name}", f'"{label}"') for name, label in ROWS), header="file,label\n"),
    "sep=;\n" + table(ROWS, ";", header="file;label\n"),
    "# made by hand\n# in an hour\n" + table(ROWS),
    "\n\n" + table(ROWS, header="file,label\n") + "\n\n",
])  # fmt: skip
def test_the_columns_are_recognised(touch, labelled, text):
    assert labels_of(labelled(touch(), text)) == LABELS


@pytest.mark.parametrize(("name", "text"), [
    ("labels.jsonl", "".join(json.dumps({"file": name, "label": label}) + "\n" for name, label in ROWS)),
    ("labels.json", json.dumps([{"file": name, "label": label} for name, label in ROWS])),
    ("labels.json", json.dumps([{"label": label, "width": 3, "file_name": name} for name, label in ROWS], indent=1)),
    ("labels.json", json.dumps([list(row) for row in ROWS])),
    ("labels.json", json.dumps(LABELS)),
    ("labels.json", json.dumps(LABELS, indent=1)),
    ("labels.json", json.dumps({name: {"label": label} for name, label in ROWS})),
    ("labels.json", json.dumps({"file": list(LABELS), "label": list(LABELS.values())})),
    ("labels.json", json.dumps({one: [name for name, label in ROWS if label == one] for one in ("cat", "dog")})),
    ("labels.json", json.dumps({"version": 1, "data": [{"image": name, "label": [label]} for name, label in ROWS]})),
])  # fmt: skip
def test_json_is_read_in_the_shapes_that_people_write(touch, labelled, name, text):
    result = labelled(touch(), text, name)
    assert labels_of(result) == LABELS
    assert result.label_file.format == ("JSON lines" if name.endswith("l") else "JSON")


@pytest.mark.parametrize("rename", [
    lambda name: name.removesuffix(".JPG"),
    lambda name: name.lower(),
    lambda name: name.upper(),
    lambda name: name.replace(".JPG", ".jpeg"),
    lambda name: f"images/{name}",
    lambda name: f"./{name}",
    lambda name: f"pets/{name}",
    lambda name: f"/home/someone/data/pets/{name}",
    lambda name: f"C:\\data\\pets\\{name}",
    lambda name: f"pets\\{name}",
    lambda name: f"file:///home/pets/{name.lower()}",
    lambda name: f"images/{name.removesuffix('.JPG')}",
])  # fmt: skip
@pytest.mark.parametrize("folder", ["", "images/", "deep/images/"])
@pytest.mark.parametrize("header", ["", "id,kind\n"])
def test_names_are_found_as_people_write_them(touch, labelled, rename, folder, header):
    root = touch(*(folder + name for name in STEMS))
    labels = labels_of(labelled(root, table(((rename(name), label) for name, label in STEMS.items()), header=header)))
    assert {id.rpartition("/")[2]: label for id, label in labels.items()} == STEMS


def test_a_missing_image_is_not_taken_for_another_of_its_name(touch, labelled):
    """cat/00.png is not there, and dog/00.png is."""
    result = labelled(touch(*(name for name in LABELS if name != "cat/00.png")), table(ROWS))
    assert labels_of(result) == {name: label for name, label in ROWS if name != "cat/00.png"}
    assert [(file.id, file.reason) for file in result.skipped] == [
        ("cat/00.png", "it is in the labels file, and not in the folder of images")
    ]
    assert "1 row of the labels file name images that are not there, and were left out: 'cat/00.png'" in [
        note.text for note in result.notes
    ]


def test_a_name_that_fits_two_files_is_not_found(touch, labelled):
    names = [name.removeprefix("cat/").removeprefix("dog/") for name in LABELS]
    with pytest.raises(DataError, match=r"36 of 36 images that are not there: '00\.png', .* such as 'cat/00\.png'"):
        labelled(touch(), table(zip(names, LABELS.values(), strict=True)))


def test_the_reading_is_told_with_the_first_rows(touch, labelled):
    text = table(
        ((index, *row, "x" * 500) for index, row in enumerate(ROWS)), "\t", header="n\timg_path\tcategory\tnote\n"
    )
    result = labelled(touch(), text.encode("utf-16"), "train.tsv")
    assert result.notes[0].text == (
        "The labels file 'train.tsv' was read as tab-separated, UTF-16, with a header; file column 'img_path', label "
        "column 'category'; 36 rows"
    )
    assert result.label_file.rows[1] == ("1", "cat/01.png", "cat", "x" * 80)
    assert len(result.label_file.rows) == 5


@pytest.mark.parametrize(("words", "splits"), [
    (("train", "val", "test"), {"train": "train", "val": "evaluation", "test": "holdout"}),
    (("Training", "dev"), {"Training": "train", "dev": "evaluation"}),
    (("train", "TEST"), {"train": "train", "TEST": "evaluation"}),
    (("valid", "test"), {"valid": "train", "test": "evaluation"}),
    (("train",), {"train": None}),
])  # fmt: skip
@pytest.mark.parametrize("header", ["file,split,label\n", "file,subset,label\n", ""])
def test_a_column_of_splits_decides(touch, labelled, words, splits, header):
    rows = [(name, words[index % len(words)], label) for index, (name, label) in enumerate(ROWS)]
    if len(words) == 1 and not header:
        rows = [(name, label) for name, _, label in rows]
    result = labelled(touch(), table(rows, header=header))
    assert labels_of(result) == LABELS
    expected = {name: splits[words[index % len(words)]] for index, name in enumerate(LABELS)}
    assert {file.id: file.split for file in result.listing.files} == expected


def test_a_row_of_no_split_is_left_out(touch, labelled):
    words = ["train", "val", "extra"]
    rows = [(name, words[index % 3], label) for index, (name, label) in enumerate(ROWS)]
    result = labelled(touch(), table(rows, header="file,split,label\n"))
    assert len(result.listing.files) == 24
    assert {file.reason for file in result.skipped} == {"its split in the labels file is neither train, val nor test"}


def test_a_repeated_row_counts_once(touch, labelled):
    result = labelled(touch(), table([*ROWS, ROWS[3], ("pets\\cat\\04.PNG", "cat")]))
    assert labels_of(result) == LABELS
    assert "2 rows of the labels file repeat an image with the same label, and count once" in [
        note.text for note in result.notes
    ]


@pytest.mark.parametrize(("name", "words"), [
    ("cat/03.png", "line 37 .* gives 'cat/03.png' the label 'dog', and line 4 the label 'cat'"),
    ("pets/cat/03.png", "gives 'pets/cat/03.png', which is 'cat/03.png' too, the label 'dog'"),
])  # fmt: skip
def test_another_label_for_the_same_image_is_refused(touch, labelled, name, words):
    with pytest.raises(DataError, match=words):
        labelled(touch(), table([*ROWS, (name, "dog")]))


SEVERAL = {
    "a bar": [("a", "b", "a|b")], "a shared part": [("a|b", "a|c", "b|c")], "a space": [("cat", "big", "cat big")],
    "pairs of words": [("big cat", "big dog", "small cat", "small dog")], "a comma": [("cat", "big", '"cat,big"')],
}  # fmt: skip


@pytest.mark.parametrize("labels", [labels for (labels,) in SEVERAL.values()], ids=SEVERAL)
def test_labels_that_look_like_several_are_asked_about(touch, labelled, labels):
    text = table(((name, labels[index % len(labels)]) for index, name in enumerate(LABELS)), header="file,label\n")
    root = touch()
    with pytest.raises(DataError, match="is it one class, or are these several labels: '") as caught:
        labelled(root, text)
    assert caught.value.code == codes.SEVERAL_LABELS
    assert "data.whole_labels" in caught.value.next
    result = labelled(root, text, whole_labels=True)
    assert set(labels_of(result).values()) == {label.strip('"') for label in labels}


@pytest.mark.parametrize("labels", [
    ("golden retriever", "labrador retriever", "beagle"), ('"tench, Tinca tinca"', '"goldfish, Carassius auratus"'),
    ("red fox", "red panda", "arctic fox"), ("AC/DC", "T-shirt/top", "n/a"), ("1", "2", "10"),
])  # fmt: skip
def test_names_of_several_words_are_one_class(touch, labelled, labels):
    result = labelled(touch(), table((name, labels[index % len(labels)]) for index, name in enumerate(LABELS)))
    assert set(labels_of(result).values()) == {label.strip('"') for label in labels}


def test_several_marks_in_a_row_are_refused(touch, labelled):
    with pytest.raises(DataError, match=r"line 4 .* marks several classes: 'cat', 'dog'") as caught:
        labelled(touch(), one_hot(ROWS).replace("02.png,1,0", "02.png,1,1"))
    assert caught.value.code == codes.SEVERAL_LABELS


def test_numbers_that_a_table_wrote_with_a_point_are_whole(touch, labelled):
    result = labelled(touch(), table((name, f"{index % 3}.0") for index, name in enumerate(LABELS)))
    assert set(labels_of(result).values()) == {"0", "1", "2"}


def open_columns() -> str:
    return table(((name, "indoor" if index % 3 else "outdoor", label) for index, (name, label) in enumerate(ROWS)),
                 header="file,where,what\n")  # fmt: skip


def test_two_columns_that_may_be_labels_are_asked_about_and_can_be_named(touch, labelled):
    root = touch()
    with pytest.raises(
        DataError, match=r"may hold the labels: 'where' \('outdoor', …\), 'what' \('cat', …\)"
    ) as caught:
        labelled(root, open_columns())
    assert caught.value.code == codes.LABEL_COLUMN_OPEN
    assert labels_of(labelled(root, open_columns(), label_column="what")) == LABELS
    assert set(labels_of(labelled(root, open_columns(), label_column="WHERE")).values()) == {"indoor", "outdoor"}


def test_columns_without_a_header_are_named_by_their_place(touch, labelled):
    text = table((label, name, "blue" if index % 2 else "red") for index, (name, label) in enumerate(ROWS))
    result = labelled(touch(), text, file_column="column 2", label_column="column 3")
    assert set(labels_of(result).values()) == {"blue", "red"}
    assert result.label_file.columns == ("column 1", "column 2", "column 3")


@pytest.mark.parametrize(("settings", "words"), [
    ({"label_column": "breed"}, r"has no column 'breed' \(data\.label_column\); it has 'file', 'where', 'what'"),
    ({"file_column": "photo"}, r"has no column 'photo' \(data\.file_column\)"),
])  # fmt: skip
def test_a_column_that_is_not_there_is_refused_with_those_that_are(touch, labelled, settings, words):
    with pytest.raises(DataError, match=words):
        labelled(touch(), open_columns(), **settings)


@pytest.mark.parametrize(("content", "words"), [
    (table([*ROWS, ("cat/00.png", "tench", " T")]), "line 37 .* is not file,label: it has 3 cells and the first has 2"),
    (table([*ROWS, ("cat/00.png",)]), "line 37 .* it has 1 cell and"),
    (table(ROWS[:30]) + table((name, "") for name, _ in ROWS[30:]), "line 31 .* 'dog/12.png' has no label, as 6 of 36"),
    (table((("x", "cat"), ("y", "dog"))), "no column of the labels file 'labels.csv' names the images that are here"),
    (table(((name,) for name in LABELS), header="file\n"), "is not file,label"),
    ("file,label\n", "has no line of file,label below its header"),
    ("", "has no line of file,label"),
    (b"PK\x03\x04rest", r"is a zip or a spreadsheet \(\.xlsx\): save its sheet as CSV"),
    (b"<!DOCTYPE html><html>", "is a web page or XML"),
    (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    (b"\x89PNG\0\0\0\0\0", "is no text"),
    ('{"images": {"a": [1]}, "x": 3}', "is JSON of another kind"),
    ('[{"file": "cat/00.png"', "is no whole JSON"),
    ("[" * 100_000, "is no whole JSON"),
    ('{"file":"cat/00.png","label":"cat"}\n' * 300 + "oops\n", "line 301 .* is no JSON object"),
])  # fmt: skip
def test_what_is_no_label_file_is_refused(touch, labelled, content, words):
    with pytest.raises(DataError, match=words):
        labelled(touch(), content)


def test_many_rows_are_read_in_little_memory(tmp_path, touch, labelled):
    root, n_rows = touch(*(f"{index}.png" for index in range(300))), 20_000
    rows = ((f"{index % 300}.png", index % 300 % 7, "x" * 1000) for index in range(n_rows))
    text = table(rows, header="file,label,text\n").encode()
    tracemalloc.start()
    result = labelled(root, text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.label_file.n_rows == n_rows
    assert peak < len(text) / 4
