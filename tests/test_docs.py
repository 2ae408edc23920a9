"""What is written about the code is what the code is."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

import engine
from engine.cli.main import app
from engine.system import machine

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
FACADE = (ROOT / "docs" / "facade.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLE = re.compile(r"^```diff$.+?^```$", re.MULTILINE | re.DOTALL)
"""The diff of a made-up change, which names files that are not there."""


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
            for part in re.findall(r"--[\w-]+", words):
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


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_links_and_paths_lead_somewhere(path):
    text = path.read_text()
    links = re.findall(r"(?<!!)\[[^\]]*\]\((?!http)([^)#]+)", text)
    assert [link for link in links if not (path.parent / link).exists()] == []
    rooms = re.findall(r"`((?:engine|pages|tests|bench|scripts)/[\w/.]*)`", text)
    assert [room for room in rooms if not (ROOT / room).exists()] == []


@pytest.mark.parametrize("path", [path for path in GUIDES if path.name != "log.md"], ids=lambda path: path.name)
def test_every_path_and_every_test_that_is_named_is_there(path):
    text = EXAMPLE.sub("", path.read_text())
    named = {name.rstrip(".") for name in re.findall(r"(?<![\w/.])(?:engine|pages|tests)/[\w/.-]*", text)}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert [(file, name) for file, name in tests if f"def {name}(" not in (ROOT / file).read_text()] == []


def test_the_tree_of_rooms_has_every_folder():
    (tree,) = re.findall(r"```text\n(.+?)```", ARCHITECTURE, re.DOTALL)
    named = {line.split()[0] for line in tree.splitlines()}
    folders = [path.parent for room in ("engine", "pages") for path in (ROOT / room).rglob("__init__.py")]
    assert [name for name in (f"{path.relative_to(ROOT).as_posix()}/" for path in folders) if name not in named] == []


def test_the_order_of_rooms_is_that_of_the_contract():
    section = ARCHITECTURE[ARCHITECTURE.index("## Who may import whom") : ARCHITECTURE.index("## A run")]
    listed = [set(re.findall(r"`(pages|engine\.\w[\w.]*)`", line.split(":")[0])) for line in numbered(section)]
    layers = next(c["layers"] for c in PROJECT["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    assert listed == [set(re.findall(r"[\w.]+", layer)) for layer in layers if layer != "engine.__main__"]


def test_the_checks_are_those_that_run():
    contracts = [contract["name"] for contract in PROJECT["tool"]["importlinter"]["contracts"]]
    assert [name for name, _ in rows(CONTRIBUTING, "contract")] == contracts
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(command.strip("`") for command, _ in rows(CONTRIBUTING, "command")) == sorted(
        f"make {target}" for target in targets
    )


def test_pages_know_the_facade_the_charts_and_the_wording_alone():
    imports = re.compile(r"^\s*(?:from|import) (engine[\w.]*)", re.MULTILINE)
    found = {name for path in (ROOT / "pages").rglob("*.py") for name in imports.findall(path.read_text())}
    assert found <= {"engine", "engine.charts", "engine.wording"}


def test_the_version_is_the_same_wherever_it_stands():
    version = PROJECT["project"]["version"]
    assert version == machine.VERSION
    assert re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0] == version


def numbered(text: str) -> list[str]:
    """The lines of a numbered list, without their numbers."""
    return re.findall(r"^\d+\. (.+)$", text, re.MULTILINE)
