"""What is declared is what the code imports, what is locked is what is declared, and every file is shipped."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.txt", "requirements-cpu.txt", "requirements-dev.txt")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(requirements: list[str]) -> dict[str, str]:
    """{package: version} of `name[extra]==version; marker` entries."""
    found = (re.fullmatch(r"([\w.-]+)(?:\[\w+\])?==([^\s;]+)(?:;.*)?", each) for each in requirements)
    return {normal(match[1]): match[2] for match in found if match}


def locked(name: str) -> dict[str, str]:
    """{package: version} of a lock file."""
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


def in_a_package(path: Path) -> bool:
    return (path.parent / "__init__.py").is_file()


def imported(room: str) -> set[str]:
    """The top-level modules that the code of a room imports, at the head of a file or within a function.

    Files in no package are a bundle's: they import each other where they lie beside each other.
    """
    names: set[str] = set()
    for path in filter(in_a_package, (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names


def test_every_package_that_the_code_imports_is_a_dependency():
    distributions = packages_distributions()
    foreign = (imported("engine") | imported("pages")) - set(sys.stdlib_module_names) - {"engine", "pages"}
    extras = PROJECT["project"]["optional-dependencies"]
    declared = set(pins([*PROJECT["project"]["dependencies"], *extras["s3"], *extras["mlflow"], *extras["mcp"]]))
    # pydantic's and onnx's own parts, s3fs's client, and the web server of streamlit and mcp
    by_others = {"annotated_types", "pydantic_core", "google", "botocore", "uvicorn"}
    missing = [name for name in foreign - by_others if not {normal(each) for each in distributions[name]} & declared]
    assert missing == []


def test_every_pin_is_locked():
    extras = PROJECT["project"]["optional-dependencies"]
    run = pins(PROJECT["project"]["dependencies"])
    dev = pins([each for name in ("postgres", "s3", "mlflow", "mcp", "dev") for each in extras[name]])
    assert len(run) == len(PROJECT["project"]["dependencies"])
    assert run.items() <= locked("requirements.txt").items()
    assert dev.items() <= locked("requirements-dev.txt").items()


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_version_has_a_hash(name):
    blocks = re.split(r"^(?=[a-z0-9])", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]
    assert len(blocks) == len(locked(name)) > 20
    assert [block for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}", block)] == []


def test_the_lock_for_a_cpu_is_the_other_without_cuda():
    run, cpu = locked("requirements.txt"), locked("requirements-cpu.txt")
    assert cpu.items() < run.items()
    assert all(name.startswith(("nvidia-", "cuda-", "triton")) for name in run.keys() - cpu.keys())


def test_the_lock_for_tests_adds_to_the_other():
    """With packages, and with systems for which the other lacks one: pip refuses what is needed and locked nowhere."""
    run, dev = (systems(name) for name in ("requirements.txt", "requirements-dev.txt"))
    both = run.keys() & dev.keys()
    assert [name for name in both if not run[name] or run[name] == dev[name]] == []
    assert {name: locked("requirements-dev.txt")[name] for name in both}.items() <= locked("requirements.txt").items()


def systems(lock: str) -> dict[str, str]:
    """The condition on the system of every package of a lock; empty where it is for all."""
    lines = re.findall(r"^([\w.-]+)==[^\s;]+ *(?:; *([^\\]*))?", (ROOT / lock).read_text(), re.MULTILINE)
    return {name: condition.strip() for name, condition in lines}


def test_the_notices_are_of_the_locked_versions():
    table = (ROOT / "THIRD_PARTY_NOTICES.md").read_text().split("## Packages")[1]
    rows = re.findall(r"^\| ([\w.-]+) \| (\d\S*) \| (.+) \|$", table, re.MULTILINE)
    run = locked("requirements.txt")
    assert {normal(name): version for name, version, _ in rows}.items() <= run.items()
    assert pins(PROJECT["project"]["dependencies"]).keys() <= {normal(name) for name, _, _ in rows}


def test_every_file_beside_the_code_is_shipped():
    data = PROJECT["tool"]["setuptools"]["package-data"]
    shipped = {
        path
        for package, patterns in data.items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    files = {path for room in ("engine", "pages") for path in (ROOT / room).rglob("*.*") if path.is_file()}
    code = {path for path in files if path.suffix == ".pyc" or (path.suffix == ".py" and in_a_package(path))}
    assert files - code == shipped
