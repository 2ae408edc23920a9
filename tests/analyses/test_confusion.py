"""The predictions beside the labels: a class order that is not the model's is seen, and the right one is suggested."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from engine.analyses.confusion import MOST_IMAGES, confusion
from engine.errors import DataError
from engine.results import Confusion
from engine.settings import ArraysData, ConfusionRequest, FileModel, ImagesData, Preprocess, SampleData, SampleModel
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.models.small import small_classifier

PLAIN = Preprocess(size=(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3)
COLOURS = {"black": (0, 0, 0), "blue": (0, 0, 150), "green": (0, 150, 0), "red": (150, 0, 0)}


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    path = tmp_path / "job"
    path.mkdir()
    return JobFolder(path)


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """20 plain images of each of four colours."""
    for name, colour in COLOURS.items():
        (tmp_path / "colours" / name).mkdir(parents=True)
        for index in range(20):
            pixels = np.array(colour, np.uint8) + np.full((8, 8, 3), index, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "colours" / name / f"{index:02d}.png")
    return tmp_path / "colours"


def colour_model(path: Path, names: list[str] | None = None) -> FileModel:
    """Four outputs: the means of red, green and blue, and a constant that is above them in black images."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Pad", ["pooled", "pads", "black"], ["padded"]),
        helper.make_node("Flatten", ["padded"], ["scores"]),
    ]
    constants = {"pads": np.array([0, 0, 0, 0, 0, 1, 0, 0]), "black": np.array(0.2, np.float32)}
    shapes = {"image": ("batch", 3, 8, 8), "scores": ("batch", 4)}
    image, scores = (helper.make_tensor_value_info(name, TensorProto.FLOAT, one) for name, one in shapes.items())
    initializers = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = helper.make_graph(nodes, "colours", [image], [scores], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if names is not None:
        helper.set_model_props(model, {"names": json.dumps(names)})
    onnx.save(model, path)
    return FileModel(path=str(path))


def asked(folder: JobFolder, **request) -> Confusion:
    return confusion(ConfusionRequest(**request), folder, Progress(lambda event: None))


def test_a_reversed_order_is_seen_and_the_right_one_is_suggested_and_fits(colours: Path, folder: JobFolder, tmp_path):
    model, data = colour_model(tmp_path / "colours.onnx"), ImagesData(path=str(colours))
    result = asked(folder, model=model, data=data, preprocess=PLAIN)
    assert [row.label for row in result.rows] == [*COLOURS]
    assert [(row.output, row.predictions[0].output) for row in result.rows] == [(0, 3), (1, 2), (2, 1), (3, 0)]
    shown = {(label, prediction) for _, label, prediction in result.examples}
    assert shown == {*zip(COLOURS, reversed(COLOURS), strict=True)}
    assert all((folder.path / name).is_file() for name, _, _ in result.examples)
    assert result.suggestion.order == "reversed"
    assert result.suggested_classes == ("red", "green", "blue", "black")
    mended = data.model_copy(update={"classes": result.suggested_classes})
    again = asked(folder, model=model, data=mended, preprocess=PLAIN)
    assert again.n_right == again.n_images == result.n_images
    assert again.suggestion is None


def test_the_samples_order_is_right_and_few_hundred_images_tell(folder: JobFolder):
    result = asked(folder, model=SampleModel(), data=SampleData())
    assert result.n_images == MOST_IMAGES
    assert result.n_right > 0.95 * result.n_images
    assert result.suggestion is None
    assert [row.name for row in result.rows] == [*"0123456789"]
    assert Confusion.model_validate_json(result.model_dump_json()) == result


def test_where_names_were_matched_two_confused_classes_are_not_exchanged(colours: Path, folder: JobFolder, tmp_path):
    model = colour_model(tmp_path / "colours.onnx", ["red", "blue", "green", "black"])
    result = asked(folder, model=model, data=ImagesData(path=str(colours)), preprocess=PLAIN)
    assert [row.name for row in result.rows] == [*COLOURS]
    assert [row.n_right == row.n_images for row in result.rows] == [True, False, False, True]
    assert result.suggestion is None
    typed = ImagesData(path=str(colours), classes=("red", "blue", "green", "black"))
    assert asked(folder, model=model, data=typed, preprocess=PLAIN).suggestion.order == "permutation"


@pytest.mark.parametrize("data", ["unlabelled", "too few outputs", "arrays"])
def test_what_cannot_be_compared_is_refused(data, colours: Path, folder: JobFolder, tmp_path: Path):
    onnx.save(small_classifier(), tmp_path / "five.onnx")
    np.savez(tmp_path / "x.npz", image=np.zeros((9, 3, 8, 8), np.float32))
    source = {
        "unlabelled": ImagesData(path=str(colours), labels="none"),
        "too few outputs": ImagesData(path=str(colours)),
        "arrays": ArraysData(path=str(tmp_path / "x.npz")),
    }[data]
    with pytest.raises(DataError, match="cannot be compared with the labels"):
        asked(folder, model=FileModel(path=str(tmp_path / "five.onnx")), data=source, preprocess=PLAIN)


def test_outputs_without_a_label_get_names_that_no_label_has(colours: Path, folder: JobFolder, tmp_path: Path):
    (colours / "blue").rename(colours / "#1")
    data = ImagesData(path=str(colours), classes=("black", "#1", "green", "red"))
    result = asked(folder, model=colour_model(tmp_path / "colours.onnx"), data=data, preprocess=PLAIN)
    wider = result.model_copy(update={"n_outputs": 6})
    assert wider.suggested_classes == ("red", "green", "#1", "black", "##4", "##5")
