"""The codes that several modules know are written once."""

import ast
from pathlib import Path

from engine.results import codes

ENGINE = Path(__file__).parents[2] / "engine"
SHARED = {value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)}
PLAIN = {value for value in SHARED if "_" not in value}
"""These are words of their own as well: a split, a field, a column."""
ELSEWHERE = ("results/codes.py",)


def literals() -> set[tuple[str, str]]:
    """Every shared code that stands as a literal, with its file."""
    found = set()
    for path in ENGINE.rglob("*.py"):
        name = path.relative_to(ENGINE).as_posix()
        if not name.startswith(ELSEWHERE):
            texts = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
            found |= {(name, text) for text in texts & (SHARED - PLAIN)}
    return found


def test_a_shared_code_stands_as_a_literal_in_one_place_alone():
    assert literals() == set()


def test_two_codes_are_never_the_same():
    values = [value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)]
    assert len(values) == len(set(values)) > 20
