"""Scripts and benches are run by hand; that what they import is still there is known here."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [*(ROOT / "bench").glob("*.py"), *(ROOT / "scripts").glob("*.py")]


@pytest.mark.parametrize("name", sorted(f"{path.parent.name}.{path.stem}" for path in FILES))
def test_it_can_be_imported(name):
    assert importlib.import_module(name).__doc__
