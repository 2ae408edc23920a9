"""The files by which a bundle serves itself, and Triton's model repository, by Triton's own schema."""

import importlib.util
import json
import tomllib
from pathlib import Path
from types import SimpleNamespace

import onnx
import pytest
from google.protobuf import text_format

from engine.export.serving.parts import REQUIREMENTS, SERVE_FILE, TEMPLATES, serving_files
from engine.models.graph import read_onnx
from engine.settings import Preprocess, ServeChoice, ServeSettings, Target
from tests.models.small import Shape, small_classifier

ROOT = Path(__file__).parents[3]


def schema():
    """Triton's messages, without the rest of its client, which needs gRPC."""
    (package,) = importlib.util.find_spec("tritonclient").submodule_search_locations
    spec = importlib.util.spec_from_file_location("model_config_pb2", Path(package) / "grpc" / "model_config_pb2.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made_context(tmp_path, batch="batch", depends=False, images=True, **settings):
    path = tmp_path / "small.onnx"
    onnx.save(small_classifier(Shape(image=(batch, 3, 16, 16))), path)
    return SimpleNamespace(
        model=read_onnx(path, Preprocess(size=(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3) if images else None),
        depends=depends,
        takes_images=images,
        target=Target(threads=2),
        serve=ServeChoice(settings=ServeSettings(**settings)),
    )


@pytest.mark.parametrize(("batch", "depends", "max_batch", "dims", "size"), [
    ("batch", False, 16, [3, 16, 16], 16),
    ("batch", True, 0, [1, 3, 16, 16], 1),
    (4, False, 0, [4, 3, 16, 16], 4),
])  # fmt: skip
def test_the_repository_is_what_tritons_schema_says(tmp_path, batch, depends, max_batch, dims, size):
    files = serving_files(made_context(tmp_path, batch, depends, max_batch_size=16, batch_timeout_ms=5))
    config = text_format.Parse(files["triton/model/config.pbtxt"].decode(), schema().ModelConfig())
    assert (config.max_batch_size, list(config.input[0].dims)) == (max_batch, dims)
    assert (config.backend, config.response_cache.enable, config.instance_group[0].count) == ("onnxruntime", True, 1)
    assert config.HasField("dynamic_batching") == (max_batch > 0)
    assert config.dynamic_batching.max_queue_delay_microseconds == (5000 if max_batch else 0)
    assert json.loads(files[SERVE_FILE])["settings"]["max_batch_size"] == size


def test_an_input_is_named_as_the_file_names_it_whatever_that_is(tmp_path):
    name = 'a" } ] max_batch_size: 9 input [ { name: "ä\\'
    context = made_context(tmp_path)
    (spec,) = context.model.input_specs
    context.model = SimpleNamespace(batch=None, input_specs=(spec.model_copy(update={"name": name}),))
    files = serving_files(context)
    config = text_format.Parse(files["triton/model/config.pbtxt"].decode(), schema().ModelConfig())
    assert [one.name for one in config.input] == [name]


def test_without_images_there_is_the_repository_alone(tmp_path):
    assert set(serving_files(made_context(tmp_path, images=False))) == {
        "triton/model/config.pbtxt",
        "triton/README.md",
    }


def test_the_server_is_pinned_to_what_is_installed_here():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pins = (TEMPLATES / REQUIREMENTS).read_text().split()[2:]
    assert set(pins) <= set(project)
