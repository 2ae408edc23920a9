"""What scripts rely on: JSON where there is something to read, and one exit status for each kind of end."""

import json
import signal
import subprocess
import sys

import pytest
from typer.main import get_command

import engine as facade
from engine.cli.main import main
from engine.cli.shell import app
from engine.planning.reproduction import script
from tests.made import INT8, made_report
from tests.made_run import made_run

WITHOUT_JSON = {
    "mcp": "speaks its own protocol",
    "report": "writes a file, whose path it prints",
    "reproduce": "writes a file, whose path it prints",
    "supervisor": "serves until it is ended",
}
RECIPE = "{model: {kind: sample}, data: {kind: sample}, steps: [{technique: simplify}]}"


@pytest.fixture
def engine(home, capsys):
    """A command line in this process: its exit status, stdout and stderr."""
    before = signal.getsignal(signal.SIGTERM)

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        out, err = capsys.readouterr()
        return status, out, err

    yield call
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def files(tmp_path):
    """The words that stand for files in the rows below."""
    made_run(tmp_path / "run")
    (tmp_path / "shared").mkdir()
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    (tmp_path / "bad.yaml").write_text("{model: {kind: sample}, nonsense: 1}")
    return {name: str(tmp_path / name) for name in ("run", "shared", "recipe.yaml", "bad.yaml", "out.py")}


def test_every_verb_with_something_to_read_has_json():
    commands = get_command(app).commands
    without = {
        name for name, command in commands.items() if not any("--json" in option.opts for option in command.params)
    }
    assert without == set(WITHOUT_JSON)


@pytest.mark.parametrize(("line", "status"), [
    ("techniques --json", 0),
    ("models --search resnet18 --json", 0),
    ("runs --json", 0),
    ("submit recipe.yaml --json", 0),
    ("gate run --max-size 100 --json", 0),
    ("gate run --max-size 0.0000001 --json", 3),
    ("gate run --max-drop 0.1 --json", 4),
    ("submit bad.yaml --json", 2),
    ("optimize bad.yaml --out new --json", 2),
    ("status 000000000000 --json", 2),
    ("cancel 000000000000 --json", 2),
    ("gate run --json", 2),
    ("gate nothing --max-drop 1 --json", 2),
    ("export run --to nothing --json", 2),
    (f"export run --to shared --variant {'0' * 12} --json", 2),
    ("export run --to ftp://host --json", 2),
    ("push run --repo me/digits --json", 2),
    ("push run --repo nonsense --json", 2),
    ("log-mlflow run --tracking-uri nonsense --json", 2),
    ("inspect nothing.onnx --json", 2),
    ("remeasure nothing --json", 2),
    ("report nothing --out out.html", 2),
    ("reproduce run --out out.txt", 2),
    ("reproduce run --out out.py", 0),
    ("mcp --port 99999999", 2),
])  # fmt: skip
def test_a_line_ends_with_its_status_and_says_json_or_one_error(engine, files, monkeypatch, line, status):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    ended, out, err = engine(*(files.get(word, word) for word in line.split()))
    assert ended == status, err
    if status == 2:
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith("error: ")
        assert "Traceback" not in err
    elif "--json" in line:
        json.loads(out)
    else:
        assert out.strip() == files["out.py"]


def test_what_was_submitted_is_cancelled_and_read_as_json(engine, files):
    _, out, _ = engine("submit", files["recipe.yaml"])
    id = out.strip()
    assert json.loads(engine("cancel", id, "--json")[1])["state"] == "cancelled"
    assert json.loads(engine("status", id, "--json")[1])["id"] == id


def test_an_export_says_what_it_wrote(engine, files):
    status, out, err = engine("export", files["run"], "--to", files["shared"], "--variant", INT8, "--json")
    assert status == 0, err
    written = json.loads(out)
    assert any(file["path"].endswith("model.onnx") for file in written["files"])
    assert engine("export", files["run"], "--to", files["shared"], "--variant", INT8)[0] == 2


@pytest.mark.slow  # a whole run, in processes of its own
def test_the_script_of_a_run_runs_it_again(ready_home, tmp_path):
    recipe = facade.resolve(facade.parse_recipe(RECIPE))
    (tmp_path / "again.py").write_text(script(made_report(recipe=recipe), "digits"))
    done = subprocess.run([sys.executable, "again.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "recommended: " in done.stdout
    assert (tmp_path / "run-run1-again" / "report.json").exists()
