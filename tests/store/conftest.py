import pytest

from engine.settings import parse_recipe
from engine.store.home import Home


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    """A home of its own, which the environment names too."""
    monkeypatch.setenv("FEATHERWEIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FEATHERWEIGHT_DATABASE_URL", raising=False)
    home = Home.default()
    home.prepare()
    return home


@pytest.fixture
def recipe():
    return parse_recipe("{model: {kind: sample}, data: {kind: sample}, steps: [{technique: quantize, method: static}]}")
