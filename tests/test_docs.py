"""What is written about the code is what the code is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

import engine
from engine.cli.main import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
FACADE = (ROOT / "docs" / "facade.md").read_text()


def rows(text: str, head: str) -> Iterator[list[str]]:
    """The cells of the Markdown table whose first line begins with `head`."""
    lines = text[text.index(f"| {head}") :].splitlines()
    for line in lines[2:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_of_techniques():
    known = [[row.technique, row.method or "", row.stage, row.summary] for row in engine.list_techniques()]
    assert list(rows(README, "technique")) == known


def test_the_table_of_commands():
    named = [
        words.split()[0] for verbs, _ in rows(README, "`python -m engine") for words in re.findall(r"`(.+?)`", verbs)
    ]
    assert sorted(named) == sorted(get_command(app).commands)


def test_every_command_in_the_readme_has_the_options_that_it_has():
    for verbs, _ in rows(README, "`python -m engine"):
        for words in re.findall(r"`(.+?)`", verbs):
            command = get_command(app).commands[words.split()[0]]
            for part in re.findall(r"--\w+", words):
                assert any(part in parameter.opts for parameter in command.params), words


def test_the_two_commands_come_first():
    assert re.findall(r"^make (\S+)", README, re.MULTILINE)[:2] == ["run", "test"]
    targets = re.findall(r"^(\S+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "test-all"} <= set(targets)


def test_the_recipe_in_the_readme_is_one():
    (text,) = re.findall(r"```yaml\n(.+?)```", README, re.DOTALL)
    assert engine.parse_recipe(text).steps


def test_the_verbs_of_the_facade():
    known = [[f"`{name}`", first_line(getattr(engine, name))] for name in engine.__all__ if name[0].islower()]
    assert list(rows(FACADE, "verb")) == known


def test_the_nouns_of_the_facade():
    nouns = FACADE[FACADE.index("## Nouns") :]
    assert re.findall(r"`(\w+)`", nouns) == [name for name in engine.__all__ if name[0].isupper()]


def first_line(verb) -> str:
    return verb.__doc__.strip().splitlines()[0]


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_links_and_paths_lead_somewhere(path):
    text = path.read_text()
    links = re.findall(r"(?<!!)\[[^\]]*\]\((?!http)([^)#]+)", text)
    assert [link for link in links if not (path.parent / link).exists()] == []
    rooms = re.findall(r"`((?:engine|pages|tests|bench|scripts)/[\w/.]*)`", text)
    assert [room for room in rooms if not (ROOT / room).exists()] == []
