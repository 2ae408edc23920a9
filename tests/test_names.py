"""Names are terms of the field: these words, which say nothing of a value, name nothing in engine/ and pages/."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORDS = frozenset(
    "Shop Place Bench Kept Tell Stand Held Entrant Course Lesson Learner Stable "
    "tell offer enter lessons course turns several cautions entrant entrants".split()
)


def definitions(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, name) of every class, function, argument, variable and attribute that the source defines."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield node.lineno, name


def words_in(source: str) -> list[tuple[int, str]]:
    """(line, word) of every definition whose name, without underscores around it, is one of WORDS."""
    return sorted((line, name) for line, name in definitions(ast.parse(source)) if name.strip("_") in WORDS)


@pytest.mark.parametrize("folder", ["engine", "pages"])
def test_no_name_is_a_word_that_says_nothing_of_its_value(folder):
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths
    hits = [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path in paths
        for line, word in words_in(path.read_text(encoding="utf-8"))
    ]
    assert not hits, "\n".join(hits)


@pytest.mark.parametrize(
    "source",
    [
        "class Bench: ...",
        "def enter(): ...",
        "async def enter(): ...",
        "def run(*, offer=None): ...",
        "lambda course: course",
        "_turns = []",
        "for several in (): ...",
        "[entrant for entrant in ()]",
        "with open('x') as course: ...",
        "import engine as Shop",
        "class Run:\n    lessons: int = 0",
        "self._tell = print",
        "try: ...\nexcept OSError as Held: ...",
        "match 1:\n    case cautions: ...",
    ],
)
def test_every_kind_of_definition_is_seen(source):
    assert len(words_in(source)) == 1


def test_uses_longer_names_and_texts_are_free():
    source = "class Benchmark: ...\nfile.tell()\nhow_to_tell = 'tell'\nrun(turns=1)"
    assert words_in(source) == []
