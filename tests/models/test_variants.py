"""The files of a run's variants: read with what the report says of them, and only while they are the ones measured."""

import pytest

from engine.errors import RequestError
from engine.models.artifacts import file_sha256
from engine.models.variants import read_variant
from tests.made import BASE, made_variant
from tests.models.small import Shape, small_classifier


def test_a_file_of_any_size_is_read_with_the_preprocessing_of_its_run(tmp_path):
    path = tmp_path / "any.onnx"
    path.write_bytes(small_classifier(Shape(image=("batch", 1, "height", "width"))).SerializeToString())
    variant = made_variant(BASE, "Baseline", file=path.name, sha256=file_sha256(path))
    assert read_variant(tmp_path, variant).input_shape == (1, 64, 64)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(RequestError, match=r"'any\.onnx' of this run has changed"):
        read_variant(tmp_path, variant)
