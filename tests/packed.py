"""Bundles of small models, made as the job makes them."""

import importlib.util
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
from PIL import Image

import engine.export.bundle
from engine.analyses.bundle import bundle
from engine.context import no_progress
from engine.models.artifacts import file_sha256
from engine.planning.bundling import bundle_request
from engine.results import InputSpec
from engine.results.bundle import BUNDLE_FILE, Bundle
from engine.run.pipeline import load
from engine.settings import Recipe, Target
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from tests.analyses.test_confusion import PLAIN, colour_model
from tests.made import BASE, made_latency, made_report, made_variant

COLOURS = {"black": (0, 0, 0), "blue": (0, 0, 150), "green": (0, 150, 0), "red": (150, 0, 0)}
ORDER = ("red", "green", "blue", "black")
UPSIDE_DOWN = 3


@dataclass(frozen=True)
class Packed:
    """A bundle that was made, and where its zip lies."""

    bundle: Bundle
    zip: Path

    def unpack(self, folder: Path) -> Path:
        """All its files, in this folder."""
        with zipfile.ZipFile(self.zip) as archive:
            archive.extractall(folder)
        return folder


def colour_run(folder: Path, home: Home, **target: object) -> JobFolder:
    """A finished run of one variant on 40 photos of four colours, JPEG files of which some lie on their head."""
    rng = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (folder / "colours" / name).mkdir(parents=True)
        for index in range(10):
            pixels = np.clip(rng.normal(colour, 30, (16 + index, 24, 3)), 0, 255).astype(np.uint8)
            image = Image.fromarray(pixels)
            exif = image.getexif()
            exif[0x0112] = UPSIDE_DOWN if index % 2 else 1
            image.save(folder / "colours" / name / f"{index:02d}.JPG", exif=exif)
    run = JobFolder(folder / "run")
    (run.path / "variants").mkdir(parents=True)
    path = run.path / "variants" / "base.onnx"
    colour_model(path)
    recipe = Recipe.parse(
        {
            "model": {"kind": "file", "path": str(path)},
            "data": {"kind": "images", "path": str(folder / "colours"), "classes": ORDER},
            "preprocess": PLAIN.model_dump(),
            "target": {"threads": 1, **target},
            "steps": [],
        }
    )
    _, data = load(recipe, folder, Cache(home.cache), no_progress)
    variant = made_variant(
        BASE,
        "Baseline",
        file="variants/base.onnx",
        sha256=file_sha256(path),
        input=InputSpec(shape=(3, 8, 8), preprocess=PLAIN),
        latency=made_latency(2.0, 1.0).model_copy(update={"threads": 1}),
    )
    run.write("report.json", made_report(variant, recipe=recipe, data=data.summary()))
    return run


def array_run(folder: Path) -> JobFolder:
    """A finished run on a model of two inputs that are no images, and no data."""
    run = JobFolder(folder / "run")
    (run.path / "variants").mkdir(parents=True)
    path = run.path / "variants" / "base.onnx"
    floats, numbers = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Cast", ["rows.of"], ["as_float"], to=floats),
            onnx.helper.make_node("Add", ["x", "as_float"], ["scores"]),
        ],
        "arrays",
        [
            onnx.helper.make_tensor_value_info("x", floats, ["n", 5]),
            onnx.helper.make_tensor_value_info("rows.of", numbers, ["n", 5]),
        ],
        [onnx.helper.make_tensor_value_info("scores", floats, ["n", 5])],
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10), path)
    recipe = Recipe.parse({"model": {"kind": "file", "path": str(path)}, "target": {"threads": 1}, "steps": []})
    variant = made_variant(
        BASE,
        "Baseline",
        file="variants/base.onnx",
        sha256=file_sha256(path),
        input=InputSpec(shape=(5,), preprocess=None),
        target=Target(threads=1),
    )
    run.write("report.json", made_report(variant, recipe=recipe, data=None))
    return run


def pack(
    run: JobFolder, folder: Path, home: Home, variants: tuple[str, ...] = (), golden: str = "evaluation"
) -> Packed:
    """The bundle that the job makes, in a folder of its own."""
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FEATHERWEIGHT_HOME", str(home.path))
        request = bundle_request(run.path, "colours", variants, golden)
        return Packed(bundle(request, JobFolder(folder), Progress(lambda event: None)), folder / BUNDLE_FILE)


def bundled_session() -> ModuleType:
    """session.py of a bundle that runs in onnxruntime, as a module."""
    path = Path(engine.export.bundle.__path__[0]) / "templates" / "session_onnxruntime.py"
    spec = importlib.util.spec_from_file_location("session_of_a_bundle", path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found
