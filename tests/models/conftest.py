"""What the tests of models share."""

import pytest


@pytest.fixture
def saved(tmp_path):
    """Writes a model and gives its path."""

    def save(model, name="model.onnx"):
        path = tmp_path / name
        path.write_bytes(model.SerializeToString())
        return path

    return save
