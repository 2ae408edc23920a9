"""The images that change their answer: which, how badly, with pictures, and only those that the run had."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

from engine.analyses import disagreements as module
from engine.analyses.disagreements import disagreements
from engine.context import no_progress
from engine.errors import DataError, RequestError
from engine.models.artifacts import file_sha256
from engine.planning.disagreeing import disagreements_request
from engine.run.pipeline import load
from engine.settings import Recipe
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.analyses.test_confusion import PLAIN, colour_model
from tests.made import BASE, INT8, made_report, made_variant

COLOURS = {"black": (0, 0, 0), "blue": (0, 0, 150), "green": (0, 150, 0), "red": (150, 0, 0)}
ORDER = ("red", "green", "blue", "black")


def darker(source: Path, path: Path) -> None:
    """The same model whose constant for black beats every colour but the brightest ones."""
    model = onnx.load(source)
    (constant,) = (one for one in model.graph.initializer if one.name == "black")
    constant.CopyFrom(numpy_helper.from_array(np.array(0.62, np.float32), "black"))
    onnx.save(model, path)


@pytest.fixture
def run_folder(tmp_path: Path, shared_home) -> JobFolder:
    """A run on 80 plain images of four colours, whose variant takes the darker ones for black."""
    for name, colour in COLOURS.items():
        (tmp_path / "colours" / name).mkdir(parents=True)
        for index in range(20):
            pixels = np.array(colour, np.uint8) + np.full((8, 8, 3), index, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "colours" / name / f"{index:02d}.png")
    folder = JobFolder(tmp_path / "run")
    (folder.path / "variants").mkdir(parents=True)
    base, int8 = folder.path / "variants/base.onnx", folder.path / "variants/int8.onnx"
    colour_model(base)
    darker(base, int8)
    recipe = Recipe.parse(
        {
            "model": {"kind": "file", "path": str(base)},
            "data": {"kind": "images", "path": str(tmp_path / "colours"), "classes": ORDER},
            "preprocess": PLAIN.model_dump(),
            "steps": [{"technique": "quantize", "method": "static"}],
        }
    )
    _, data = load(recipe, tmp_path, Cache(shared_home.cache), no_progress)
    variants = tuple(
        made_variant(
            id,
            label,
            file=f"variants/{path.name}",
            sha256=file_sha256(path),
            input=made_variant(BASE, "Baseline").input.model_copy(update={"shape": (3, 8, 8), "preprocess": PLAIN}),
        )
        for id, label, path in ((BASE, "Baseline", base), (INT8, "INT8", int8))
    )
    folder.write("report.json", made_report(*variants, recipe=recipe, data=data.summary()))
    return folder


def asked(run_folder: JobFolder, path: Path):
    path.mkdir()
    request = disagreements_request(run_folder.path, INT8)
    return disagreements(request, JobFolder(path), Progress(lambda event: None)), path


def test_what_turned_wrong_is_shown_with_both_answers_and_maps(run_folder, tmp_path):
    result, folder = asked(run_folder, tmp_path / "job")
    assert result.counts == {"right_to_wrong": len(result.rows)}
    assert 0 < len(result.rows) < result.n_images == result.n_evaluation
    assert [row.damage for row in result.rows] == sorted((row.damage for row in result.rows), reverse=True)
    for row in result.rows:
        assert row.baseline_answer == row.label != "black"
        assert row.variant_answer == "black"
        assert row.image_id.startswith(row.label)
        assert Image.open(folder / row.picture).size == (8, 8)
    first = result.rows[0]
    assert Image.open(folder / first.baseline_map).size == Image.open(folder / first.variant_map).size == (8, 8)


def test_more_images_than_anybody_looks_through_are_counted(run_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    monkeypatch.setattr(module, "MOST_MAPS", 1)
    result, folder = asked(run_folder, tmp_path / "job")
    assert sum(result.counts.values()) > len(result.rows) == 2
    assert [row.baseline_map is None for row in result.rows] == [False, True]
    assert len(list(folder.glob("*.png"))) == 4


def test_when_the_time_is_up_it_says_how_many_were_asked(run_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 4)
    request = disagreements_request(run_folder.path, INT8).model_copy(update={"minutes": 1e-9})
    (tmp_path / "job").mkdir()
    result = disagreements(request, JobFolder(tmp_path / "job"), Progress(lambda event: None))
    assert result.n_images == 4 < result.n_evaluation


def test_other_images_or_files_than_the_run_had_are_refused(run_folder, tmp_path):
    next((tmp_path / "colours/red").iterdir()).unlink()
    with pytest.raises(DataError, match="are not those that the run had"):
        asked(run_folder, tmp_path / "job")
    (run_folder.path / "variants/int8.onnx").write_bytes(b"")
    with pytest.raises(RequestError, match=r"'variants/int8.onnx' of this run has changed"):
        asked(run_folder, tmp_path / "again")


def test_what_cannot_be_looked_at_is_refused_before(run_folder):
    with pytest.raises(RequestError, match=f"no variant '{BASE}' beside its baseline. It has {INT8}"):
        disagreements_request(run_folder.path, BASE)
    report = run_folder.report()
    run_folder.write(
        "report.json", report.model_copy(update={"recipe": report.recipe.model_copy(update={"data": None})})
    )
    with pytest.raises(DataError, match="had no images"):
        disagreements_request(run_folder.path, INT8)
