"""A preview says what the images are and shows them as the model sees them."""

import csv
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from engine.analyses.preview import N_EXAMPLES, SKIPPED_FILE, preview
from engine.data import load
from engine.errors import DataError
from engine.results import DataPreview, Event, TensorSpec
from engine.settings import ArraysData, FileModel, ImagesData, Preprocess, PreviewRequest, SampleData, Split, TimmModel
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.models.small import small_classifier

SQUARE = Preprocess(size=(32, 32), mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bilinear", crop_pct=0.9)


def network(num_classes: int) -> TimmModel:
    return TimmModel(name="test_resnet", weights="random", num_classes=num_classes)


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    path = tmp_path / "job"
    path.mkdir()
    return JobFolder(path)


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Three colours, not square: 20 red, 12 green, 8 blue."""
    for channel, (name, count) in enumerate({"red": 20, "green": 12, "blue": 8}.items()):
        (tmp_path / "shapes" / name).mkdir(parents=True)
        for index in range(count):
            pixels = np.zeros((40, 60, 3), np.uint8)
            pixels[..., channel] = 100 + index
            Image.fromarray(pixels).save(tmp_path / "shapes" / name / f"{index:02d}.png")
    return tmp_path / "shapes"


def asked(request: PreviewRequest, folder: JobFolder) -> tuple[DataPreview, list[Event]]:
    events: list[Event] = []
    return preview(request, folder, Progress(events.append)), events


def test_counts_splits_and_the_head(shapes: Path, folder: JobFolder):
    (shapes / "red" / "broken.png").write_bytes(b"")
    request = PreviewRequest(model=network(1000), data=ImagesData(path=str(shapes)), preprocess=SQUARE)
    result, events = asked(request, folder)
    splits = ("train", "calibration", "evaluation", "selection")
    assert [(count.name, sum(getattr(count, name) for name in splits)) for count in result.counts] == [
        ("blue", 8),
        ("green", 12),
        ("red", 20),
    ]
    assert result.summary.n_evaluation == sum(count.evaluation for count in result.counts) == 8
    assert sum(count.selection for count in result.counts) == 4
    assert [note.text for note in result.skipped] == ["'red/broken.png' was left out: it is empty"]
    assert result.summary.n_skipped == 1
    assert (result.n_outputs, result.head_fits) == (1000, False)
    assert result.preprocess == SQUARE
    assert [event.fraction for event in events] == sorted(event.fraction for event in events)
    assert DataPreview.model_validate_json(result.model_dump_json()) == result


def test_the_mapping_says_which_output_every_label_was_taken_for(shapes: Path, folder: JobFolder):
    asked_for = ImagesData(path=str(shapes)), ImagesData(path=str(shapes), classes=("green", "?", "blue", "red"))
    for data, outputs in zip(asked_for, ([0, 1, 2], [2, 0, 3]), strict=True):
        n_outputs = 3 if data.classes is None else 4
        result, _ = asked(PreviewRequest(model=network(n_outputs), data=data, preprocess=SQUARE), folder)
        assert [row.label for row in result.mapping] == ["blue", "green", "red"]
        assert [row.output for row in result.mapping] == outputs
        assert [row.n_images for row in result.mapping] == [8, 12, 20]
        assert {row.name for row in result.mapping} == {None}


def test_folders_of_imagenets_classes_fit_a_model_with_its_outputs_and_others_do_not(shapes: Path, folder: JobFolder):
    request = PreviewRequest(model=network(1000), data=ImagesData(path=str(shapes)), preprocess=SQUARE)
    assert asked(request, folder)[0].mapping == ()
    for old, new in {"red": "n01440764", "green": "goldfish", "blue": "n03888257"}.items():
        (shapes / old).rename(shapes / new)
    result, _ = asked(request, folder)
    assert result.head_fits
    assert {row.label: (row.output, row.name.split(",")[0], row.n_images) for row in result.mapping} == {
        "n01440764": (0, "tench", 20),
        "goldfish": (1, "goldfish", 12),
        "n03888257": (701, "parachute", 8),
    }
    assert "classes_by_imagenet" in [note.code for note in result.warnings]


def test_examples_are_what_the_model_sees(shapes: Path, folder: JobFolder):
    data = ImagesData(path=str(shapes))
    result, _ = asked(PreviewRequest(model=network(3), data=data, preprocess=SQUARE), folder)
    assert result.head_fits
    assert [caption for _, caption in result.examples[:3]] == ["blue", "green", "red"]
    part = load(data, Split(), SQUARE, 0, merge_train=False, n_outputs=3).split("evaluation")
    seen = {part.pixels(index).tobytes() for index in range(len(part))}
    for name, _ in result.examples:
        with Image.open(folder.path / name) as image:
            assert image.size == (32, 32)
            assert np.asarray(image).tobytes() in seen


def test_examples_of_a_bgr_model_have_their_natural_colours(shapes: Path, folder: JobFolder):
    bgr = SQUARE.model_copy(update={"channels": "bgr"})
    result, _ = asked(PreviewRequest(model=network(3), data=ImagesData(path=str(shapes)), preprocess=bgr), folder)
    for name, caption in result.examples[:3]:
        with Image.open(folder.path / name) as image:
            assert np.asarray(image).mean((0, 1)).argmax() == ["red", "green", "blue"].index(caption)


def test_the_sample_shows_every_digit_and_no_more_than_fit(folder: JobFolder):
    result, _ = asked(PreviewRequest(model=network(10), data=SampleData(), preprocess=SQUARE), folder)
    assert len(result.examples) == N_EXAMPLES
    assert [caption for _, caption in result.examples[:10]] == list("0123456789")
    assert [caption for _, caption in result.examples[20:]] == list("0123")
    assert result.head_fits


def test_unlabelled_images_are_shown_by_name_and_fit_any_head(shapes: Path, folder: JobFolder):
    data = ImagesData(path=str(shapes), labels="none")
    result, _ = asked(PreviewRequest(model=network(7), data=data, preprocess=SQUARE), folder)
    assert result.counts == ()
    assert result.head_fits is None
    assert all(caption.endswith(".png") for _, caption in result.examples)


def test_many_skipped_images_are_counted_and_the_first_named(shapes: Path, folder: JobFolder):
    for index in range(52):
        (shapes / f"{index}.png").write_bytes(b"")
    request = PreviewRequest(model=network(3), data=ImagesData(path=str(shapes)), preprocess=SQUARE)
    result, _ = asked(request, folder)
    assert result.summary.n_skipped == 52
    assert result.skipped[-1].text == "2 more images were left out"
    assert len(result.skipped) == 51
    with (folder.path / str(result.skipped_file)).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 52
    assert rows[-1] == {"file": "9.png", "reason": "it belongs to no class"}


def test_images_that_are_refused_leave_the_list_of_those_that_are_broken(shapes: Path, folder: JobFolder):
    for index in range(90):
        (next(shapes.iterdir()) / f"{index}.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"90 of \d+ files in .* are no usable images"):
        asked(PreviewRequest(model=network(3), data=ImagesData(path=str(shapes)), preprocess=SQUARE), folder)
    with (folder.path / SKIPPED_FILE).open(encoding="utf-8-sig", newline="") as file:
        assert [row["reason"] for row in csv.DictReader(file)] == ["it is empty"] * 90


def test_nothing_skipped_leaves_no_list(shapes: Path, folder: JobFolder):
    result, _ = asked(PreviewRequest(model=network(3), data=ImagesData(path=str(shapes)), preprocess=SQUARE), folder)
    assert result.skipped_file is None
    assert not (folder.path / SKIPPED_FILE).exists()


def test_the_reading_of_a_label_file_is_part_of_the_result(shapes: Path, folder: JobFolder, tmp_path: Path):
    table = tmp_path / "labels.csv"
    names = sorted(path.relative_to(shapes).as_posix() for path in shapes.rglob("*.png"))
    table.write_text("img_path;category\n" + "".join(f"{name};{name[:3]}\n" for name in names))
    request = PreviewRequest(model=network(3), data=ImagesData(path=str(shapes), labels=str(table)), preprocess=SQUARE)
    result, _ = asked(request, folder)
    assert result.summary.classes == ("blu", "gre", "red")
    assert result.label_file is not None
    assert (result.label_file.format, result.label_file.n_rows) == ("semicolon-separated", 40)
    assert result.label_file.rows[0] == ("blue/00.png", "blu")
    assert "label_file_read" in [note.code for note in result.warnings]
    assert DataPreview.model_validate_json(result.model_dump_json()) == result


def test_bad_data_is_refused(folder: JobFolder, tmp_path: Path):
    with pytest.raises(DataError, match="cannot be read"):
        asked(PreviewRequest(model=network(3), data=ImagesData(path=str(tmp_path / "none"))), folder)


def test_arrays_are_shown_by_the_values_that_each_input_gets(folder: JobFolder, tmp_path: Path):
    values = np.random.default_rng(0).random((40, 3, 32, 32))
    np.savez(tmp_path / "inputs.npz", image=values, labels=np.arange(40) % 4)
    data = ArraysData(path=str(tmp_path / "inputs.npz"))
    result, _ = asked(PreviewRequest(model=network(10), data=data, preprocess=SQUARE), folder)
    (image,) = result.arrays
    assert (image.name, image.dtype, image.shape) == ("image", "float32", (3, 32, 32))
    part = load(data, Split(), None, 0, merge_train=False, n_outputs=None, inputs=network_input()).split("evaluation")
    shown = values[[int(id.removeprefix("row-")) - 1 for id in part.ids[:N_EXAMPLES]]]
    assert (image.low, image.high, image.mean) == pytest.approx((shown.min(), shown.max(), shown.mean()), rel=1e-6)
    assert result.examples == ()
    assert result.head_fits
    assert [count.name for count in result.counts] == list("0123")
    assert DataPreview.model_validate_json(result.model_dump_json()) == result


def network_input() -> tuple[TensorSpec, ...]:
    return (TensorSpec(name="image", dtype="float32", shape=(3, 32, 32)),)


def test_labels_of_classes_say_nothing_of_a_model_that_is_no_classifier(shapes: Path, folder: JobFolder):
    path = shapes.parent / "m.onnx"
    onnx.save(small_classifier(), path)
    model = FileModel(path=str(path), task="tensors")
    result, _ = asked(PreviewRequest(model=model, data=ImagesData(path=str(shapes))), folder)
    assert (result.task, result.head_fits, result.mapping) == ("tensors", None, ())
    assert result.summary.classes == ("blue", "green", "red")
